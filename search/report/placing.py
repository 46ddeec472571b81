"""A file that is there whole or not at all."""

import os
import secrets
from pathlib import Path

from search.errors import WrongUse


def check_free(to: Path, *, force: bool) -> None:
    """Refuse a place where there is something already.

    Arguments:
        to: where a file is to be.
        force: whether a file that is there may go.

    Raises:
        WrongUse: it is a folder, or a file that may not go; or there is no folder for it.
    """
    try:
        if to.is_dir():
            raise WrongUse(f"--to: {to} is a folder - name a file")
        if to.exists() and not force:
            raise WrongUse(f"--to: {to}: a file is there already - name another, or use --force")
        if not to.parent.is_dir():
            raise WrongUse(f"--to: cannot write {to} - name a file in a folder that is there")
    except OSError as error:
        raise _refusal(to, error) from error


def place(to: Path, text: str, *, force: bool) -> None:
    """Write a file under a name of its own, and rename it once it is on the disk.

    Arguments:
        to: where it is to be.
        text: what is to be in it.
        force: whether a file that is there may go.

    Raises:
        WrongUse: something is there, or it cannot be written.
    """
    unfinished = to.with_name(f".{to.name[:100]}-{secrets.token_hex(4)}.part")
    try:
        try:
            with unfinished.open("x", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            check_free(to, force=force)
            unfinished.replace(to)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise _refusal(to, error) from error


def _refusal(to: Path, error: OSError) -> WrongUse:
    return WrongUse(f"--to: cannot write {to} ({error.strerror}) - name a file where it can be")
