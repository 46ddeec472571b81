"""What a study has come to beside its baselines and defaults, in numbers and in words."""

from collections import Counter
from collections.abc import Sequence

from search.records import BaselineScore, Ending, ReplayedEpoch, StudySummary, TrialSummary
from search.words import number

WOULD_DO = {
    "out_of_time": "raise trial_timeout in [resources], or shorten an epoch with epoch_steps in "
    "[training]",
    "out_of_memory": "search smaller sizes, a smaller batch_size or context, or raise "
    "trial_memory in [resources] where it is set",
    "diverged": "search smaller learning rates",
}
"""What would let trials end an epoch, by the kind of end that they came to."""
ALL_TRIED = Ending.EXHAUSTED.value
"""Why a study whose budget isn't spent runs no further."""


def beats_strong(study: StudySummary) -> bool | None:
    """Tell whether the best trial beats the strong baseline; None where one of them is missing."""
    if study.strong is None or not study.leaders:
        return None
    value = study.leaders[0].value
    assert value is not None
    return study.better(value, study.strong.validation[study.objective])


def best_default(study: StudySummary) -> TrialSummary | None:
    """Give the best of the defaults; None where none has ended an epoch."""
    return next((trial for trial in study.leaders if trial.default), None)


def verdict(study: StudySummary) -> str:
    """Say in words how the best trial stands to the strong baseline and to the defaults."""
    if not study.leaders:
        return ""
    leader = study.leaders[0]
    said, strong = [], study.strong
    if strong is not None:
        score = number(strong.validation[study.objective])
        if beats_strong(study):
            said.append(f"On validation rows the best trial beats {strong.name} ({score}).")
        else:
            said.append(
                f"On validation rows the best trial ({number(leader.value)}) does not beat "
                f"{strong.name} ({score}): the simple model is as good or better."
            )
    if leader.default:
        searched = any(not one.default for one in study.trials)
        found = "the search has found nothing better" if searched else "no other has been tried"
        said.append(f"It is one of the defaults: {found}{'' if study.over else ' yet'}.")
    return " ".join(said)


def no_leader(study: StudySummary) -> str:
    """Say why a study has no best trial, as what most of its trials have ended with."""
    ended = [trial for trial in study.trials if trial.state != "running"]
    if not ended:
        started = "ended an epoch" if study.trials else "started"
        return f"no trial has {started} yet"
    kinds = Counter(trial.kind or trial.state for trial in ended)
    kind, alike = kinds.most_common(1)[0]
    reasons = Counter(one.reason for one in ended if (one.kind or one.state) == kind)
    reason, times = reasons.most_common(1)[0]
    trials = "trial has ended before its" if len(ended) == 1 else "trials have ended before their"
    like = alike if kind in WOULD_DO else times  # else each reason is another trouble
    most = "" if times == len(ended) else f", {like:,} of them like this"
    advice = f" - {WOULD_DO[kind]}" if kind in WOULD_DO else ""
    which = "all " if len(ended) == len(study.trials) > 1 else ""
    return f"{which}{len(ended):,} {trials} first epoch{most}: {reason or kind}{advice}"


def going(study: StudySummary) -> str:
    """Say whether a study runs, or would go on."""
    queued = study.queued.state if study.queued else "done"
    if study.owner:
        return f"it runs: {study.owner}"
    if study.over:
        return ALL_TRIED if study.exhausted else "its budget is spent"
    if queued == "waiting":
        return "nobody runs it just now; it waits for a server"
    how = "submitted or launched" if queued == "ended" else "launched"
    return f"nobody runs it just now; {how} again, it goes on"


def fruitless(study: StudySummary, *, exhausted: bool) -> str:
    """Say why a study with nothing left to run has no result, and how to go on.

    Arguments:
        study: as it stands.
        exhausted: whether its space has no other configuration to try.
    """
    how = "under another --name" if exhausted else f"with --trials {larger_budget(study)}"
    return (
        f"study {study.name!r} has no result: {no_leader(study)}; once that is mended, launch it "
        f"{how}"
    )


def larger_budget(study: StudySummary) -> int:
    """Give a budget with which a study that has all its trials goes on."""
    return max(2 * study.budget, study.finished + 1)


def baselines_in_words(baselines: Sequence[BaselineScore], objective: str) -> str:
    """Write baselines on a line: `0.9860 logistic regression (strong), 0.1111 majority`."""
    strong_first = sorted(baselines, key=lambda one: not one.strong)
    return ", ".join(
        f"{number(one.validation.get(objective))} {one.name}{' (strong)' if one.strong else ''}"
        for one in strong_first
    )


def same(epochs: Sequence[ReplayedEpoch]) -> bool:
    """Tell whether epochs came out as recorded, to the last bit."""
    return all(epoch.recorded == epoch.replayed for epoch in epochs)
