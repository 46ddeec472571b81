"""What may come back by itself, and so is waited for: a full disk, a server out of reach."""

import sqlite3

from lstm_attn.scratch import FULL
from search.errors import Outage

_SQLITE_FULL = {
    sqlite3.SQLITE_FULL,
    # In write-ahead mode a log or an index that cannot grow is told as one of these.
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_DIR_FSYNC,
    sqlite3.SQLITE_IOERR_TRUNCATE,
    sqlite3.SQLITE_IOERR_SHMOPEN,
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_SHMMAP,
}

_SQL_FULL = "53100"
"""SQLSTATE of a server whose disk is full."""
_SQL_AWAY = (
    "08",  # of connections
    "25006",  # read-only, as a server that is about to be replaced
    "25P03",  # we were silent in a transaction for too long
    "40",  # of transactions that were in each other's way
    "53",  # of what there is not enough of
    "55P03",  # a lock was not to be had
    "57",  # an operator steps in; the server starts, or stops
    "58",  # of the system below
)
"""Beginnings of SQLSTATEs of what waiting may mend."""


def outage(place: str, error: BaseException | None, *, is_lost: bool = False) -> Outage | None:
    """Tell an error as an outage; None where waiting would change nothing.

    Arguments:
        place: what cannot be written, for the message.
        error: as it was caught; what has caused it is looked at too.
        is_lost: whether it is known already that the place is out of reach.
    """
    if is_lost and error is not None:
        return _away(place, error)
    while error is not None:
        if _is_full(error):
            why = error.strerror if isinstance(error, OSError) else _first_line(error)
            return Outage(f"{place} cannot be written: {why} - make room on its disk")
        if _state(error).startswith(_SQL_AWAY):
            return _away(place, error)
        error = error.__cause__
    return None


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in FULL
    # Errors of the module itself, as of a closed connection, have no code.
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) in _SQLITE_FULL
    return _state(error) == _SQL_FULL


def _state(error: BaseException) -> str:
    """Give the SQLSTATE of an error that has one."""
    return getattr(error, "sqlstate", None) or ""


def _away(place: str, error: BaseException) -> Outage:
    return Outage(f"{place} is out of reach: {_first_line(error)} - see to its server")


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0]
