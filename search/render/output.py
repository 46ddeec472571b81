"""Results on their way out: text for people, JSON and CSV for programs."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from rich.console import RenderableType

from search.errors import WrongUse
from search.records import Value
from search.render.layout import console
from search.render.plain import plain


def show(result: RenderableType, file: TextIO) -> None:
    """Print what is for people."""
    console(file).print(result)


def show_json(result: object, file: TextIO) -> None:
    """Print what is for programs: JSON, finite numbers only."""
    file.write(as_json(result))
    file.flush()


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


def deliver(text: str, out: Path | None, file: TextIO) -> None:
    """Write a text into a file; print it where none is named.

    Raises:
        WrongUse: the file cannot be written.
    """
    if out is None:
        file.write(text)
        file.flush()
        return
    try:
        out.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise WrongUse(
            f"--out: cannot write {out}: {error.strerror} - name a file in a folder that is there"
        ) from error
