"""Results on their way out: text for people, JSON and CSV for programs."""

import csv
import io
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from rich.console import RenderableType

from search.placing import place
from search.records import Value
from search.render.layout import console
from search.render.plain import plain

ENDLESS = 100_000
"""Columns where lines have no end."""
WHOLE = 1e9
"""From here on nine digits don't reach the units, which are written all the same."""


def tell(said: RenderableType) -> None:
    """Print on stderr what is not the result."""
    _print(said, sys.stderr)


def show(result: RenderableType | dict[str, Any] | list[Any] | None) -> None:
    """Print a result on stdout: plain values as JSON, anything else as text."""
    if result is None or isinstance(result, dict | list):
        deliver(as_json(result), None)
    else:
        _print(result, sys.stdout)


def _print(text: RenderableType, file: TextIO) -> None:
    """Print a text within the lines of a terminal; elsewhere each line is as long as it is."""
    if file.isatty():
        console(file).print(text, crop=False)  # commands are longer than lines
        return
    endless = console(file, ENDLESS)
    with endless.capture() as lines:
        endless.print(text)
    file.write("\n".join(line.rstrip() for line in lines.get().split("\n")))
    file.flush()


def as_json(result: object) -> str:
    """Write plain values, or records, as JSON on lines of their own."""
    return json.dumps(plain(result), indent=2, allow_nan=False) + "\n"


def predicted(rows: Sequence[Mapping[str, Value]]) -> list[dict[str, Value]]:
    """Give predictions with as many digits as tell two numbers of the model's, float32, apart."""
    return [
        {name: _short(value) if name != "label" else value for name, value in row.items()}
        for row in rows
    ]


def _short(value: Value) -> Value:
    if not isinstance(value, float):
        return value
    return float(f"{value:.9g}" if abs(value) < WHOLE else f"{value:.0f}")


def as_csv(rows: Sequence[Mapping[str, Value]]) -> str:
    """Write rows as CSV, the columns as in the first of them."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def deliver(text: str, out: Path | None) -> None:
    """Write a text into a file, whole or not at all; print it on stdout where none is named.

    Raises:
        WrongUse: the file cannot be written.
    """
    if out is None:
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        place(out, text, force=True, option="--out")
