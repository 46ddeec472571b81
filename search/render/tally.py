"""What a launch's facts come to as they happen: counted, never drawn."""

from collections import Counter, deque
from collections.abc import Callable
from itertools import count
from typing import cast

from lstm_attn.config import TaskKind, loss_metric
from search.ranking import rank
from search.records import (
    Blocked,
    Ended,
    Ending,
    Fact,
    Lost,
    Opened,
    Reported,
    RunBy,
    Seen,
    Slots,
    Started,
    Stopping,
    StudySummary,
    Told,
    TrialState,
    TrialSummary,
    Unblocked,
    Unseen,
    Unwritten,
)
from search.render.pace import Pace
from search.render.rows import Row, Standing

START_SECONDS = 20.0
"""How long a slot may take to start; one that takes longer has found no room."""
LATEST = 5
"""Finished trials that are remembered, to be shown."""


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
        """Trials that run, by number."""
        self.ended: Counter[TrialState] = Counter()
        """Finished trials by state, those of earlier launches too."""
        self.latest: deque[TrialSummary] = deque(maxlen=LATEST)
        """The trials that finished last, the last one at the end."""
        self.pace = Pace(clock)
        self.run_by: RunBy | None = None
        """Who runs the study; None where this launch does."""
        self.blocked: Blocked | Unseen | None = None
        """What cannot be written, or read, now; None where all can."""
        self.unwritten = 0
        """Events that wait until it can."""
        self.stopping: Ending | None = None
        """Why the launch ends; None while it goes on."""
        self._blocked_since = 0.0
        self._waiting_since = 0.0
        self._deadline: float | None = None
        self._handed_in: dict[int, Row] = {}
        self._told: Standing | None = None
        self._told_default: Standing | None = None
        self._best: Standing | None = None

    def take(self, fact: Fact) -> Standing | None:
        """Count a fact; give the new best trial where there is one."""
        match fact:
            case Opened():
                self._open(fact)
            case Started():
                self._start(fact)
            case Reported():
                self._report(fact)
            case Told(trial=trial):
                self._tell(trial)
            case Lost(number=number) if number in self.running:
                self.running[number].lost = True
            case Ended(number=number, outcome=outcome) if outcome.kind == "handed_in":
                self._hand_in(number)
            case _:
                self._note(fact)
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
    def rows(self) -> list[Row]:
        """The trials that run, each in the place that it has to its end."""
        return sorted(self.running.values(), key=lambda row: row.place)

    @property
    def lacks_room(self) -> bool:
        """Whether there are slots that have been waited for longer than one takes to start."""
        waited = self._clock() - self._waiting_since
        return self.slots.waiting > 0 and waited >= START_SECONDS

    @property
    def blocked_seconds(self) -> float:
        """How long nothing can be written, or read, by now."""
        return self._clock() - self._blocked_since

    @property
    def seconds_left(self) -> float | None:
        """How long the rest of the budget takes; None where nothing is known, or left.

        At the pace of what has finished, and where all that is left runs, no less than at its own.
        """
        if self.study is None:
            return None
        left = self.study.budget - self.finished
        if left <= 0:
            return None
        reckoned = self.pace.seconds_for(left, at_a_time=len(self.running))
        if reckoned is None or left > len(self.running):
            return reckoned
        now = self._clock()
        own = [row.seconds_left(self.epochs, now) or 0.0 for row in self.running.values()]
        return max([reckoned, *own])

    @property
    def seconds_allowed(self) -> float | None:
        """How long the launch may go on yet; None where that is as long as it takes."""
        return None if self._deadline is None else max(0.0, self._deadline - self._clock())

    def _note(self, fact: Fact) -> None:
        """Keep what is so from now on, of the launch as a whole."""
        match fact:
            case Slots():
                if not self.slots.waiting:
                    self._waiting_since = self._clock()
                self.slots = fact
            case RunBy():
                self.run_by = fact
            case Blocked() | Unseen():
                self.blocked, self._blocked_since = fact, self._clock()
            case Unblocked() | Seen():
                self.blocked = None
            case Unwritten(reports=reports):
                self.unwritten = reports
            case Stopping(ending=ending):
                self.stopping = ending

    def _new_best(self) -> Standing | None:
        best, former = self.best, self._best
        if best is None or (former and not self._leads(best, former)):
            return None
        self._best = best
        known = former and (former.number, former.epoch) == (best.number, best.epoch)
        return None if known else best

    def _open(self, opened: Opened) -> None:
        self.study, self.epochs = opened.study, opened.epochs
        self._deadline = None if opened.seconds is None else self._clock() + opened.seconds
        done = [trial for trial in opened.study.trials if trial.state != "running"]
        for trial in done:
            self.pace.know(trial.seconds)
        self.ended = Counter(trial.state for trial in done)
        self.latest = deque(done, maxlen=LATEST)
        self._told = self._first(*map(self._standing, done))
        self._told_default = self._first(
            *(self._standing(trial) for trial in done if trial.default)
        )
        self._best = self._first(*map(self._standing, opened.study.trials))

    def _start(self, started: Started) -> None:
        self.pace.begin()
        number = started.number
        row = self.running.get(number) or self._handed_in.pop(number, None) or self._row(started)
        if number not in self.running:
            taken = {other.place for other in self.running.values()}
            row.place = next(place for place in count(1) if place not in taken)
        row.lost, row.host = False, started.where.partition(":")[0]
        row.began, row.began_after = self._clock(), row.epoch
        self.running[number] = row

    def _row(self, started: Started) -> Row:
        """Make a row of a trial, with what was recorded of it when the study was opened."""
        row = Row(
            number=started.number,
            params=started.params,
            default=started.default,
            place=0,
            epoch=started.epoch,
            began=0.0,
            began_after=0,
        )
        trials = self.study.trials if self.study else ()
        for trial in trials:
            if trial.number == row.number:
                row.best = self._standing(trial)
                row.scores.extend(trial.curve[epoch] for epoch in sorted(trial.curve))
        return row

    def _hand_in(self, number: int) -> None:
        """Let a trial rest; it may be started again elsewhere."""
        if row := self.running.pop(number, None):
            self._handed_in[number] = row

    def _report(self, reported: Reported) -> None:
        row = self.running.get(reported.number)
        if row is None or self.study is None or reported.report.epoch <= row.epoch:
            return  # run again after a loss: recorded and counted before
        metrics = reported.report.metrics
        row.epoch = reported.report.epoch
        row.scores.append(metrics[self.study.objective])
        self.pace.count_epoch()
        standing = Standing(
            value=metrics[self.study.objective],
            loss=metrics.get(self._loss, float("inf")),
            number=row.number,
            epoch=row.epoch,
        )
        row.best = self._first(row.best, standing)

    def _tell(self, trial: TrialSummary) -> None:
        self.running.pop(trial.number, None)
        self.ended[trial.state] += 1
        self.latest.append(trial)
        self.pace.count_trial()
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
        direction = self.study.direction
        first, second = (rank(o.value, o.loss, o.number, direction) for o in (one, other))
        return (*first, one.epoch) < (*second, other.epoch)
