"""The trials of a study, read in a few statements, and again only what may have changed.

Who tells of a study reads with `Trials`: Optuna makes an object of every epoch, which takes eight
times as long, ten seconds for 5,000 trials of 50. Without the curves, where nobody looks at them,
it takes a third again; `curves_of` then reads those of the few that are shown.

Who lets Optuna reckon reads Optuna's own trials, with its distributions, values and system
attributes: samplers, pruners and the dashboard. Those are not here.
"""

import json
import math
from collections import defaultdict
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import Connection, Row

from search.errors import StudyDeleted

_META = sa.MetaData()
_TRIALS = sa.Table(
    "trials",
    _META,
    sa.Column("trial_id", sa.Integer),
    sa.Column("study_id", sa.Integer),
    sa.Column("number", sa.Integer),
    sa.Column("state", sa.Enum(TrialState)),
    sa.Column("datetime_start", sa.DateTime),
    sa.Column("datetime_complete", sa.DateTime),
)
_ATTRIBUTES = sa.Table(
    "trial_user_attributes",
    _META,
    sa.Column("trial_id", sa.Integer),
    sa.Column("key", sa.String),
    sa.Column("value_json", sa.Text),
)
_PARAMS = sa.Table(
    "trial_params",
    _META,
    sa.Column("param_id", sa.Integer),
    sa.Column("trial_id", sa.Integer),
    sa.Column("param_name", sa.String),
    sa.Column("param_value", sa.Float),
    sa.Column("distribution_json", sa.Text),
)
_CURVES = sa.Table(
    "trial_intermediate_values",
    _META,
    sa.Column("trial_id", sa.Integer),
    sa.Column("step", sa.Integer),
    sa.Column("intermediate_value", sa.Float),
    sa.Column("intermediate_value_type", sa.String),
)
_NOT_FINITE = {"INF_POS": math.inf, "INF_NEG": -math.inf, "NAN": math.nan}
FEW = 500
"""Trials that are named in a statement; where there are more, all of the study are read."""


class Trials:
    """The trials of one study.

    Arguments:
        storage: the database.
        study_id: Optuna's.
        note: the attribute in which a trial's worth stands once it has ended: those that have it
            at the first reading are read without their curves. None: all are read with theirs.
    """

    def __init__(self, storage: RDBStorage, study_id: int, *, note: str | None = None) -> None:
        self._engine = storage.engine
        self._study_id = study_id
        self._note = note
        self._trials: dict[int, FrozenTrial] = {}
        """By their id."""
        self._all_ended_up_to = -1
        self._is_first = True

    def read(self) -> list[FrozenTrial]:
        """Read what has changed, and give all, by number; nobody may change them.

        Raises:
            StudyDeleted: the study is there no more.
        """
        with self._engine.connect() as connection:
            changed = self._changed(connection)
            if changed:
                # Later than the states: an ended trial's attributes were written before its end.
                self._take(connection, changed)
            self._check_there(connection)
        self._is_first = False
        return sorted(self._trials.values(), key=lambda trial: trial.number)

    def curves_of(self, numbers: Collection[int]) -> dict[int, dict[int, float]]:
        """Read the curves of some trials, by number: the objective by epoch.

        Raises:
            StudyDeleted: the study is there no more.
        """
        columns = sa.select(_TRIALS.c.trial_id, _TRIALS.c.number)
        query = columns.where(_TRIALS.c.study_id == self._study_id)
        with self._engine.connect() as connection:
            ids = {row.number: row.trial_id for row in connection.execute(query)}
            wanted = {number: ids[number] for number in numbers if number in ids}
            reader = _Reader(connection, self._study_id)
            curves = reader.grouped(_CURVES, wanted.values(), _point)
            self._check_there(connection)
        return {number: curves[trial_id] for number, trial_id in wanted.items()}

    def _check_there(self, connection: Connection) -> None:
        """Refuse what was read of a study that is deleted: parts of it may have been gone."""
        studies = sa.text("SELECT study_id FROM studies WHERE study_id = :id")
        if connection.execute(studies, {"id": self._study_id}).first() is None:
            raise StudyDeleted("the study was deleted from the database")

    def _changed(self, connection: Connection) -> dict[int, Row[Any]]:
        """Read which trials aren't known as ended."""
        newer = _TRIALS.c.trial_id > self._all_ended_up_to
        query = sa.select(_TRIALS).where(_TRIALS.c.study_id == self._study_id, newer)
        rows = connection.execute(query.order_by(_TRIALS.c.trial_id)).all()
        for row in rows:
            if not row.state.is_finished():
                break
            self._all_ended_up_to = row.trial_id
        return {row.trial_id: row for row in rows if not self._is_settled(row.trial_id)}

    def _is_settled(self, trial_id: int) -> bool:
        known = self._trials.get(trial_id)
        return known is not None and known.state.is_finished()

    def _take(self, connection: Connection, changed: dict[int, Row[Any]]) -> None:
        read = _Reader(connection, self._study_id)
        attributes = read.grouped(_ATTRIBUTES, changed, lambda row: (row.key, row.value_json))
        params = read.grouped(_PARAMS, changed, _param)  # others write them one at a time
        done = {one for one, row in changed.items() if row.state.is_finished()}
        noted = {one for one in done if self._is_first and self._note in attributes[one]}
        curves = read.grouped(_CURVES, [one for one in changed if one not in noted], _point)
        for trial_id, row in changed.items():
            self._trials[trial_id] = FrozenTrial(
                number=row.number,
                state=row.state,
                value=None,
                datetime_start=row.datetime_start,
                datetime_complete=row.datetime_complete,
                params=params[trial_id],
                distributions={},
                user_attrs={key: json.loads(text) for key, text in attributes[trial_id].items()},
                system_attrs={},
                intermediate_values=curves[trial_id],
                trial_id=trial_id,
            )


class _Reader:
    """Reads what belongs to trials of one study."""

    def __init__(self, connection: Connection, study_id: int) -> None:
        self._connection = connection
        self._study_id = study_id

    def grouped(
        self,
        table: sa.Table,
        trials: Collection[int],
        item: Callable[[Row[Any]], tuple[Any, Any]],
    ) -> dict[int, dict[Any, Any]]:
        """Read what a table has of trials, an item a row.

        Arguments:
            table: whose rows belong to trials.
            trials: by their ids.
            item: gives a row's name and value.
        """
        found: dict[int, dict[Any, Any]] = defaultdict(dict)
        if not trials:
            return found
        query = sa.select(table)
        if len(trials) <= FEW:
            query = query.where(table.c.trial_id.in_(trials))
        else:
            query = query.join(_TRIALS, _TRIALS.c.trial_id == table.c.trial_id).where(
                _TRIALS.c.study_id == self._study_id,
                _TRIALS.c.trial_id >= min(trials),
            )
        if "param_id" in table.c:
            query = query.order_by(table.c.param_id)
        wanted = set(trials)
        for row in self._connection.execute(query):
            if row.trial_id in wanted:
                name, value = item(row)
                found[row.trial_id][name] = value
        return found


def _param(row: Row[Any]) -> tuple[str, Any]:
    distribution = _distribution(row.distribution_json)
    return row.param_name, distribution.to_external_repr(row.param_value)


def _point(row: Row[Any]) -> tuple[int, float]:
    value = _NOT_FINITE.get(row.intermediate_value_type, row.intermediate_value)
    return row.step, value


@lru_cache(maxsize=1000)
def _distribution(written: str) -> BaseDistribution:
    """Read a distribution; a study has few, and each trial has them all written out."""
    return json_to_distribution(written)
