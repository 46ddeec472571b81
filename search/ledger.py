"""What the coordinator knows of a study, and the rules by which it is written down.

The budget, who is running, verdicts, losses, what is worth keeping. Each fact is written by one
owner: commits are fenced, so one that has lost its lease can write nothing.
"""

import heapq
import math
from collections import deque
from collections.abc import Callable, Mapping

from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from lstm_attn.reports import EpochReport
from search import strategy, summaries
from search.errors import TrialsFailed
from search.patience import Through, at_once
from search.proposals import Proposals
from search.ranking import rank
from search.records import Outcome, Started, TrialSummary, TrialTask, Verdict
from search.running import Kept, Running, nothing_kept
from search.spec import StudySpec
from search.twin import TrialGone, Twin

HOPELESS = 5
"""Trials that, if they are the first and all fail, end the study."""
CONSTRAINTS = ("diverged", "out_of_memory", "out_of_time")
"""Outcomes that are the configuration's fault, from which the sampler learns to stay away."""


class Ledger:
    """Open, ask, report, tell: each fact written once, by one owner.

    Arguments:
        storage: the database; its commits are fenced by the lease that is held.
        study_id: the SQL study.
        spec: what is searched.
        epoch_steps: optimizer steps of an epoch at the default batch size, for the rungs.
        through: brings a write to its end, however often it has to be tried.
    """

    def __init__(
        self,
        storage: RDBStorage,
        study_id: int,
        spec: StudySpec,
        *,
        epoch_steps: int,
        through: Through = at_once,
    ) -> None:
        self._spec = spec
        pruner = strategy.pruner(spec.pruner, epochs=spec.epochs, epoch_steps=epoch_steps)
        self._twin = Twin(storage, study_id, spec.name, spec.direction, pruner, through)
        self._running: dict[int, Running] = {}
        self._waiting: deque[int] = deque()
        self._told: dict[int, TrialSummary] = {}
        self._told_now = 0
        self._created = 0
        self._proposals = Proposals(self._twin.memory, spec)
        for trial in self._twin.trials():
            self._adopt(trial)

    # What the loop asks.

    def budget_spent(self) -> bool:
        """Tell whether nothing is left to start and nothing runs.

        Raises:
            TrialsFailed: the first trials all failed.
        """
        told = self._told.values()
        if self._told_now == HOPELESS and all(trial.state == "failed" for trial in told):
            reasons = sorted({trial.reason for trial in told})
            raise TrialsFailed(f"the first {HOPELESS} trials all failed:", *reasons)
        return not self._running and not self.open_places()

    def open_places(self) -> int:
        """Count the trials that may still be started: waiting ones and new ones."""
        if self._proposals.exhausted:
            return len(self._waiting)
        new = self._spec.trials - len(self._told) - len(self._running)
        return len(self._waiting) + max(0, new)

    @property
    def exhausted(self) -> bool:
        """Whether every configuration of a finite space has been given out."""
        return self._proposals.exhausted

    def is_running(self, number: int, attempt: int) -> bool:
        """Tell whether this attempt of a trial is the one that counts."""
        trial = self._running.get(number)
        return trial is not None and trial.attempt == attempt

    def goes_on(self, number: int, attempt: int) -> bool:
        """Tell whether an attempt counts and has no verdict: what may be gone on from later."""
        return self.is_running(number, attempt) and self._running[number].pruned_at is None

    def leaders(self) -> dict[int, int]:
        """Give the best epochs of the best trials that have ended any, the best trial first.

        As many trials as have their weights kept, and as may not have given theirs yet.
        """
        worth = {n: (one.best_epoch, one.metrics) for n, one in self._told.items()}
        for number, trial in self._running.items():
            best = trial.best
            worth[number] = (best.epoch, best.metrics) if best else (None, {})
        rows = [
            (*self._rank(metrics, number), epoch)
            for number, (epoch, metrics) in worth.items()
            if epoch is not None and self._spec.objective in metrics
        ]
        count = self._spec.keep + len(self._running) + 1
        return {number: epoch for _, _, number, epoch in heapq.nsmallest(count, rows)}

    def running(self) -> list[int]:
        """List the trials that are RUNNING in SQL, trained now or not."""
        return list(self._running)

    def told(self, number: int) -> TrialSummary | None:
        """Give a trial that has ended, by whomever it was told."""
        return self._told.get(number)

    # What the loop tells.

    def ask(self) -> TrialTask | None:
        """Give out a trial that waits to go on, or create a new one; None where there is none."""
        if self._waiting:
            return self._running[self._waiting.popleft()].task()
        if not self.open_places():
            return None
        memory = self._proposals.next(self._created)
        return self._create(memory).task() if memory else None

    def report(
        self,
        number: int,
        attempt: int,
        report: EpochReport,
        *,
        is_newest: Callable[[], bool] = lambda: True,
    ) -> Verdict:
        """Record an epoch and judge the trial; an epoch that is run again is only judged.

        Where it comes out otherwise than it is recorded, it takes nothing from what is known.
        A verdict to prune stands: whatever is reported after it is dropped. Once it is recorded,
        an epoch that `is_newest` no more isn't judged: a later one waits to be.
        """
        if not self.is_running(number, attempt):
            return Verdict.GONE
        trial = self._running[number]
        trial.reached = report.epoch
        if trial.pruned_at is not None:
            return Verdict.PRUNE
        value = report.metrics[self._spec.objective]
        if report.epoch > trial.epochs:
            try:
                self._twin.report(trial.pair, report.epoch, value)
            except TrialGone:
                self._let_go(trial)
                return Verdict.GONE
            trial.epochs = report.epoch
            trial.take(report)
        elif self._twin.recorded(trial.pair, report.epoch) == value:
            trial.take(report)  # of an adopted trial the curve alone may be known
        judged = report.epoch == trial.epochs < self._spec.epochs
        if judged and is_newest() and self._twin.judged_poor(trial.pair):
            trial.pruned_at = trial.epochs
            return Verdict.PRUNE
        return Verdict.GO_ON

    def know(self, number: int, report: EpochReport) -> None:
        """Take what a checkpoint says of a running trial's best epoch, if it is recorded."""
        if report.epoch <= self._running[number].epochs:
            self._running[number].take(report)

    def worth(self, number: int, outcome: Outcome, kept: Kept) -> EpochReport | None:
        """Settle the best epoch of a trial that has ended in its worker; see `Running.settle`."""
        return self._running[number].settle(outcome, kept)

    def started(self, number: int) -> Started:
        """Say of a trial that it is being trained, fresh or going on."""
        trial = self._running[number]
        default = bool(self._twin.in_memory(trial.pair).user_attrs.get(strategy.DEFAULT_TRIAL))
        return Started(number=number, params=trial.params, epoch=trial.epochs, default=default)

    def best_epoch(self, number: int) -> int | None:
        """Tell the best epoch of a running trial so far; None where none is known."""
        best = self._running[number].best
        return best.epoch if best else None

    def has_caught_up(self, number: int) -> bool:
        """Tell whether a running trial has run all its recorded epochs in this attempt."""
        return self._running[number].has_caught_up

    def last_epoch(self, number: int) -> int:
        """Tell the last recorded epoch of a running trial, from 1; 0 where none has ended."""
        return self._running[number].epochs

    def tell(self, number: int, attempt: int, outcome: Outcome) -> TrialSummary | None:
        """End a trial for good; None where it was handed in to go on later, or isn't ours."""
        handed_in = outcome.kind == "handed_in" and self.goes_on(number, attempt)
        if handed_in or not self.is_running(number, attempt):
            return None
        return self._finish(self._running[number], outcome)

    def requeue(
        self,
        number: int,
        attempt: int,
        reason: str,
        *,
        blames_trial: bool,
        kept: Kept = nothing_kept,
    ) -> TrialSummary | None:
        """Let a trial whose worker was lost go on elsewhere.

        After `LOSSES` in a row without a new state it is told FAIL with the reasons instead, and
        what it has come to is returned: no more than what is `kept`.
        """
        if not self.is_running(number, attempt):
            return None
        trial = self._running[number]
        if why := trial.lose(reason, blames_trial=blames_trial):
            outcome = Outcome(kind="failed", reason=why, best=None)
            trial.settle(outcome, kept)
            return self._finish(trial, outcome)
        self._waiting.append(number)
        return None

    def state_kept(self, number: int) -> None:
        """Note that a trial has a new state, so that earlier losses no longer count."""
        if trial := self._running.get(number):
            trial.losses.clear()

    # How it is done.

    def _rank(self, metrics: Mapping[str, float], number: int) -> tuple[float, float, int]:
        loss = metrics.get(self._spec.loss, math.inf)
        return rank(metrics[self._spec.objective], loss, number, self._spec.direction)

    def _create(self, memory: FrozenTrial) -> Running:
        threads, facts = self._spec.threads, summaries.attributes(self._spec, memory.params)
        pair = self._twin.create(memory, facts, likely=self._created)
        trial = Running(pair=pair, params=memory.params, threads=threads, spec=self._spec)
        self._running[pair.number] = trial
        self._created = pair.number + 1
        self._proposals.note(memory.params)
        return trial

    def _adopt(self, frozen: FrozenTrial) -> None:
        """Take a trial of the database into memory; one that is RUNNING waits to go on."""
        self._created = max(self._created, frozen.number + 1)
        if not frozen.state.is_finished() and summaries.NONCE not in frozen.user_attrs:
            return  # somebody else's, and no coordinator's to run
        pair = self._twin.adopt(frozen)
        summary = summaries.trial_summary(frozen, self._spec)
        self._proposals.note(frozen.params)
        if frozen.state.is_finished():
            self._told[pair.number] = summary
            return
        self._running[pair.number] = Running.adopted(
            pair, summary, threads=frozen.user_attrs[summaries.THREADS], spec=self._spec
        )
        self._waiting.append(pair.number)

    def _finish(self, trial: Running, outcome: Outcome) -> TrialSummary:
        pruned = trial.pruned_at is not None
        state = summaries.final_state(outcome, pruned=pruned)
        best = trial.settle(outcome)
        value = best.metrics[self._spec.objective] if best else None
        try:
            self._twin.finish(
                trial.pair,
                state=state,
                value=None if state == TrialState.FAIL else value,
                note=summaries.note(outcome, best, pruned_at=trial.pruned_at, epochs=trial.epochs),
                constraint=outcome.kind if outcome.kind in CONSTRAINTS and not pruned else None,
            )
        except TrialGone:
            return self._let_go(trial)
        return self._settle(trial)

    def _let_go(self, trial: Running) -> TrialSummary:
        """Follow the database, where someone else has told the trial."""
        self._twin.follow(trial.pair)
        return self._settle(trial)

    def _settle(self, trial: Running) -> TrialSummary:
        number = trial.pair.number
        frozen = self._twin.in_memory(trial.pair)
        told = summaries.trial_summary(frozen, self._spec, number=number)
        del self._running[number]
        self._told[number] = told
        self._told_now += 1
        return told
