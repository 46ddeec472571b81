"""CSV files: every field under its own header, every line a row, so that row numbers hold."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lstm_attn.errors import DataError

_BLANKS = b" \t\r\n"
_SEPARATORS = frozenset(";\t|")
"""What may stand between fields where a comma should."""
_BLOCK = 1 << 16
"""Bytes looked at together at the end of a file."""


class Reader(Protocol):
    """Reads a CSV with settings of the builder of `datasets`."""

    def __call__(self, **settings: object) -> pa.Table | None:
        """Give all rows, None where there is none."""


def read_csv(
    plain: Path, wanted: Sequence[str], read: Reader, *, shown: Path
) -> tuple[pa.Table | None, list[str]]:
    """Read columns of a CSV as strings.

    A blank line is a row: of an empty text where there is one column, else of nulls; at the end of
    the file it is none.

    Arguments:
        plain: the file, unpacked.
        wanted: the columns to read; none for all.
        read: reads the file.
        shown: the file as the user named it.

    Returns:
        the columns wanted, None if some are missing or there is no row; the names of all columns.

    Raises:
        DataError: two columns of one name, rows with more fields than the header, or fields that
            something else than commas separates.
    """
    from datasets import Features, Value

    skipped = _blank_lines_before(plain)
    header = _header(plain, skipped)
    doubled = sorted({name for name in header if name and header.count(name) > 1})
    if doubled:
        raise DataError(
            *(f"{shown}: {header.count(name)} columns are named {name!r}" for name in doubled[:-1]),
            f"{shown}: {header.count(doubled[-1])} columns are named {doubled[-1]!r} - "
            "give every column a name of its own",
        )
    if len(header) == 1 and header[0] not in wanted and (apart := _SEPARATORS & set(header[0])):
        raise DataError(
            f"{shown}: its fields are separated by {min(apart)!r} ({header[0]}) - "
            "separate them by commas"
        )
    head = read(nrows=1, skiprows=skipped, skip_blank_lines=False)
    present = list(head.column_names) if head is not None else []
    if len(present) > len(header):  # pandas would take the first fields for names of the rows
        raise DataError(
            f"{shown}: row 1 has {len(present)} fields, the header has {len(header)} "
            f"({', '.join(header)}) - name every column in the header, or remove the fields "
            "without a name, as those after a comma at the end of rows"
        )
    if not present or not set(wanted) <= set(present):
        return None, present

    def strings(names: Sequence[str]) -> pa.Table:
        table = read(
            features=Features({name: Value("string") for name in names}),
            skiprows=skipped,
            skip_blank_lines=False,
            keep_default_na=False,
            na_filter=False,
        )
        assert table is not None  # it has a first row
        return table.slice(0, max(table.num_rows - _blank_lines_after(plain), 0))

    table = strings(wanted or present)
    if len(present) > 1 and _is_blank(table).any():
        is_blank = pa.array(_is_blank(strings(present)))
        columns = [
            pc.if_else(is_blank, pa.scalar(None, pa.string()), column) for column in table.columns
        ]
        table = pa.table(columns, names=table.column_names)
    return table, present


def _header(path: Path, skipped: int) -> list[str]:
    first = pd.read_csv(
        path,
        header=None,
        nrows=1,
        dtype=str,
        keep_default_na=False,
        na_filter=False,
        skiprows=skipped,
    )
    return [str(name) for name in first.iloc[0]]


def _is_blank(table: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tell for each row whether all its fields are empty or blank, (R,)."""
    blank = np.ones(table.num_rows, dtype=np.bool_)
    for column in table.columns:
        blank &= pc.equal(pc.utf8_trim_whitespace(column), "").to_numpy()
    return blank


def _blank_lines_before(path: Path) -> int:
    """Count the blank lines before the header."""
    count = 0
    with path.open("rb") as file:
        for line in file:
            if line.strip(_BLANKS):
                break
            count += 1
    return count


def _blank_lines_after(path: Path) -> int:
    """Count the blank lines after the last row."""
    end, tail = path.stat().st_size, b""
    with path.open("rb") as file:
        while end and not tail.strip(_BLANKS):
            start = max(end - _BLOCK, 0)
            file.seek(start)
            tail = file.read(end - start) + tail
            end = start
    blanks = tail[len(tail.rstrip(_BLANKS)) :]
    return max(len(blanks.splitlines()) - 1, 0)
