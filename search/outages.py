"""What may come back by itself, and so is waited for: a disk that is full."""

import errno
import sqlite3

from search.errors import Outage

_FULL = {errno.ENOSPC, errno.EDQUOT}
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


def outage(place: str, error: BaseException | None) -> Outage | None:
    """Tell an error as an outage; None where waiting would change nothing.

    Arguments:
        place: what cannot be written, for the message.
        error: as it was caught; what has caused it is looked at too.
    """
    while error is not None:
        if _stands_still(error):
            why = error.strerror if isinstance(error, OSError) else error
            return Outage(f"{place} cannot be written: {why} - make room on its disk")
        error = error.__cause__
    return None


def _stands_still(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in _FULL
    # Errors of the module itself, as of a closed connection, have no code.
    return isinstance(error, sqlite3.Error) and (
        getattr(error, "sqlite_errorcode", None) in _SQLITE_FULL
    )
