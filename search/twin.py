"""A study twice: in SQL for good, in memory for speed; every fact is written to SQL first.

Sampler and pruner work on the study in memory. A trial's number is SQL's; its two records are
paired by their ids, and the memory's numbers mean nothing.
"""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.pruners import BasePruner
from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from lstm_attn.config import Direction
from search import summaries
from search.database import await_writers, deleted, unless_deleted
from search.errors import DatabaseTrouble
from search.patience import Through

_CONSTRAINT = "constraints:"
"""As Optuna's `Trial.set_constraint` writes it, which never writes one anew."""


class TrialGone(Exception):
    """The trial has been told or deleted by someone else."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One trial's records."""

    number: int
    """SQL's, for life."""
    sql_id: int
    memory_id: int


class Twin:
    """Writes each fact twice.

    Arguments:
        storage: the database.
        study_id: the study there.
        name: the study's.
        direction: `minimize` or `maximize`.
        pruner: judges by the trials in memory.
        through: brings a write to SQL to its end, however often it has to be tried.
    """

    def __init__(
        self,
        storage: RDBStorage,
        study_id: int,
        name: str,
        direction: Direction,
        pruner: BasePruner,
        through: Through,
    ) -> None:
        self.memory = optuna.create_study(direction=direction, pruner=pruner)
        """The study that sampler and pruner see."""
        self._sql = storage
        self._through = through
        self._study_id = study_id
        self._name = name

    def trials(self) -> list[FrozenTrial]:
        """Read all trials of the database.

        Raises:
            StudyDeleted: the study is there no more.
        """
        return self._through(self._trials)

    def _trials(self) -> list[FrozenTrial]:
        with self._unless_deleted():
            return self._sql.get_all_trials(self._study_id, deepcopy=False)

    def _unless_deleted(self) -> AbstractContextManager[None]:
        return unless_deleted(self._sql, self._study_id, self._name)

    def adopt(self, frozen: FrozenTrial) -> Pair:
        """Take a trial of the database into memory."""
        memory_id = storage_of(self.memory).create_new_trial(
            memory_id_of(self.memory), template_trial=frozen
        )
        return Pair(frozen.number, id_of(frozen), memory_id)

    def create(self, memory: FrozenTrial, attributes: Mapping[str, Any], *, likely: int) -> Pair:
        """Write a trial of memory to the database, RUNNING, in one transaction.

        Arguments:
            memory: with all its parameters.
            attributes: further user attributes.
            likely: the number that it gets unless somebody else has added a trial.

        Raises:
            StudyDeleted: the study is there no more.
        """
        nonce = secrets.token_hex(8)
        template = create_trial(
            state=TrialState.RUNNING,
            params=memory.params,
            distributions=memory.distributions,
            user_attrs={**memory.user_attrs, **attributes, summaries.NONCE: nonce},
        )
        tries = chain([self._create], repeat(self._create_unless_written))
        sql_id = self._through(lambda: next(tries)(template, nonce))
        number = self._through(partial(self._number, sql_id, likely))
        for key, value in attributes.items():
            storage_of(self.memory).set_trial_user_attr(id_of(memory), key, value)
        return Pair(number, sql_id, id_of(memory))

    def _number(self, sql_id: int, likely: int) -> int:
        """Hold a trial's number to the likely one: else Optuna reads the whole trial for it."""
        with suppress(KeyError):
            by_number = self._sql.get_trial_id_from_study_id_trial_number
            if by_number(self._study_id, likely) == sql_id:
                return likely
        with self._unless_deleted():
            return self._sql.get_trial_number_from_id(sql_id)

    def _create_unless_written(self, template: FrozenTrial, nonce: str) -> int:
        await_writers(self._sql, self._study_id)  # of which a lost connection may have been one
        written = self._id_by(nonce)
        return self._create(template, nonce) if written is None else written

    def _create(self, template: FrozenTrial, nonce: str) -> int:
        try:
            with self._unless_deleted():
                return self._sql.create_new_trial(self._study_id, template_trial=template)
        except StorageInternalError as error:  # written all the same, perhaps
            written = self._id_by(nonce)
            if written is None:
                raise _trouble(error) from error
            return written

    def _id_by(self, nonce: str) -> int | None:
        mine = [t for t in self._trials() if t.user_attrs.get(summaries.NONCE) == nonce]
        return id_of(mine[0]) if mine else None

    def report(self, pair: Pair, epoch: int, value: float) -> None:
        """Write an epoch's value.

        Raises:
            TrialGone: the trial isn't ours any more.
        """
        write = partial(self._sql.set_trial_intermediate_value, pair.sql_id, epoch, value)
        with _in_our_words(), self._unless_deleted():
            self._through(write)
        storage_of(self.memory).set_trial_intermediate_value(pair.memory_id, epoch, value)

    def finish(
        self,
        pair: Pair,
        *,
        state: TrialState,
        value: float | None,
        note: Mapping[str, Any],
        constraint: str | None,
    ) -> None:
        """Write how a trial has ended: attributes first, then the state, which freezes them.

        Arguments:
            pair: the trial.
            state: COMPLETE, PRUNED or FAIL.
            value: what it is worth; None where that is nothing.
            note: its result attribute.
            constraint: what it has violated, so that the sampler stays away.

        Raises:
            TrialGone: the trial isn't ours any more.
        """
        # A former owner that died before the state may have begun to write another end.
        constraints = dict.fromkeys(self.in_memory(pair).constraints, 0.0)
        if constraint:
            constraints[constraint] = 1.0
        records = ((self._sql, pair.sql_id), (storage_of(self.memory), pair.memory_id))
        with _in_our_words(), self._unless_deleted():
            for storage, trial_id in records:
                self._through(partial(storage.set_trial_user_attr, trial_id, summaries.NOTE, note))
                for name, violated in constraints.items():
                    key = f"{_CONSTRAINT}{name}"
                    self._through(partial(storage.set_trial_system_attr, trial_id, key, violated))
                values = None if value is None else [value]
                self._through(partial(storage.set_trial_state_values, trial_id, state, values))

    def follow(self, pair: Pair) -> None:
        """Take into memory how a trial has ended in the database.

        By someone else, or by us, in a commit of whose end no word came.

        Raises:
            StudyDeleted: by deleting the whole study.
        """
        frozen = next((trial for trial in self.trials() if trial.number == pair.number), None)
        if frozen is None:
            raise deleted(self._name)
        storage, memory_id = storage_of(self.memory), pair.memory_id
        for key, value in frozen.user_attrs.items():
            storage.set_trial_user_attr(memory_id, key, value)
        for key, value in frozen.system_attrs.items():
            storage.set_trial_system_attr(memory_id, key, value)
        storage.set_trial_state_values(memory_id, frozen.state, frozen.values)

    def in_memory(self, pair: Pair) -> FrozenTrial:
        """Read a trial, but for its number."""
        return storage_of(self.memory).get_trial(pair.memory_id)

    def recorded(self, pair: Pair, epoch: int) -> float | None:
        """Give the value that an epoch is recorded with; None where it isn't."""
        return self.in_memory(pair).intermediate_values.get(epoch)

    def judged_poor(self, pair: Pair) -> bool:
        """Ask the pruner about a trial as of its last reported epoch."""
        return self.memory.pruner.prune(self.memory, self.in_memory(pair))


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except (UpdateFinishedTrialError, KeyError) as error:
        raise TrialGone from error
    except StorageInternalError as error:
        raise _trouble(error) from error


def _trouble(error: StorageInternalError) -> DatabaseTrouble:
    cause = getattr(error.__cause__, "orig", None) or error
    return DatabaseTrouble(f"the database failed: {cause} - launch again to go on from there")


def storage_of(study: optuna.Study) -> BaseStorage:
    """Give a study's storage, since the study's own calls copy every trial."""
    return study._storage  # noqa: SLF001 - Optuna names it nowhere else


def memory_id_of(study: optuna.Study) -> int:
    """Give a study's id in its storage."""
    return study._study_id  # noqa: SLF001 - Optuna names it nowhere else


def id_of(trial: FrozenTrial) -> int:
    """Give a trial's id in its storage."""
    return trial._trial_id  # noqa: SLF001 - Optuna names it nowhere else
