"""Passwords on the command line, which every user of a machine may read, and Ray writes down."""

import os
import sys
from collections.abc import Mapping, Sequence
from urllib.parse import unquote, urlsplit

from search.errors import WrongUse
from search.urls import is_postgresql, postgresql, without_password

PASSWORD = "PGPASSWORD"  # noqa: S105 - the variable's name
"""Where PostgreSQL's own programs look for one, too."""


def hide() -> None:
    """Begin anew, as the same process, where the command line has a database's password in it."""
    arguments, environment = hidden(sys.orig_argv[1:], os.environ)
    if arguments != sys.orig_argv[1:]:
        os.execve(sys.executable, [sys.executable, *arguments], environment)  # noqa: S606


def hidden(
    arguments: Sequence[str], environment: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """Move the password of a database's URL from arguments into the environment.

    Arguments:
        arguments: of a command; a URL stands for itself, or behind `--storage=`.
        environment: its variables.
    """
    kept, found = list(arguments), dict(environment)
    for position, argument in enumerate(arguments):
        url = argument.removeprefix("--storage=")
        if is_postgresql(url) and (password := _password(url)):
            kept[position] = argument.removesuffix(url) + without_password(url)
            found[PASSWORD] = password
    return kept, found


def _password(url: str) -> str | None:
    try:
        found = urlsplit(postgresql(url)).password
    except WrongUse:
        return None  # what is wrong with it is told in its turn
    return unquote(found) if found else None
