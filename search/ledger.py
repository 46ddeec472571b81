"""What the coordinator knows of a study: SQL for good, memory for speed.

Every fact is written to the SQL study first and then to an Optuna study in memory, on which
sampler and pruner work. The number of a trial is SQL's; the two are paired and their numbers
never assumed equal. Commits are fenced: an owner that has lost its lease can write nothing.
"""

import heapq
import math
import secrets
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto

import optuna
import sqlalchemy.event
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from lstm_attn.reports import EpochReport
from search import strategy, summaries
from search.errors import StudyDeleted, TrialsFailed
from search.lease import Lease
from search.records import Outcome, Params, Started, TrialSummary, TrialTask
from search.spec import StudySpec

LOSSES = 3
"""Losses of its worker in a row, without a new state, after which a trial is told FAIL."""
HOPELESS = 5
"""Trials that, if they are the first and all fail, end the study."""
DRAWS_BY_SAMPLER = 2
"""Draws of an ask that the sampler makes; a repeated configuration is then drawn at random."""
RANDOM_DRAWS = 50
"""Random draws after which a finite space is searched for a configuration that is left."""


class Verdict(Enum):
    """What is to become of a trial that has reported."""

    GO_ON = auto()
    PRUNE = auto()
    """It ends as of the epoch reported."""
    GONE = auto()
    """It isn't ours any more: told or deleted by someone else."""


@dataclass(slots=True)
class _Running:
    """A trial that is being trained, or waits to be."""

    sql_id: int
    memory_id: int
    number: int
    params: Params
    threads: int
    epochs: int = 0
    """The last epoch that is recorded."""
    best: EpochReport | None = None
    pruned_at: int | None = None
    attempt: int = 0
    losses: int = 0
    reasons: list[str] = field(default_factory=list)


class Ledger:
    """Open, ask, report, tell: each fact written once, by one owner.

    Arguments:
        storage: the database; its commits are fenced from here on.
        study_id: the SQL study.
        spec: what is searched.
        lease: held by this process.
        epoch_steps: optimizer steps of an epoch at the default batch size, for the rungs.
    """

    def __init__(
        self, storage: RDBStorage, study_id: int, spec: StudySpec, lease: Lease, *, epoch_steps: int
    ) -> None:
        self._spec = spec
        self._space = spec.space
        self._sql = storage
        self._study_id = study_id
        sqlalchemy.event.listen(storage.engine, "commit", lease.fence)
        pruner = strategy.pruner(spec.pruner, epochs=spec.epochs, epoch_steps=epoch_steps)
        self._memory = optuna.create_study(direction=spec.direction, pruner=pruner)
        self._memory_id = self._memory._study_id  # noqa: SLF001 - Optuna names it nowhere else
        name = storage.get_study_name_from_id(study_id)
        self._sql_study = optuna.load_study(study_name=name, storage=storage)
        self._running: dict[int, _Running] = {}
        self._waiting: deque[int] = deque()
        self._told: dict[int, TrialSummary] = {}
        self._created = 0
        self._seen: set[frozenset[tuple[str, object]]] = set()
        self._exhausted = False
        for trial in storage.get_all_trials(study_id):
            self._adopt(trial)

    def close(self) -> None:
        """Release the database's connections."""
        self._sql.remove_session()
        self._sql.engine.dispose()

    # What the loop asks.

    def budget_spent(self) -> bool:
        """Tell whether nothing is left to start and nothing runs.

        Raises:
            TrialsFailed: the first trials all failed.
        """
        first = self._told.values() if len(self._told) == HOPELESS else ()
        if first and all(trial.state == "failed" for trial in first):
            reasons = sorted({trial.reason for trial in first})
            raise TrialsFailed(f"the first {HOPELESS} trials all failed:", *reasons)
        return not self._running and not self.open_places()

    def open_places(self) -> int:
        """Count the trials that may still be started: waiting ones and new ones."""
        new = 0 if self._exhausted else self._spec.trials - len(self._told) - len(self._running)
        return len(self._waiting) + max(0, new)

    @property
    def exhausted(self) -> bool:
        """Whether every configuration of a finite space has been given out."""
        return self._exhausted

    def is_running(self, number: int, attempt: int) -> bool:
        """Tell whether this attempt of a trial is the one that counts."""
        trial = self._running.get(number)
        return trial is not None and trial.attempt == attempt

    def leaders(self) -> list[int]:
        """List the best trials that have ended an epoch, of any state, the best first.

        As many as have their weights kept.
        """
        rows: list[tuple[float, float, int]] = []
        for number, told in self._told.items():
            if told.value is not None:
                loss = told.metrics.get(self._spec.loss, math.inf)
                rows.append(summaries.rank(told.value, loss, number, self._spec.direction))
        for number, trial in self._running.items():
            if trial.best:
                metrics = trial.best.metrics
                value = metrics[self._spec.objective]
                loss = metrics.get(self._spec.loss, math.inf)
                rows.append(summaries.rank(value, loss, number, self._spec.direction))
        return [number for _, _, number in heapq.nsmallest(self._spec.keep, rows)]

    def running(self) -> list[int]:
        """List the trials that are RUNNING in SQL, trained now or not."""
        return list(self._running)

    # What the loop tells.

    def ask(self) -> TrialTask | None:
        """Give out a trial that waits to go on, or create a new one; None where there is none."""
        if self._waiting:
            return self._task(self._running[self._waiting.popleft()])
        if not self.open_places():
            return None
        memory = self._next_point()
        if memory is None:
            self._exhausted = True
            return None
        return self._task(self._create(memory))

    def report(self, number: int, attempt: int, report: EpochReport) -> Verdict:
        """Record an epoch and judge the trial; an epoch that is run again is only judged."""
        if not self.is_running(number, attempt):
            return Verdict.GONE
        trial = self._running[number]
        if trial.pruned_at is not None:
            return Verdict.GO_ON
        if trial.best is None or self._is_better(report, trial.best):
            trial.best = report
        if report.epoch > trial.epochs:
            value = report.metrics[self._spec.objective]
            try:
                self._sql.set_trial_intermediate_value(trial.sql_id, report.epoch, value)
            except (UpdateFinishedTrialError, KeyError):
                self._let_go(trial)
                return Verdict.GONE
            self._memory_storage.set_trial_intermediate_value(trial.memory_id, report.epoch, value)
            trial.epochs = report.epoch
        return self.judge(number) if report.epoch == trial.epochs else Verdict.GO_ON

    def judge(self, number: int) -> Verdict:
        """Judge a trial by its last recorded epoch; a verdict to prune is remembered."""
        trial = self._running[number]
        frozen = self._memory_storage.get_trial(trial.memory_id)
        if not 0 < trial.epochs < self._spec.epochs:
            return Verdict.GO_ON
        if not self._memory.pruner.prune(self._memory, frozen):
            return Verdict.GO_ON
        trial.pruned_at = trial.epochs
        return Verdict.PRUNE

    def started(self, number: int) -> Started:
        """Say of a trial that it is being trained, fresh or going on."""
        trial = self._running[number]
        frozen = self._memory_storage.get_trial(trial.memory_id)
        return Started(
            number=number,
            params=trial.params,
            epoch=trial.epochs,
            default=bool(frozen.user_attrs.get(strategy.DEFAULT_TRIAL)),
        )

    def last_epoch(self, number: int) -> int:
        """Tell the last recorded epoch of a running trial, from 1; 0 where none has ended."""
        return self._running[number].epochs

    def tell(self, number: int, attempt: int, outcome: Outcome) -> TrialSummary | None:
        """End a trial for good; None where it was handed in to go on later, or isn't ours."""
        if not self.is_running(number, attempt):
            return None
        trial = self._running[number]
        if outcome.kind == "handed_in" and trial.pruned_at is None:
            return None
        return self._finish(trial, outcome)

    def requeue(
        self, number: int, attempt: int, reason: str, *, blames_trial: bool
    ) -> TrialSummary | None:
        """Let a trial whose worker was lost go on elsewhere.

        After `LOSSES` in a row without a new state it is told FAIL with the reasons instead, and
        what it has come to is returned.
        """
        if not self.is_running(number, attempt):
            return None
        trial = self._running[number]
        trial.attempt += 1
        trial.losses += blames_trial
        trial.reasons.append(reason)
        if trial.losses >= LOSSES:
            said = "; ".join(dict.fromkeys(trial.reasons))
            why = f"its worker was lost {LOSSES} times in a row: {said}"
            return self._finish(trial, Outcome(kind="failed", reason=why, best=trial.best))
        self._waiting.append(number)
        return None

    def state_kept(self, number: int) -> None:
        """Note that a trial has a new state, so that earlier losses no longer count."""
        if trial := self._running.get(number):
            trial.losses = 0
            trial.reasons.clear()

    # How it is done.

    @property
    def _memory_storage(self) -> BaseStorage:
        return self._memory._storage  # noqa: SLF001 - the study's own calls copy every trial

    def _is_better(self, report: EpochReport, than: EpochReport) -> bool:
        def key(one: EpochReport) -> tuple[float, float, int]:
            loss = one.metrics.get(self._spec.loss, math.inf)
            value = one.metrics[self._spec.objective]
            return summaries.rank(value, loss, one.epoch, self._spec.direction)

        return key(report) < key(than)

    def _task(self, trial: _Running) -> TrialTask:
        model, training = self._space.configure(trial.params)
        return TrialTask(
            number=trial.number,
            attempt=trial.attempt,
            model=model,
            training=training,
            seed=strategy.seed_of(trial.number, seed=self._spec.seed),
            threads=trial.threads,
        )

    def _next_point(self) -> FrozenTrial | None:
        """Find a configuration that has not been given out; None where none is left."""
        for params in self._space.defaults():
            if self._is_new(params):
                return self._add_point(params, default=True)
        if self._spec.sampler == "grid":
            left = [params for params in self._space.grid() if self._is_new(params)]
            return self._add_point(left[0]) if left else None
        draw = 0
        while True:
            name = self._spec.sampler if draw < DRAWS_BY_SAMPLER else "random"
            seed = strategy.seed_of(self._created, draw, seed=self._spec.seed)
            self._memory.sampler = strategy.sampler(name, seed=seed)
            trial = self._memory.ask()
            if self._is_new(strategy.suggest(self._space, trial)):
                return self._memory_storage.get_trial(trial._trial_id)  # noqa: SLF001
            self._memory_storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)  # noqa: SLF001
            draw += 1
            if draw >= RANDOM_DRAWS and self._space.point_count() is not None:
                left = [params for params in self._space.grid() if self._is_new(params)]
                return self._add_point(left[seed % len(left)]) if left else None

    def _is_new(self, params: Params) -> bool:
        return frozenset(params.items()) not in self._seen

    def _add_point(self, params: Params, *, default: bool = False) -> FrozenTrial:
        """Put a configuration that no sampler drew into the study in memory."""
        point = create_trial(
            state=TrialState.RUNNING,
            params=dict(params),
            distributions=dict(strategy.distributions(self._space, params)),
            user_attrs={strategy.DEFAULT_TRIAL: True} if default else {},
        )
        trial_id = self._memory_storage.create_new_trial(self._memory_id, template_trial=point)
        return self._memory_storage.get_trial(trial_id)

    def _create(self, memory: FrozenTrial) -> _Running:
        """Write a new trial with all its parameters in one transaction."""
        nonce = secrets.token_hex(8)
        threads = self._spec.threads
        template = create_trial(
            state=TrialState.RUNNING,
            params=memory.params,
            distributions=memory.distributions,
            user_attrs={**memory.user_attrs, summaries.NONCE: nonce, summaries.THREADS: threads},
        )
        try:
            sql_id = self._sql.create_new_trial(self._study_id, template_trial=template)
        except StorageInternalError:
            found = [t for t in self._all_trials() if t.user_attrs.get(summaries.NONCE) == nonce]
            if not found:
                raise
            sql_id = found[0]._trial_id  # noqa: SLF001
        except KeyError as error:
            raise StudyDeleted("the study was deleted from the database while it ran") from error
        number = self._sql.get_trial_number_from_id(sql_id)
        trial = _Running(
            sql_id=sql_id,
            memory_id=memory._trial_id,  # noqa: SLF001
            number=number,
            params=memory.params,
            threads=threads,
        )
        self._running[number] = trial
        self._created = number + 1
        self._seen.add(frozenset(memory.params.items()))
        return trial

    def _adopt(self, frozen: FrozenTrial) -> None:
        """Take a trial of the database into memory; one that is RUNNING waits to go on."""
        self._seen.add(frozenset(frozen.params.items()))
        self._created = max(self._created, frozen.number + 1)
        memory_id = self._memory_storage.create_new_trial(self._memory_id, template_trial=frozen)
        if frozen.state.is_finished():
            self._told[frozen.number] = summaries.trial_summary(frozen, self._spec)
            return
        known = summaries.trial_summary(frozen, self._spec)
        self._running[frozen.number] = _Running(
            sql_id=frozen._trial_id,  # noqa: SLF001
            memory_id=memory_id,
            number=frozen.number,
            params=frozen.params,
            threads=frozen.user_attrs.get(summaries.THREADS, self._spec.threads),
            epochs=frozen.last_step or 0,
            best=summaries.best_of_curve(known),
        )
        self._waiting.append(frozen.number)

    def _finish(self, trial: _Running, outcome: Outcome) -> TrialSummary:
        """Write attributes, then the state: a trial that has ended is frozen."""
        state = summaries.final_state(outcome, pruned=trial.pruned_at is not None)
        best = outcome.best.metrics[self._spec.objective] if outcome.best else None
        value = best if state != TrialState.FAIL else None
        note = summaries.note(outcome, pruned_at=trial.pruned_at, epochs=trial.epochs)
        sides = (
            (self._sql_study, self._sql, trial.sql_id),
            (self._memory, self._memory_storage, trial.memory_id),
        )
        try:
            for study, storage, trial_id in sides:
                if outcome.kind in ("diverged", "out_of_memory"):
                    optuna.trial.Trial(study, trial_id).set_constraint(outcome.kind, 1.0)
                storage.set_trial_user_attr(trial_id, summaries.NOTE, note)
                storage.set_trial_state_values(trial_id, state, None if value is None else [value])
        except (UpdateFinishedTrialError, KeyError):
            return self._let_go(trial)
        return self._settle(trial)

    def _let_go(self, trial: _Running) -> TrialSummary:
        """Follow the database, where someone else has told the trial or deleted the study."""
        frozen = next((t for t in self._all_trials() if t.number == trial.number), None)
        if frozen is None:
            raise StudyDeleted("the study was deleted from the database while it ran")
        self._memory_storage.set_trial_state_values(trial.memory_id, frozen.state, frozen.values)
        return self._settle(trial)

    def _settle(self, trial: _Running) -> TrialSummary:
        frozen = self._memory_storage.get_trial(trial.memory_id)
        told = summaries.trial_summary(frozen, self._spec, number=trial.number)
        del self._running[trial.number]
        self._told[trial.number] = told
        return told

    def _all_trials(self) -> list[FrozenTrial]:
        try:
            return self._sql.get_all_trials(self._study_id, deepcopy=False)
        except KeyError as error:
            raise StudyDeleted("the study was deleted from the database while it ran") from error
