"""Results on their way out: text for people, JSON and CSV for programs."""

import csv
import io
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from search.placing import place
from search.records import Value
from search.render.layout import console
from search.render.plain import plain


def tell(said: RenderableType) -> None:
    """Print on stderr what is not the result."""
    console(sys.stderr).print(said)


def show(result: RenderableType | dict[str, Any] | list[Any] | None) -> None:
    """Print a result on stdout: plain values as JSON, anything else as text."""
    if result is None or isinstance(result, dict | list):
        deliver(as_json(result), None)
    else:
        console(sys.stdout).print(result, crop=False)  # commands are longer than lines


def as_json(result: object) -> str:
    """Write plain values, or records, as JSON on lines of their own."""
    return json.dumps(plain(result), indent=2, allow_nan=False) + "\n"


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
