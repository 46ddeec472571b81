"""Folders for what is brought here to be read, and is gone after that."""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from search.errors import Outage

PREFIX = "lstm-search-"
_FILES = "files"
_LOCK = "lock"
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

    Where a process is killed in the block, the next one of this user removes what it has left.

    Raises:
        Outage: there is no room for it.
    """
    with ExitStack() as undo:
        try:
            _sweep(Path(tempfile.gettempdir()))
            folder = Path(tempfile.mkdtemp(prefix=PREFIX))
            undo.callback(_remove, folder)
            undo.enter_context(_in_use(folder))
            (folder / _FILES).mkdir(mode=0o700)
        except OSError as error:  # where every disk is full, Python finds no place at all
            raise Outage(
                f"no folder for uploaded data can be made: {error.strerror} - "
                "make room on the disk, or name a folder on another in TMPDIR"
            ) from error
        yield folder / _FILES


@contextmanager
def _in_use(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder; under its name the lock is never seen unless it is held."""
    fresh = folder / f"{_LOCK}.part"
    descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with suppress(OSError):  # a file system without locks: then nobody will sweep here
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fresh.rename(folder / _LOCK)
        yield
    finally:
        os.close(descriptor)


def _sweep(place: Path) -> None:
    """Remove folders of this user that nobody uses any more."""
    for folder in place.glob(f"{PREFIX}*"):
        with suppress(OSError):  # it is gone, in use, or cannot be told to be out of use
            found = folder.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
                _remove_unless_used(folder)


def _remove_unless_used(folder: Path) -> None:
    """Remove a folder, or raise `OSError` where its lock is held or there is none."""
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(folder)
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    """Remove a folder, the lock last: what stays now can be swept another time."""
    shutil.rmtree(folder / _FILES, ignore_errors=True)
    if not (folder / _FILES).exists():
        shutil.rmtree(folder, ignore_errors=True)
