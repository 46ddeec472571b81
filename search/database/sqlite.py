"""A database of studies in a file."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import sqlalchemy
from optuna.storages import RDBStorage
from sqlalchemy.engine import ExceptionContext

from search.database.troubles import another_programs, check_version, named, no_database, told
from search.outages import outage
from search.settings import SQLITE

BUSY_SECONDS = 60.0
"""How long a write waits for another's; one coordinator writes, the dashboard may."""


def opened(path: Path, *, create: bool) -> RDBStorage:
    """Open a database of studies.

    Arguments:
        path: its file.
        create: whether to make it with its tables where there is none.

    Raises:
        StorageError: it isn't there, isn't ours, can't be written, or has another schema.
        Outage: its disk is full; likewise raised later by whatever is done with it.
    """
    if not create and not is_there(path):
        raise no_database(f"no database at {path}")
    with told(str(path), OSError):
        if path.is_dir():
            raise IsADirectoryError("it is a folder")
        if not path.exists():
            _create(path)
        _check_ours(path)
        storage = _open(path)
    sqlalchemy.event.listen(storage.engine, "handle_error", partial(_tell_outage, path))
    return storage


def is_there(path: Path) -> bool:
    """Tell whether a database is there; a file without anything in it is none.

    Raises:
        StorageError: its folder cannot be looked into.
    """
    with told(str(path), OSError):
        return path.is_file() and path.stat().st_size > 0


def _tell_outage(path: Path, context: ExceptionContext) -> None:
    """Raise an outage as one, where SQLAlchemy and Optuna, which would try again, have no say."""
    if full := outage(named(str(path)), context.original_exception):
        raise full from context.original_exception


def _create(path: Path) -> None:
    """Make a database that is there with all its tables or not at all, whoever else makes one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone_in(path.parent):
        if path.exists():
            return  # another was faster
        fresh = path.with_name(f".{path.name}.part")
        for ending in ("", "-wal", "-shm"):  # what one that was killed has left
            fresh.with_name(fresh.name + ending).unlink(missing_ok=True)
        storage = _open(fresh)
        with storage.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        storage.remove_session()
        storage.engine.dispose()
        fresh.chmod(0o600)  # as its log will be, too
        fresh.rename(path)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process is in here; one that dies is out."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _check_ours(path: Path) -> None:
    """Refuse a database that has tables, but none of studies: Optuna would add its own."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if names and "studies" not in names:
        raise another_programs(str(path), names)


def _open(path: Path) -> RDBStorage:
    connect = {"creator": partial(_connect, path)}
    storage = RDBStorage(f"{SQLITE}{path}", connect, skip_compatibility_check=True)
    return check_version(storage, str(path))


def _connect(path: Path) -> sqlite3.Connection:
    """Connect as one writer beside readers does best: write-ahead log, and patience."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
