"""A folder that is there whole or not at all, even when the power goes."""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from search.errors import ExportRefused

_UNFINISHED = ".part"


def check_free(to: Path) -> None:
    """Refuse a place where there is something already.

    Raises:
        ExportRefused: it is a file, or a folder that isn't empty or is being worked in.
    """
    try:
        if Path(os.path.realpath(to)).is_symlink():
            raise ExportRefused(f"{to}: a link that leads to itself - name another folder")
        if not to.exists():
            return
        if not to.is_dir():
            raise ExportRefused(f"{to}: a file is there already - name another folder")
        inside = sorted(path.name for path in to.iterdir())
        if inside:
            shown = ", ".join(inside[:4]) + (", ..." if len(inside) > 4 else "")  # noqa: PLR2004 - a line's worth
            raise ExportRefused(f"{to}: the folder isn't empty ({shown}) - name another one")
        if to.samefile(Path.cwd()):
            raise ExportRefused(f"{to}: the folder you are in - name one that is still to be made")
    except OSError as error:
        raise _refusal(to, error) from error


@contextmanager
def placed(to: Path) -> Iterator[Path]:
    """Give a folder to write into, which comes to stand where it was wanted once all is done.

    It lies beside its place. When the block ends well, what is in it is flushed to the disk and
    the folder renamed; else it is deleted. One that a killed process left is deleted next time.

    Arguments:
        to: a place that is free, or an empty folder; folders above it are made.

    Raises:
        ExportRefused: the place isn't free, or cannot be written.
    """
    check_free(to)
    final = to.resolve()
    unfinished = final.with_name(f".{final.name}-{secrets.token_hex(4)}{_UNFINISHED}")
    above = [folder for folder in final.parents if not folder.exists()]
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        _sweep(final)
        unfinished.mkdir()
        with _held(unfinished):
            yield unfinished
            _flush(unfinished)
            unfinished.rename(final)
            _sync(final.parent)
    except OSError as error:
        raise _refusal(to, error) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        for folder in above:
            with suppress(OSError):  # there is something in it
                folder.rmdir()


def _sweep(final: Path) -> None:
    """Delete what exports to the same place left when they were killed."""
    for path in final.parent.iterdir():
        if path.name.startswith(f".{final.name}-") and path.name.endswith(_UNFINISHED):
            with suppress(OSError), _held(path) as ours:
                if ours:
                    shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """Mark a folder as being worked in, for as long as this process lives at most.

    Yields:
        whether it is surely no other process's; some file systems cannot tell.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _flush(folder: Path) -> None:
    """Bring a folder with all that is in it to the disk."""
    for path in sorted(folder.rglob("*")):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refusal(to: Path, error: OSError) -> ExportRefused:
    why = error.strerror or error
    return ExportRefused(f"{to}: cannot be written ({why}) - name a folder where it can be")
