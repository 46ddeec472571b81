"""A file of the user's that is there whole or not at all."""

import os
import secrets
import shutil
from pathlib import Path

from search.errors import WrongUse


def check_free(to: Path, *, force: bool, option: str = "--to") -> None:
    """Refuse a place where there is something already.

    Arguments:
        to: where a file is to be.
        force: whether a file that is there may go.
        option: by which it was named, for messages.

    Raises:
        WrongUse: it is a folder, or a file that may not go; or there is no folder for it.
    """
    try:
        if to.is_dir():
            raise WrongUse(f"{option}: {to} is a folder - name a file")
        if to.exists() and not force:
            raise WrongUse(
                f"{to}: is there already - overwrite it with --force, or name another with {option}"
            )
        if not to.parent.is_dir():
            raise WrongUse(f"{option}: cannot write {to} - name a file in a folder that is there")
    except OSError as error:
        raise _refusal(to, option, error) from error


def place(to: Path, text: str, *, force: bool, option: str = "--to") -> None:
    """Write a file under a name of its own, and rename it once it is on the disk.

    Where a link stands, what it leads to is replaced; into a pipe or a device is written.

    Arguments:
        to: where it is to be.
        text: what is to be in it.
        force: whether a file that is there may go.
        option: by which it was named, for messages.

    Raises:
        WrongUse: something is there, or it cannot be written.
    """
    check_free(to, force=force, option=option)
    try:
        if to.exists() and not to.is_file():
            to.write_text(text, encoding="utf-8", newline="")
        else:
            _replace(Path(os.path.realpath(to)), text)
    except OSError as error:
        raise _refusal(to, option, error) from error


def _replace(file: Path, text: str) -> None:
    unfinished = file.with_name(f".lstm-search-{secrets.token_hex(8)}.part")
    try:
        with unfinished.open("x", encoding="utf-8", newline="") as fresh:
            fresh.write(text)
            fresh.flush()
            os.fsync(fresh.fileno())
        if file.exists():
            shutil.copymode(file, unfinished)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def _refusal(to: Path, option: str, error: OSError) -> WrongUse:
    return WrongUse(f"{option}: cannot write {to} ({error.strerror}) - name a file where it can be")
