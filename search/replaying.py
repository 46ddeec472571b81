"""A recorded trial trained again, alone, and each epoch set beside what was recorded."""

from collections.abc import Callable, Iterator

import torch

from lstm_attn.data import prepare
from lstm_attn.reports import EpochReport, Wish
from search import strategy, trial
from search.carrying import Read
from search.errors import ReplayDiffers, StudyNotFound, WrongUse
from search.records import ReplayedEpoch, StudySummary, TrialSummary, TrialTask
from search.stored import StoredStudy


def recorded_trial(study: StudySummary, number: int) -> TrialSummary:
    """Give a trial of a study.

    Raises:
        StudyNotFound: it has none of that number.
    """
    trials = {trial.number: trial for trial in study.trials}
    if number not in trials:
        raise StudyNotFound(
            f"study {study.name!r} has no trial {number} - it has 0 to {max(trials, default=0)}"
            if trials
            else f"study {study.name!r} has no trials yet - launch it"
        )
    return trials[number]


def replay(
    study: StoredStudy,
    recorded: TrialSummary,
    threads: int,
    watch: Callable[[ReplayedEpoch], None],
    read: Read = prepare,
) -> Iterator[ReplayedEpoch]:
    """Train a recorded trial from its record: configuration, seed, threads.

    Arguments:
        study: the trial's.
        recorded: the trial.
        threads: CPU threads it was trained with.
        watch: sees each epoch as it ends.
        read: gives the study's data.

    Raises:
        WrongUse: the data have changed, or no epoch was recorded.
        ReplayDiffers: training ended before the last recorded epoch.
    """
    if not recorded.curve:
        raise WrongUse(f"trial {recorded.number} of {study.name!r} has ended no epoch to compare")
    spec = study.spec
    data = read(spec.data, spec.task)
    if data.fingerprint != study.fingerprint:
        raise WrongUse(f"the data of {study.name!r} have changed since - put them back to replay")
    model, training = spec.space.configure(recorded.params)
    task = TrialTask(
        number=recorded.number,
        attempt=0,
        model=model,
        training=training,
        seed=strategy.seed_of(recorded.number, seed=spec.seed),
        threads=threads,
    )
    left = dict(recorded.curve)
    wish = Wish()
    wish.stop(epoch=max(recorded.curve))
    device = _device(recorded)
    for message in trial.train(task, data, wish, device=device):
        if isinstance(message, EpochReport) and message.epoch in left:
            compared = ReplayedEpoch(
                epoch=message.epoch,
                recorded=left.pop(message.epoch),
                replayed=message.metrics[spec.objective],
            )
            watch(compared)
            yield compared
    if left:
        raise ReplayDiffers(
            f"trial {recorded.number} ended before epoch {max(left)}, which was recorded: "
            "its training went another way"
        )


def _device(recorded: TrialSummary) -> str:
    """Choose the kind of device that the trial was recorded on."""
    if not recorded.device or recorded.device.startswith("cpu"):
        return "cpu"
    if not torch.cuda.is_available():
        raise WrongUse(
            f"trial {recorded.number} was trained on {recorded.device}, and there is no GPU here - "
            "replay it where there is one"
        )
    return "cuda"
