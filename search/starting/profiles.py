"""What a column can be: a time, a number, a label, a text, a sequence; told by the reader itself.

Letters: R rows.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lstm_attn.columns import Column, is_text, labels, numbers, sequences, texts
from lstm_attn.errors import DataError
from lstm_attn.frequency import Stamps, infer, places
from lstm_attn.timestamps import timestamps
from search.starting.files import KEY

Kind = Literal["number", "label", "text", "time"]
"""What the rows of a column may hold."""
MOST_LABELS = 100
"""The most labels that are guessed to be some; `--target` takes any number."""
ROWS_OF_LABEL = 4
"""Rows that each label has at least, on average, where labels are guessed."""
WORDS_OF_TEXT = 3
"""Words from which on a text is surely one, on average."""
_TIMES = frozenset({"date", "time", "datetime", "timestamp", "day", "month", "year", "ds", "when"})
_COUNTERS = frozenset({"id", "index", "idx", "key", "uuid", "guid", "unnamed", "row", "number"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """Rows of a column that lack what the others have."""

    problem: str
    """What is wrong with them, and what would do."""
    row: int
    """The first, from 1."""
    rows: int
    """How many there are."""

    @property
    def where(self) -> str:
        """Name them as all messages do."""
        return f"row {self.row}" + (f" and {self.rows - 1:,} more" if self.rows > 1 else "")


@dataclass(frozen=True, kw_only=True)  # without slots: what passes over all rows is kept
class Profile:
    """One column."""

    name: str
    """Its name."""
    stamps: Stamps | None = None
    """(R,) points in time, as they stand; None where it has none, or not in every row."""
    values: npt.NDArray[np.float64] | None = None
    """(R,) numbers, NaN where one is missing; None where it holds something else."""
    labels: int = 0
    """Different labels; 0 where a row lacks one."""
    largest: float = 0.0
    """Share of rows that the most frequent label has."""
    is_text: bool = False
    """Whether it is text in every row."""
    words: float = 0.0
    """Words of a text, on average."""
    characters: float = 0.0
    """Characters of a text, on average."""
    is_sequence: bool = False
    """Whether it is lists of numbers in every row."""
    is_list: bool = False
    """Whether it is lists at all."""
    problem: str = ""
    """Why its lists are no sequences."""
    holes: Mapping[Kind, Hole] = field(default_factory=dict)
    """What a few of its rows lack to make it numbers, labels, texts or times."""
    rows: int = 0
    """How many rows there are."""

    @property
    def words_of_name(self) -> frozenset[str]:
        """The parts of its name, in lower case."""
        return frozenset(
            re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", self.name).lower())
        )

    @property
    def is_named_time(self) -> bool:
        """Whether its name says that it is times."""
        return bool(self.words_of_name & _TIMES)

    @cached_property
    def is_counter(self) -> bool:
        """Whether it counts or names the rows."""
        if self.values is not None and self.rows > 2:  # noqa: PLR2004 - two rows are no rule
            return bool((np.diff(self.values) == 1).all())
        return bool(self.words_of_name & _COUNTERS) and self.labels == self.rows

    @cached_property
    def is_series(self) -> bool:
        """Whether it is numbers that a forecast can take in."""
        return (
            self.values is not None
            and "number" not in self.holes
            and not self.is_counter
            and bool((self.values != self.values[0]).any())
        )

    @cached_property
    def can_be_labels(self) -> bool:
        """Whether it is guessed to be labels: few of them, words or whole numbers."""
        whole = self.values is None or bool((self.values == np.round(self.values)).all())
        return (
            1 < self.labels <= min(MOST_LABELS, self.rows // ROWS_OF_LABEL)
            and whole
            and self.stamps is None
            and self.words < WORDS_OF_TEXT
        )

    @property
    def can_be_text(self) -> bool:
        """Whether it is guessed to be text rather than names, numbers or labels."""
        return (
            self.is_text
            and self.values is None
            and self.stamps is None
            and not self.is_named_time
            and not self.is_counter
            and (self.words >= WORDS_OF_TEXT or not self.can_be_labels)
            and self.labels > 1
        )

    @cached_property
    def is_doubled(self) -> bool:
        """Whether two rows have the same time."""
        assert self.stamps is not None
        return len(np.unique(self.stamps)) < len(self.stamps)

    @cached_property
    def frequency(self) -> str | None:
        """How far apart rows lie in time; None where some are missing, doubled or between."""
        assert self.stamps is not None
        ordered = np.sort(self.stamps)
        if len(ordered) < 2 or self.is_doubled:  # noqa: PLR2004 - two lie apart
            return None
        found = infer(ordered)
        steps = places(ordered, found)
        return found if (steps >= 0).all() and (np.diff(steps) == 1).all() else None


def profile(table: pa.Table, path: Path) -> tuple[Profile, ...]:
    """Look at every column of a file that has a name: no study file could name another.

    Arguments:
        table: all of it.
        path: where it was read, for messages.
    """
    return tuple(
        _profile(Column(values=table[name], name=name, path=path, key=KEY))
        for name in table.column_names
        if name
    )


def _profile(column: Column) -> Profile:
    rows = len(column.values)
    if pa.types.is_nested(column.values.type):
        try:
            sequences(column)
        except DataError as error:
            problem = error.problems[0].removeprefix(f"{KEY}: ")
            is_list = not pa.types.is_struct(column.values.type)
            return Profile(name=column.name, rows=rows, is_list=is_list, problem=problem)
        return Profile(name=column.name, rows=rows, is_list=True, is_sequence=True)
    holes: dict[Kind, Hole] = {}
    values = _numbers(column, holes)
    found, largest = _labels(column, holes)
    written = _texts(column, holes) if values is None else None
    lengths = [len(text) for text in written or ()]
    return Profile(
        name=column.name,
        rows=rows,
        values=values,
        stamps=_stamps(column, values, holes),
        labels=found,
        largest=largest,
        is_text=written is not None,
        words=sum(len(text.split()) for text in written) / rows if written else 0.0,
        characters=sum(lengths) / rows if lengths else 0.0,
        holes=holes,
    )


def _hole(error: DataError) -> Hole:
    problem = error.problems[0].removeprefix(f"{KEY}: ")
    return Hole(problem=problem, row=error.row or 0, rows=error.rows)


def _are_few(error: DataError, column: Column) -> bool:
    """Tell whether an error is of fewer rows than are as they should be."""
    return 0 < 2 * error.rows < len(column.values)


def _numbers(column: Column, holes: dict[Kind, Hole]) -> npt.NDArray[np.float64] | None:
    """Give numbers, where there is at least one, and nothing else."""
    try:
        values = numbers(column)
    except DataError as error:
        if _are_few(error, column):
            holes["number"] = _hole(error)
        return None
    missing = np.flatnonzero(~np.isfinite(values))
    if len(missing) == len(values):
        return None
    if len(missing):
        cure = "fill it in, or name another column"
        holes["number"] = _hole(column.problem("has no finite number", missing, cure))
    return values


def _stamps(
    column: Column, values: npt.NDArray[np.float64] | None, holes: dict[Kind, Hole]
) -> Stamps | None:
    """Give points in time; numbers are some where the column's name says so."""
    if values is not None and not Profile(name=column.name).is_named_time:
        return None
    try:
        return timestamps(column).stamps
    except DataError as error:
        if _are_few(error, column):
            holes["time"] = _hole(error)
        return None


def _labels(column: Column, holes: dict[Kind, Hole]) -> tuple[int, float]:
    try:
        found, indices = labels(column)
    except DataError as error:
        holes["label"] = _hole(error)
        return 0, 0.0
    return len(found), float(np.bincount(indices).max() / len(indices))


def _texts(column: Column, holes: dict[Kind, Hole]) -> list[str] | None:
    kind: Any = column.values.type
    if not is_text(kind):
        return None
    try:
        written = texts(column)
        blank = np.flatnonzero([not text.strip() for text in written])
        if len(blank):
            error = column.problem("has no text", blank, "add it, or remove such rows")
            if _are_few(error, column):
                holes["text"] = _hole(error)
    except DataError as error:
        if _are_few(error, column):
            holes["text"] = _hole(error)
        return None
    return written
