"""Columns of a table looked at, by what the reader itself makes of them.

Letters: R rows.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lstm_attn.columns import Column, is_text, labels, numbers, sequences, texts
from lstm_attn.errors import DataError
from lstm_attn.frequency import Stamps
from lstm_attn.timestamps import timestamps
from search.starting.files import KEY
from search.starting.profiles import Hole, Kind, Profile

_PLAIN = re.compile(r"[+-]?\d+(?:\.\d+)?")
_NUMERAL = re.compile(
    r"(?:[$€£¥]|[A-Z]{3})?\s*[+-]?\s*(?:[$€£¥]|[A-Z]{3})?\s*"
    r"(?:\d{1,3}(?:[,.'\s]\d{3})+|\d+)(?:[.,]\d+)?\s*(?:[%$€£¥]|[A-Z]{3})?"
)
"""A number as people write it: with a currency, with marks between thousands, in percent."""


def profile(table: pa.Table, path: Path) -> tuple[Profile, ...]:
    """Look at every column of a file that has a name; a study file can name no other.

    Arguments:
        table: all of it.
        path: where it was read, for messages.
    """
    return tuple(
        _profile(Column(values=table[name], name=name, path=path, key=KEY))
        if name.isprintable()
        else Profile(name=_printable(name), rows=table.num_rows, is_unnameable=True)
        for name in table.column_names
        if name
    )


def _printable(name: str) -> str:
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in name)


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
        has_words=2 * sum(any(map(str.isalpha, text)) for text in written or ()) > rows,
        holes=holes,
    )


def _hole(error: DataError) -> Hole:
    problem = error.problems[0].removeprefix(f"{KEY}: ")
    return Hole(problem=problem, row=error.row or 0, rows=error.rows)


def _are_few(error: DataError, column: Column) -> bool:
    """Tell whether an error is of fewer rows than are as they should be."""
    return 0 < 2 * error.rows < len(column.values)


def _numerals(column: Column) -> DataError | None:
    """Give what is wrong with numbers as people write them, as `$1,200`; None where most aren't."""
    if not is_text(column.values.type):
        return None
    written = [(value or "").strip() for value in column.values.to_pylist()]
    numerals = [row for row, value in enumerate(written) if _NUMERAL.fullmatch(value)]
    rows = np.array([row for row in numerals if not _PLAIN.fullmatch(written[row])], np.int64)
    if not len(rows) or 2 * len(numerals) <= len(written):
        return None
    what = f"is {written[rows[0]]!r}, no plain number,"
    return column.problem(what, rows, "write it as 1200.5, without units or marks of thousands")


def _numbers(column: Column, holes: dict[Kind, Hole]) -> npt.NDArray[np.float64] | None:
    """Give numbers, where there is at least one, and nothing else."""
    try:
        values = numbers(column)
    except DataError as error:
        if numerals := _numerals(column):
            holes["number"] = _hole(numerals)
        elif _are_few(error, column):
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
