"""Folders for the temporary files that reading takes, gone after it."""

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from lstm_attn.errors import NoRoom

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What the system says of a disk without room."""
PREFIX = "lstm-search-"
_FILES = "files"
_LOCK = "lock"
_HAS_LOCKS = find_spec("fcntl") is not None
"""Exports are loaded anywhere; where there are no locks nobody can tell what is out of use."""


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a folder for temporary files, gone after the block.

    Raises:
        NoRoom: there is none for it, or for what is written into it.
    """
    with folder() as made:
        try:
            yield made
        except OSError as error:
            if error.errno in FULL:
                raise _no_room(error) from error
            raise


@contextmanager
def folder() -> Iterator[Path]:
    """Give a folder for a block, for nobody else's eyes, and gone after it.

    Where a process is killed in the block, the next one of this user removes what it has left.

    Raises:
        NoRoom: there is none for it.
    """
    with ExitStack() as undo:
        try:
            if _HAS_LOCKS:
                _sweep(Path(tempfile.gettempdir()))
            made = Path(tempfile.mkdtemp(prefix=PREFIX))
            undo.callback(_remove, made)
            if _HAS_LOCKS:
                undo.enter_context(_in_use(made))
            (made / _FILES).mkdir(mode=0o700)
        except OSError as error:  # where every disk is full, Python finds no place at all
            raise _no_room(error) from error
        yield made / _FILES


@contextmanager
def _in_use(made: Path) -> Iterator[None]:
    """Hold a lock on a folder; under its name the lock is never seen unless it is held."""
    fresh = made / f"{_LOCK}.part"
    descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with suppress(OSError):  # a file system without locks: then nobody will sweep here
            _lock(descriptor)
            fresh.rename(made / _LOCK)
        yield
    finally:
        os.close(descriptor)


def _sweep(place: Path) -> None:
    """Remove folders of this user that nobody uses any more."""
    for left in place.glob(f"{PREFIX}*"):
        with suppress(OSError):  # it is gone, in use, or cannot be told to be out of use
            found = left.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
                _remove_unless_used(left)


def _remove_unless_used(left: Path) -> None:
    """Remove a folder, or raise `OSError` where its lock is held or there is none."""
    descriptor = os.open(left / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    try:
        _lock(descriptor)
        _remove(left)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    import fcntl

    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _remove(made: Path) -> None:
    """Remove a folder, the lock last: what stays now can be swept another time."""
    shutil.rmtree(made / _FILES, ignore_errors=True)
    if not (made / _FILES).exists():
        shutil.rmtree(made, ignore_errors=True)


def _no_room(error: OSError) -> NoRoom:
    return NoRoom(
        f"temporary files cannot be written: {error.strerror} - "
        "make room on the disk, or name a folder on another in TMPDIR"
    )
