"""The database of studies: opened in one place, its troubles told in our words."""

import fcntl
import json
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import optuna
import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy.engine import Connection, ExceptionContext
from sqlalchemy.exc import SQLAlchemyError

from search.errors import StorageError, StudyDeleted
from search.lease import UNFENCED
from search.outages import outage
from search.settings import SQLITE

BUSY_SECONDS = 60.0
"""How long a write waits for another's; one coordinator writes, the dashboard may."""


def open_storage(url: str, *, create: bool) -> RDBStorage:
    """Open a database of studies.

    Arguments:
        url: `sqlite:///FILE`.
        create: whether to make the file and its tables where there are none.

    Raises:
        StorageError: it isn't there, isn't ours, can't be written, or has another schema.
        Outage: its disk is full; likewise raised later by whatever is done with it.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    path = Path(url.removeprefix(SQLITE))
    if not create and not is_there(path):
        raise StorageError(
            f"no database at {path} - launch a study first, or name another with --storage"
        )
    with told(url, OSError):
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


@contextmanager
def told(url: str, *more: type[Exception]) -> Iterator[None]:
    """Tell a database's troubles in our words.

    Arguments:
        url: of the database.
        more: errors that are its troubles, besides those of SQL.

    Raises:
        StorageError: the database failed inside the block.
        Outage: its disk is full.
    """
    troubles: tuple[type[Exception], ...] = (
        sqlite3.Error,
        SQLAlchemyError,
        StorageInternalError,
        json.JSONDecodeError,  # of an attribute that something else has written
        *more,
    )
    try:
        yield
    except troubles as error:
        if full := outage(_named(url), error):
            raise full from error
        cause = error.__cause__ if isinstance(error, StorageInternalError) else error
        cause = getattr(cause, "orig", None) or cause
        raise StorageError(
            f"{_named(url)} cannot be used: {cause} - name another with --storage"
        ) from error


def refuse_once_deleted(storage: RDBStorage, study_id: int, name: str) -> None:
    """Refuse every further commit once a study is deleted: SQLite uses its id again.

    Arguments:
        storage: whose commits.
        study_id: Optuna's.
        name: the study's.
    """
    query = sqlalchemy.text("SELECT study_name FROM studies WHERE study_id = :id")

    def is_there(connection: Connection) -> None:
        if connection.get_execution_options().get(UNFENCED):
            return
        if connection.execute(query, {"id": study_id}).scalar() != name:
            raise StudyDeleted("the study was deleted from the database while it ran")

    sqlalchemy.event.listen(storage.engine, "commit", is_there)


def _tell_outage(path: Path, context: ExceptionContext) -> None:
    """Raise an outage as one, where SQLAlchemy and Optuna, which would try again, have no say."""
    if full := outage(_named(str(path)), context.original_exception):
        raise full from context.original_exception


def _named(url: str) -> str:
    return f"the database {url.removeprefix(SQLITE)}"


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
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if names and "studies" not in names:
        raise StorageError(
            f"the database {path} is another program's, with {', '.join(sorted(names)[:3])} in it "
            "- name another with --storage"
        )


def _open(path: Path) -> RDBStorage:
    connect = {"creator": partial(_connect, path)}
    # Optuna would refuse another schema too, but keep its connections.
    storage = RDBStorage(f"{SQLITE}{path}", connect, skip_compatibility_check=True)
    if storage.get_current_version() != storage.get_head_version():
        storage.remove_session()
        storage.engine.dispose()
        raise StorageError(
            f"the database {path} has the schema of another Optuna than {optuna.__version__} - "
            "use the version that wrote it, or another --storage"
        )
    return storage


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
