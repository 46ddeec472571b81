"""The token that a Ray asks for, seen to first: Ray's core ends a process that lacks its own."""

import os
import secrets
from pathlib import Path

from search.errors import ClusterError

_MODE, _TOKEN, _PATH = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"


def own_token() -> None:
    """Let a Ray of our own ask for a token that nobody else knows, unless the user says otherwise.

    Ray would make one in a file that all may read.

    Raises:
        ClusterError: the user names a file that has none.
    """
    mode = _mode()
    if os.environ.get(_TOKEN) or mode not in ("", "token"):
        return
    if os.environ.get(_PATH):
        _check_file()
    elif not mode or _trouble(_file()):
        os.environ[_TOKEN] = secrets.token_hex(32)


def check_token() -> None:
    """Refuse to join a cluster without the token that the user says it asks for.

    Raises:
        ClusterError: there is none here.
    """
    if _mode() == "token" and not os.environ.get(_TOKEN):
        _check_file()


def _mode() -> str:
    return os.environ.get(_MODE, "").lower()


def _file() -> Path:
    """Give the file in which Ray looks for a token that the environment doesn't have."""
    named = os.environ.get(_PATH)
    return Path(named) if named else Path.home() / ".ray" / "auth_token"


def _check_file() -> None:
    trouble = _trouble(_file())
    if trouble and os.environ.get(_PATH):
        raise ClusterError(
            f"{_PATH}: no token can be read from {_file()}, {trouble} - "
            f"name a file that has one, or set {_TOKEN}"
        )
    if trouble:
        raise ClusterError(
            f"{_MODE} is token, and there is no token here - "
            f"set {_TOKEN} or {_PATH} to the cluster's"
        )


def _trouble(path: Path) -> str:
    """Say why there is no token in a file; nothing where there is one."""
    try:
        return "" if path.read_bytes().strip() else "it is empty"
    except OSError as error:
        return error.strerror or type(error).__name__
