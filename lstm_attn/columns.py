"""One column of one file, turned into numbers, sequences, texts or labels.

A value that doesn't fit is an error with its row: rows count from 1, a header isn't one.
Letters: R rows, N steps of all rows one after another, F numbers a step.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lstm_attn.errors import DataError

_NO_VALUE = frozenset({"", "na", "n/a", "nan", "null", "none"})
"""What stands for a missing number in text, in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Values of a column, and how to speak of them."""

    values: pa.ChunkedArray
    """(R,) as they were read."""
    name: str
    """The column's name."""
    path: Path
    """The file."""
    key: str
    """Where the column was asked for, as `task.inputs`."""

    def problem(self, what: str, rows: npt.NDArray[np.integer[Any]], cure: str) -> DataError:
        """Say what is wrong with some rows, which count from 0 here and from 1 for the user."""
        more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
        return DataError(
            f"{self.key}: column {self.name!r} {what} in row {rows[0] + 1} of {self.path}{more}"
            f" - {cure}",
            row=int(rows[0]) + 1,
            rows=len(rows),
        )


def numbers(column: Column) -> npt.NDArray[np.float64]:
    """Give numbers (R,), NaN where there is none, as the nearest float64 has them.

    Raises:
        DataError: text where a number belongs, or no column of numbers at all.
    """
    values = plain(column.values)
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    if is_text(values.type):
        return _parsed(column, values)
    if not is_number(values.type):
        raise DataError(
            f"{column.key}: column {column.name!r} of {column.path} holds {values.type}, not "
            "numbers - name a column of numbers"
        )
    return _floats(values)


def sequences(column: Column) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Give float sequences of different lengths, from lists of lists, or lists of numbers.

    Returns:
        steps (N, F) of all rows one after another, F being 1 for lists of numbers; lengths (R,).

    Raises:
        DataError: a row without steps, steps of different widths, anything but a finite number.
    """
    rows = plain(column.values).combine_chunks()
    if not _is_list(rows.type):
        raise DataError(
            f"{column.key}: column {column.name!r} of {column.path} holds {rows.type} - "
            "name a column of text, of lists of numbers, or of lists of lists of numbers"
        )
    lengths = _lengths(rows)
    if not lengths.all():
        raise column.problem("has no steps", np.flatnonzero(lengths == 0), "remove such rows")
    steps, width = rows.flatten(), 1
    row_of_step = np.repeat(np.arange(len(rows)), lengths)
    if _is_list(steps.type):
        widths = _lengths(steps)
        width = int(widths[0])
        if not widths.all():
            empty = np.unique(row_of_step[widths == 0])
            raise column.problem("is empty, with a step of no numbers,", empty, "remove such rows")
        if (widths != width).any():
            odd = int(np.flatnonzero(widths != width)[0])
            raise column.problem(
                f"has {widths[odd]} numbers a step, not {width} as in row 1,",
                row_of_step[odd : odd + 1],
                "give every step of every row as many",
            )
        steps = steps.flatten()
    if not is_number(steps.type):
        raise DataError(
            f"{column.key}: column {column.name!r} of {column.path} holds sequences of "
            f"{steps.type} - give lists of numbers, all as deep"
        )
    values = _floats(steps)
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        odd_rows = np.unique(np.repeat(row_of_step, width)[wrong])
        raise column.problem("has no finite number", odd_rows, "fill or remove such rows")
    return values.reshape(-1, width), lengths


def texts(column: Column) -> list[str]:
    """Give texts (R,).

    Raises:
        DataError: a row without text, or no column of text at all.
    """
    values = plain(column.values)
    if not is_text(values.type):
        raise DataError(
            f"{column.key}: column {column.name!r} of {column.path} holds {values.type}, not "
            "text - name a column of text"
        )
    refuse_missing(column, values, "text")
    return list(values.to_pylist())


def labels(column: Column) -> tuple[list[Any], npt.NDArray[np.int64]]:
    """Give the different labels as they stand, and for each row its place among them (R,).

    Raises:
        DataError: a row without a label, or values that can't be labels.
    """
    values = plain(column.values)
    if pa.types.is_nested(values.type) or _is_binary(values.type):
        raise DataError(
            f"{column.key}: column {column.name!r} of {column.path} holds {values.type}, not "
            "labels - name a column of text, whole numbers or true and false"
        )
    refuse_missing(column, values, "label")
    encoded = values.combine_chunks().dictionary_encode()
    found = encoded.dictionary.to_pylist()
    bad = [
        place
        for place, label in enumerate(found)
        if (isinstance(label, str) and not label.strip())
        or (isinstance(label, float) and math.isnan(label))
    ]
    indices = np.asarray(encoded.indices.to_numpy(), dtype=np.int64)
    if bad:
        raise column.problem("has no label", np.flatnonzero(np.isin(indices, bad)), "add it")
    return found, indices


def _parsed(column: Column, values: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    trimmed = pc.utf8_trim_whitespace(values)
    try:
        return _floats(trimmed.cast(pa.float64()))
    except pa.ArrowInvalid:  # some row is missing, or no number as Arrow writes them
        written = [text or "" for text in trimmed.to_pylist()]
    parsed = np.array([_number(text) for text in written])
    wrong = np.flatnonzero(np.isinf(parsed))
    if len(wrong):
        raise column.problem(
            f"is {written[wrong[0]]!r}, no number,", wrong, "mend or remove such rows"
        )
    return parsed


def _number(text: str) -> float:
    """Read a number; NaN where there is none, infinity where it is something else."""
    if text.lower() in _NO_VALUE:
        return math.nan
    try:
        return float(text.replace("_", "x"))
    except ValueError:
        return math.inf


def refuse_missing(column: Column, values: pa.ChunkedArray, what: str) -> None:
    """Refuse rows without a value.

    Arguments:
        column: where the values are of.
        values: (R,) as `plain` gives them.
        what: what a row lacks, for the message.

    Raises:
        DataError: with the first such row and their number.
    """
    if values.null_count:
        missing = np.flatnonzero(values.is_null().to_numpy())
        raise column.problem(f"has no {what}", missing, "add it, or remove such rows")


def plain(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give values (R,) that a dictionary or views stand for; others as they are."""
    if pa.types.is_dictionary(values.type):
        return values.cast(values.type.value_type)
    return values.cast(pa.large_string()) if pa.types.is_string_view(values.type) else values


def _floats(values: Any) -> npt.NDArray[np.float64]:  # noqa: ANN401 - pyarrow is untyped
    """Round numbers to float64, as reading them from text does; Arrow refuses some else."""
    rounded = values.cast(pa.float64(), safe=False)
    return np.asarray(rounded.to_numpy(zero_copy_only=False), dtype=np.float64)


def _lengths(values: Any) -> npt.NDArray[np.int64]:  # noqa: ANN401 - pyarrow is untyped
    return np.asarray(
        pc.fill_null(pc.list_value_length(values), 0).to_numpy(zero_copy_only=False), dtype=np.int64
    )


def is_text(kind: pa.DataType) -> bool:
    """Tell whether a column's type is text."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def is_number(kind: pa.DataType) -> bool:
    """Tell whether a column's type is a number, or nothing in every row."""
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_null(kind)
    )


def _is_binary(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_binary_view(kind)
    )


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )
