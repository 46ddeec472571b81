"""Renews a study's note as the launch goes on; what goes wrong with it stops nothing."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage

from lstm_attn.reports import EpochReport
from search import summaries
from search.errors import SearchError
from search.noting import text
from search.records import (
    Ending,
    Fact,
    Opened,
    Reported,
    Started,
    Stopping,
    StudySummary,
    Told,
    TrialSummary,
    Unwritten,
)
from search.spec import StudySpec

EVERY_SECONDS = 30.0
"""How often the note is renewed, at most; and once more at the end."""
_VERSION, _BODY = "dashboard:note_ver", "dashboard:note_str:"
"""Study system attributes of optuna-dashboard; the body stands in numbered pieces."""
_FAULTS = (SearchError, StorageInternalError, KeyError)
"""What may go wrong; where it is the study's trouble too, its own next write will tell."""


class Noting:
    """Sees what happens in a launch, passes it on, and now and then renews the note.

    A note is renewed only as long as it is as it was written, or empty: an edited one is the
    user's.

    Arguments:
        storage: the database; its commits are fenced by the lease that is held.
        study_id: the SQL study.
        spec: what is searched.
        data: what was read, by name.
        watch: sees what happens.
        clock: gives seconds.
    """

    def __init__(
        self,
        storage: RDBStorage,
        study_id: int,
        spec: StudySpec,
        data: Mapping[str, str | int | float],
        watch: Callable[[Fact], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._storage = storage
        self._study_id = study_id
        self._spec = spec
        self._data = data
        self._watch = watch
        self._clock = clock
        self._study: StudySummary | None = None
        """As it was opened."""
        self._trials: dict[int, TrialSummary] = {}
        self._blocked = False
        self._due = -float("inf")
        self._written = ""

    def __call__(self, fact: Fact) -> None:
        """Take what has happened."""
        self._watch(fact)
        match fact:
            case Opened(study=study):
                self._study = study
                self._trials = {trial.number: trial for trial in study.trials}
            case Started(number=number):
                self._trials.setdefault(number, _begun(fact))
            case Reported(number=number) if number in self._trials:
                self._trials[number] = self._grown(self._trials[number], fact.report)
            case Told(trial=trial):
                self._trials[trial.number] = trial
            case Unwritten(reports=reports):
                self._blocked = reports > 0
            case Stopping(blocked=blocked) if blocked:
                self._blocked = True
            case _:
                pass
        if self._clock() >= self._due:
            self.renew()

    def renew(self, ending: Ending | None = None) -> None:
        """Write the note as the study stands, if it says anything new and is ours to write.

        Arguments:
            ending: why the launch has ended; None while it goes on.
        """
        if self._study is None or self._blocked:
            return
        self._due = self._clock() + EVERY_SECONDS
        note = text.write(
            self._summary(self._study),
            self._spec,
            self._data,
            ended=ending.value if ending else "",
        )
        if note == self._written:
            return
        try:
            self._write(note)
        except _FAULTS:
            return
        self._written = note

    def _write(self, note: str) -> None:
        """Write it in one piece, which is one commit; the version stays.

        It is for what people edit in a browser meanwhile: theirs is not refused over ours.
        """
        known = self._storage.get_study_system_attrs(self._study_id)
        if not text.is_ours(_whole(known)):
            return
        self._storage.set_study_system_attr(self._study_id, f"{_BODY}0", note)
        if _VERSION not in known:
            self._storage.set_study_system_attr(self._study_id, _VERSION, 1)

    def _summary(self, study: StudySummary) -> StudySummary:
        trials = tuple(trial for _, trial in sorted(self._trials.items()))
        return replace(study, trials=trials, leaders=summaries.leaders(trials, self._spec))

    def _grown(self, trial: TrialSummary, report: EpochReport) -> TrialSummary:
        """Add an epoch to a running trial."""
        if trial.state != "running":
            return trial
        value, metrics = report.metrics[self._spec.objective], report.metrics
        trial = replace(trial, curve={**trial.curve, report.epoch: value})
        if trial.value is not None and not self._is_better(metrics, trial.metrics):
            return trial
        return replace(trial, best_epoch=report.epoch, value=value, metrics=metrics)

    def _is_better(self, metrics: Mapping[str, float], than: Mapping[str, float]) -> bool:
        mine, other = (
            summaries.rank(
                one[self._spec.objective],
                one.get(self._spec.loss, math.inf),
                0,
                self._spec.direction,
            )
            for one in (metrics, than)
        )
        return mine < other


def _whole(known: Mapping[str, object]) -> str:
    """Put a body together from its pieces, in their order."""
    keys = [key for key in known if key.startswith(_BODY)]
    pieces = {int(key.removeprefix(_BODY)): str(known[key]) for key in keys}
    return "".join(piece for _, piece in sorted(pieces.items()))


def _begun(started: Started) -> TrialSummary:
    return TrialSummary(
        number=started.number,
        state="running",
        params=started.params,
        curve={},
        best_epoch=None,
        value=None,
        metrics={},
        reason="",
        default=started.default,
        seconds=None,
    )
