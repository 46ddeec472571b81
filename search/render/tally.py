"""What a launch's facts come to as they happen: counted, never drawn."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from lstm_attn.config import TaskKind, loss_metric
from search.records import (
    Ended,
    Fact,
    Lost,
    Opened,
    Params,
    Reported,
    Slots,
    Started,
    StudySummary,
    Told,
    TrialState,
    TrialSummary,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a trial is worth so far: its best epoch."""

    value: float
    """The objective."""
    loss: float
    """The task's loss there, which orders equal values."""
    number: int
    """The trial's."""
    epoch: int
    """The epoch, from 1."""


@dataclass(slots=True, kw_only=True)
class Row:
    """A trial that runs, or waits for a slot to go on in."""

    number: int
    params: Params
    default: bool
    epoch: int
    """Epochs that have ended."""
    score: float | None = None
    """The objective at the last of them."""
    best: Standing | None = None
    lost: bool = False
    """Whether its worker is gone and it waits for another."""


class Tally:
    """Keeps count of a launch; each fact costs the same however many came before.

    Arguments:
        clock: gives seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.study: StudySummary | None = None
        """The study as it was opened; None until it is."""
        self.epochs = 0
        """The most a trial gets."""
        self.slots = Slots(ready=0, waiting=0)
        self.running: dict[int, Row] = {}
        """Trials that run, by number, in the order in which they were started."""
        self.ended: Counter[TrialState] = Counter()
        """Finished trials by state, those of earlier launches too."""
        self._told: Standing | None = None
        self._told_default: Standing | None = None
        self._best: Standing | None = None
        self._began: float | None = None
        self._new_trials = 0
        self._new_epochs = 0

    def take(self, fact: Fact) -> Standing | None:
        """Count a fact; give the new best trial where there is one."""
        match fact:
            case Opened():
                self._open(fact)
            case Slots():
                self.slots = fact
            case Started():
                self._start(fact)
            case Reported():
                self._report(fact)
            case Told(trial=trial):
                self._tell(trial)
            case Lost(number=number) if number in self.running:
                self.running[number].lost = True
            case Ended(number=number, outcome=outcome) if outcome.kind == "handed_in":
                self.running.pop(number, None)
        if isinstance(fact, Reported | Told):
            return self._new_best()
        return None

    @property
    def finished(self) -> int:
        """Trials that count for the budget."""
        return self.ended.total()

    @property
    def best(self) -> Standing | None:
        """The best trial of any state, running ones included."""
        return self._first(self._told, *(row.best for row in self.running.values()))

    @property
    def best_default(self) -> Standing | None:
        """The best of the default trials."""
        rows = (row.best for row in self.running.values() if row.default)
        return self._first(self._told_default, *rows)

    @property
    def elapsed(self) -> float:
        """Seconds since the first trial was started in this launch; 0 before."""
        return 0.0 if self._began is None else self._clock() - self._began

    @property
    def trials_per_minute(self) -> float | None:
        """Trials finished in this launch, by its minutes; None before the first."""
        return self._per_minute(self._new_trials)

    @property
    def epochs_per_minute(self) -> float | None:
        """Epochs ended in this launch, by its minutes; None before the first."""
        return self._per_minute(self._new_epochs)

    @property
    def seconds_left(self) -> float | None:
        """How long the rest of the budget takes at the pace of what has finished; None before."""
        pace = self.trials_per_minute
        if self.study is None or pace is None:
            return None
        return max(0, self.study.budget - self.finished) / pace * 60

    def _new_best(self) -> Standing | None:
        best, former = self.best, self._best
        if best is None or (former and not self._leads(best, former)):
            return None
        self._best = best
        known = former and (former.number, former.epoch) == (best.number, best.epoch)
        return None if known else best

    def _open(self, opened: Opened) -> None:
        self.study, self.epochs = opened.study, opened.epochs
        done = [trial for trial in opened.study.trials if trial.state != "running"]
        self.ended = Counter(trial.state for trial in done)
        self._told = self._first(*map(self._standing, done))
        self._told_default = self._first(
            *(self._standing(trial) for trial in done if trial.default)
        )
        self._best = self._first(*map(self._standing, opened.study.trials))

    def _start(self, started: Started) -> None:
        if self._began is None:
            self._began = self._clock()
        row = self.running.pop(started.number, None) or Row(
            number=started.number,
            params=started.params,
            default=started.default,
            epoch=started.epoch,
            best=self._recorded(started.number),
        )
        row.lost = False
        self.running[started.number] = row

    def _recorded(self, number: int) -> Standing | None:
        """Look up what a trial that goes on was worth when the study was opened."""
        trials = self.study.trials if self.study else ()
        return next((self._standing(trial) for trial in trials if trial.number == number), None)

    def _report(self, reported: Reported) -> None:
        row = self.running.get(reported.number)
        if row is None or self.study is None or reported.report.epoch <= row.epoch:
            return  # run again after a loss: recorded and counted before
        metrics = reported.report.metrics
        row.epoch, row.score = reported.report.epoch, metrics[self.study.objective]
        self._new_epochs += 1
        standing = Standing(
            value=row.score,
            loss=metrics.get(self._loss, float("inf")),
            number=row.number,
            epoch=row.epoch,
        )
        row.best = self._first(row.best, standing)

    def _tell(self, trial: TrialSummary) -> None:
        self.running.pop(trial.number, None)
        self.ended[trial.state] += 1
        self._new_trials += 1
        standing = self._standing(trial)
        self._told = self._first(self._told, standing)
        if trial.default:
            self._told_default = self._first(self._told_default, standing)

    @property
    def _loss(self) -> str:
        assert self.study is not None
        return loss_metric(cast("TaskKind", self.study.task), self.study.objective)

    def _standing(self, trial: TrialSummary) -> Standing | None:
        if trial.value is None or trial.best_epoch is None:
            return None
        return Standing(
            value=trial.value,
            loss=trial.metrics.get(self._loss, float("inf")),
            number=trial.number,
            epoch=trial.best_epoch,
        )

    def _first(self, *standings: Standing | None) -> Standing | None:
        """Give the best; of equals the earliest given."""
        found: Standing | None = None
        for standing in standings:
            if standing and (found is None or self._leads(standing, found)):
                found = standing
        return found

    def _leads(self, one: Standing, other: Standing) -> bool:
        assert self.study is not None
        if one.value != other.value:
            return self.study.better(one.value, other.value)
        return (one.loss, one.number, one.epoch) < (other.loss, other.number, other.epoch)

    def _per_minute(self, quantity: int) -> float | None:
        return quantity / self.elapsed * 60 if quantity and self.elapsed > 0 else None
