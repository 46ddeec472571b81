"""What a column can be: a time, a number, a label, a text, a sequence; told by the reader itself.

Letters: R rows.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lstm_attn.columns import Column, is_text, labels, numbers, sequences, texts
from lstm_attn.errors import DataError
from lstm_attn.frequency import Stamps, infer, places
from lstm_attn.timestamps import timestamps
from search.starting.files import KEY

MOST_LABELS = 100
"""The most labels that are guessed to be some; `--target` takes any number."""
ROWS_OF_LABEL = 4
"""Rows that each label has at least, on average, where labels are guessed."""
WORDS_OF_TEXT = 3
"""Words from which on a text is surely one, on average."""
_TIMES = frozenset({"date", "time", "datetime", "timestamp", "day", "month", "year", "ds", "when"})
_COUNTERS = frozenset({"id", "index", "idx", "key", "uuid", "guid", "unnamed", "row", "number"})


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
    def missing(self) -> int:
        """Rows without a number."""
        return 0 if self.values is None else int((~np.isfinite(self.values)).sum())

    @cached_property
    def is_series(self) -> bool:
        """Whether it is numbers that a forecast can take in."""
        return (
            self.values is not None
            and not self.missing
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
    """Look at every column of a file.

    Arguments:
        table: all of it.
        path: where it was read, for messages.
    """
    return tuple(
        _profile(Column(values=table[name], name=name, path=path, key=KEY))
        for name in table.column_names
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
    values = _numbers(column)
    found, largest = _labels(column)
    written = _texts(column) if values is None else None
    lengths = [len(text) for text in written or ()]
    return Profile(
        name=column.name,
        rows=rows,
        values=values,
        stamps=_stamps(column, values),
        labels=found,
        largest=largest,
        is_text=written is not None,
        words=sum(len(text.split()) for text in written) / rows if written else 0.0,
        characters=sum(lengths) / rows if lengths else 0.0,
    )


def _numbers(column: Column) -> npt.NDArray[np.float64] | None:
    """Give numbers, where there is at least one, and nothing else."""
    try:
        values = numbers(column)
    except DataError:
        return None
    return values if np.isfinite(values).any() else None


def _stamps(column: Column, values: npt.NDArray[np.float64] | None) -> Stamps | None:
    """Give points in time; numbers are some where the column's name says so."""
    if values is not None and not Profile(name=column.name).is_named_time:
        return None
    try:
        return timestamps(column).stamps
    except DataError:
        return None


def _labels(column: Column) -> tuple[int, float]:
    try:
        found, indices = labels(column)
    except DataError:
        return 0, 0.0
    return len(found), float(np.bincount(indices).max() / len(indices))


def _texts(column: Column) -> list[str] | None:
    kind: Any = column.values.type
    if not is_text(kind):
        return None
    try:
        return texts(column)
    except DataError:
        return None
