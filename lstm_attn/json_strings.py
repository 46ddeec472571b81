"""Strings of JSON as they are written, where Arrow takes them for points in time."""

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pyarrow as pa

_START = re.compile(r"\S")


def as_written(table: pa.Table | None, lines: Path, wanted: Collection[str]) -> pa.Table | None:
    """Give back the strings that Arrow's reader turned into time stamps.

    A date may be a label or a text, and its time zone matters: only the reader of a column knows.

    Arguments:
        table: all rows of a file as Arrow read them; None where there are none.
        lines: the file, JSON lines in UTF-8.
        wanted: columns to look at.
    """
    if table is None:
        return None
    taken = [
        name
        for name in table.column_names
        if name in wanted and pa.types.is_timestamp(table[name].type)
    ]
    if not taken:
        return table
    rows = _rows(lines.read_text(encoding="utf-8-sig"))
    for name in taken:
        strings = pa.array([row.get(name) for row in rows], pa.string())
        table = table.set_column(table.column_names.index(name), name, strings)
    return table


def _rows(text: str) -> list[dict[str, Any]]:
    """Read objects that follow each other, a line each or not."""
    decoder, rows, at = json.JSONDecoder(), [], 0
    while start := _START.search(text, at):
        row, at = decoder.raw_decode(text, start.start())
        rows.append(row)
    return rows
