"""Folders for the temporary files that reading takes."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from lstm_attn.errors import NoRoom

_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a folder for temporary files, gone after the block.

    Raises:
        NoRoom: there is none for it, or for what is written into it.
    """
    try:
        made = TemporaryDirectory()
    except OSError as error:  # where every disk is full, Python finds no place at all
        raise _no_room(error) from error
    with made as folder:
        try:
            yield Path(folder)
        except OSError as error:
            if error.errno in _FULL:
                raise _no_room(error) from error
            raise


def _no_room(error: OSError) -> NoRoom:
    return NoRoom(
        f"temporary files cannot be written: {error.strerror} - "
        "make room on the disk, or name a folder on another in TMPDIR"
    )
