"""Folders for what is brought here to be read, and is gone after that."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from search.errors import Outage

PREFIX = "lstm-search-"
_USUAL = "/tmp"  # noqa: S108 - Python's own first choice


def settle() -> None:
    """Settle where temporary files go even if no disk has room: libraries ask as they are loaded.

    Whatever is written there then fails, and is told as what it is.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        tempfile.tempdir = os.environ.get("TMPDIR") or _USUAL


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a folder for a block, for nobody else's eyes, and gone after it.

    Raises:
        Outage: there is no room for it.
    """
    try:
        made = tempfile.TemporaryDirectory(prefix=PREFIX)
    except OSError as error:  # where every disk is full, Python finds no place at all
        raise Outage(
            f"no folder for uploaded data can be made: {error.strerror} - "
            "make room on the disk, or name a folder on another in TMPDIR"
        ) from error
    with made as folder:
        yield Path(folder)
