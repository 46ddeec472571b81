"""Folders for what is brought here to be read; a full disk is told as what may be waited for."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lstm_attn.errors import NoRoom
from lstm_attn.scratch import folder
from search.errors import Outage

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
    """Give a folder for a block, as `lstm_attn.scratch.folder` does.

    Raises:
        Outage: there is no room for it.
    """
    with ExitStack() as undo:
        try:
            made = undo.enter_context(folder())
        except NoRoom as full:
            raise Outage(*full.problems) from full
        yield made
