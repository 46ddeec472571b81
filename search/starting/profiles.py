"""What a column can be: a time, a number, a label, a text, a sequence.

Letters: R rows.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from lstm_attn.frequency import Stamps, infer, places

Kind = Literal["number", "label", "text", "time"]
"""What the rows of a column may hold."""
MOST_LABELS = 100
"""The most labels that are guessed to be some; `--target` takes any number."""
ROWS_OF_LABEL = 4
"""Rows that each label has at least, on average, where labels are guessed."""
WORDS_OF_TEXT = 3
"""Words from which on a text is surely one, on average."""
USUAL = 0.9
"""Share of rows that lie as far apart as others, from which on that is their rhythm."""
FEW = 0.05
"""Share of rows with a time that was there before up to which they are slips, no second series."""
_TIMES = frozenset({"date", "time", "datetime", "timestamp", "day", "month", "year", "ds", "when"})
_COUNTERS = frozenset(
    {"id", "identifier", "index", "idx", "key", "uuid", "guid", "unnamed", "row", "number"}
)
_CLOCKS = _TIMES | _COUNTERS | {"ts", "t", "epoch", "unix", "unixtime", "elapsed", "step"}
_EVEN = 1e-6
"""How much the steps of a counter differ at most, as a share of the largest."""
PARTS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")
"""Parts of a time that may have a column each, the longest first."""
_BETWEEN = frozenset({"of", "the", "in", "no"})


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
    has_words: bool = False
    """Whether most of its texts have letters."""
    is_list: bool = False
    """Whether it is lists at all."""
    problem: str = ""
    """Why its lists are no sequences."""
    holes: Mapping[Kind, Hole] = field(default_factory=dict)
    """What a few of its rows lack to make it numbers, labels, texts or times."""
    rows: int = 0
    """How many rows there are."""
    is_unnameable: bool = False
    """Whether no study file can name it, as there is a line break in its name."""

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

    @property
    def part_of_time(self) -> int | None:
        """Which part of a time it is by its name, the longest being 0; None where it is none.

        `month` and `hour of the day` are parts, `day_sales` is none.
        """
        words = self.words_of_name - _BETWEEN
        if self.values is None or not words or not words.issubset(PARTS):
            return None
        return max(map(PARTS.index, words))

    @cached_property
    def is_counter(self) -> bool:
        """Whether it counts or names the rows, or is a clock: it says nothing of a row itself."""
        if self.values is not None and self.rows > 2:  # noqa: PLR2004 - two rows are no rule
            steps = np.diff(self.values)
            rises = bool((steps > 0).all())
            if rises or (steps < 0).all():
                is_even = np.ptp(steps) <= _EVEN * np.abs(steps).max()
                return bool(is_even) or (rises and bool(self.words_of_name & _CLOCKS))
            return bool(self.words_of_name & (_COUNTERS - {"number"})) and self._is_unique
        return bool(self.words_of_name & _COUNTERS) and self.labels == self.rows

    @property
    def _is_unique(self) -> bool:
        return len(np.unique(self.values)) == self.rows if self.values is not None else False

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
            and "number" not in self.holes
        )

    @cached_property
    def doubled(self) -> int:
        """How many rows have the time of a row before them."""
        assert self.stamps is not None
        return len(self.stamps) - len(np.unique(self.stamps))

    @property
    def frequency(self) -> str | None:
        """How far apart rows lie in time; None where some are missing, doubled or between."""
        found, is_next = self._steps
        return found if not self.doubled and is_next.all() else None

    @property
    def rhythm(self) -> str | None:
        """How far apart nearly all rows lie in time; None where many lie otherwise."""
        found, is_next = self._steps
        is_usual = len(is_next) and is_next.mean() >= USUAL and self.doubled <= FEW * self.rows
        return found if is_usual else None

    @cached_property
    def _steps(self) -> tuple[str | None, npt.NDArray[np.bool_]]:
        """Tell how far apart most rows lie, and which lie so after the one before."""
        assert self.stamps is not None
        ordered = np.unique(self.stamps)
        if len(ordered) < 2:  # noqa: PLR2004 - two lie apart
            return None, np.zeros(0, np.bool_)
        found = infer(ordered)
        steps = places(ordered, found)
        return found, np.asarray((np.diff(steps) == 1) & (steps[1:] >= 0) & (steps[:-1] >= 0))
