"""Arguments and options that several commands take, and how they are read."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from lstm_attn.config import TASK_KINDS
from search import completing
from search.settings import Settings, read

_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")


def duration(text: str) -> float:
    """Read a duration into seconds.

    Raises:
        typer.BadParameter: it is none.
    """
    from search.spec import times

    try:
        return times.duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def whole(low: int, high: int = 2**63 - 1) -> Callable[[str | int], int]:
    """Give the reader of a whole number within limits.

    Arguments:
        low: the smallest.
        high: the largest.
    """

    def read(text: str | int) -> int:
        if not _WHOLE.fullmatch(str(text)) or not low <= int(text) <= high:
            more = "" if high == 2**63 - 1 else f" up to {high:,}"
            raise typer.BadParameter(f"got {text!r} - use a whole number from {low}{more}")
        return int(text)

    return read


def real(text: str | float) -> float:
    """Read a number.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        return float(text)
    except ValueError as error:
        raise typer.BadParameter(f"got {text!r} - use a number such as 0.8") from error


def writable(out: Path | None) -> Path | None:
    """Refuse a file that cannot be written before anything is computed for it.

    Raises:
        typer.BadParameter: it is a folder, or in a folder that isn't there, or no path.
    """
    if out is None:
        return None
    try:
        unfit = out.is_dir() or not out.parent.is_dir()
        out.resolve()
    except (OSError, RuntimeError) as error:  # a name too long, or a link that leads to itself
        raise typer.BadParameter(f"cannot write {out}, {reason(error)} - name another") from error
    if unfit:
        raise typer.BadParameter(f"cannot write {out} - name a file in a folder that is there")
    return out


def reason(error: Exception) -> str:
    """Say why a path can't be followed."""
    return getattr(error, "strerror", None) or "a link that leads to itself"


def places(storage: str | None, checkpoints: str | None = None) -> Settings:
    """Settle where things are, from options, environment and working folder."""
    return read(os.environ, folder=Path.cwd(), storage=storage, checkpoints=checkpoints)


def files(incomplete: str) -> list[str]:
    """Complete a study file."""
    return completing.study_files(incomplete, Path.cwd())


def kinds(incomplete: str) -> list[str]:
    """Complete a kind of task."""
    return [kind for kind in TASK_KINDS if kind.startswith(incomplete)]


def names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete a study's name, or its file."""
    storage = ctx.params.get("storage")
    found = completing.study_names(incomplete, os.environ, Path.cwd(), storage)
    return [*found, *files(incomplete)]


Trials = Annotated[
    int | None,
    typer.Option(parser=whole(1, 1_000_000), metavar="N", help="Finished trials in all."),
]
Slots = Annotated[
    int | None,
    typer.Option(parser=whole(1, 10_000), metavar="N", help="Trials at a time, at most."),
]
File = Annotated[
    Path, typer.Argument(metavar="FILE", help="A study file (TOML).", autocompletion=files)
]
Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A study, or its file.", autocompletion=names)
]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="An export.")]
Data = Annotated[
    list[Path],
    typer.Argument(metavar="DATA...", help="Files as the model was trained on, one after another."),
]
Storage = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Database of studies: sqlite:///FILE or postgresql://USER@HOST:PORT/DATABASE. "
        "Else LSTM_SEARCH_STORAGE, else .lstm-search/studies.db.",
    ),
]
Checkpoints = Annotated[
    str | None,
    typer.Option(
        metavar="PLACE",
        help="Checkpoints: a folder, s3://BUCKET/FOLDER or gs://BUCKET/FOLDER. "
        "Else LSTM_SEARCH_CHECKPOINTS, else the study's own, else beside the database.",
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Over the file's, such as training.epochs=5."),
]
Rename = Annotated[str | None, typer.Option("--name", help="The study's name, over the file's.")]
Top = Annotated[int, typer.Option(parser=whole(1), metavar="K", help="How many of the best.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print the end result alone.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", callback=writable, help="Write here, not to stdout."),
]
