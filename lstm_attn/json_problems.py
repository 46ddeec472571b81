"""What is wrong with rows of JSON, told as the user counts them: Arrow counts from 0, by blocks."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

_START = re.compile(r"\S")
_NAMES = {bool: "true or false", int: "numbers", float: "numbers", str: "text", dict: "objects"}


def broken_row(text: str) -> str | None:
    """Say which is the first row that is no object of JSON, and why; None where all are.

    Arguments:
        text: rows that follow each other, a line each or not.
    """
    rows = _rows(text)
    number = 0
    try:
        for number, row in enumerate(rows, start=1):
            if not isinstance(row, dict):
                return f'row {number} is no object, as {{"name": value}}'
    except json.JSONDecodeError as error:
        return f"row {number + 1} is broken, {error.msg[:1].lower()}{error.msg[1:]}"
    except (RecursionError, ValueError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        return f"row {number + 1} is broken, {why}"
    return None


def mixed_rows(text: str, column: str) -> str | None:
    """Say how a column changes its type; None where it doesn't.

    Arguments:
        text: rows that are objects, all of them.
        column: its name.
    """
    kinds: dict[str, int] = {}
    for number, row in enumerate(_rows(text), start=1):
        if kind := _kind(row.get(column)):
            kinds.setdefault(kind, number)
        if len(kinds) > 1:
            seen = ", ".join(f"{kind} from row {first}" for kind, first in kinds.items())
            return f"changes its type: {seen}"
    return None


def _rows(text: str) -> Iterator[Any]:
    """Read one value after the other."""
    decoder = json.JSONDecoder(object_pairs_hook=_each_once, parse_float=_within_reach)
    at = 0
    while start := _START.search(text, at):
        row, at = decoder.raw_decode(text, start.start())
        yield row


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{doubled!r} stands in it twice")
    return row


def _within_reach(number: str) -> float:
    if math.isinf(float(number)):
        raise ValueError(f"{number} is too large a number")
    return float(number)


def _kind(value: object) -> str:
    """Name the kind of a JSON value; nothing for what tells none."""
    if isinstance(value, list):
        inner = sorted({_kind(item) for item in value} - {""})
        return f"lists of {' and '.join(inner)}" if inner else ""
    return _NAMES.get(type(value), "")
