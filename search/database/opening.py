"""A database of studies opened, whatever its kind."""

import logging
from pathlib import Path
from types import ModuleType

import optuna
from optuna.storages import RDBStorage

from search.database import sqlite
from search.errors import StorageError
from search.settings import SQLITE
from search.urls import is_postgresql


def open_storage(url: str, *, create: bool) -> RDBStorage:
    """Open a database of studies.

    Arguments:
        url: `sqlite:///FILE`, or `postgresql+psycopg://...`.
        create: whether to make it and its tables where there are none; a server's database
            itself must be there.

    Raises:
        StorageError: it isn't there, isn't ours, can't be reached or written, or has another
            schema.
        Outage: its disk is full; likewise raised later by whatever is done with it, and then
            where it can't be reached, too.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # What they would tell, with tracebacks, is told as errors in our words.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    if is_postgresql(url):
        storage: RDBStorage = _postgresql().opened(url, create=create)
        return storage
    return sqlite.opened(_file(url), create=create)


def is_there(url: str) -> bool:
    """Tell whether a database of studies is there; one without anything in it is none.

    Raises:
        StorageError: it cannot be looked into.
    """
    if is_postgresql(url):
        return bool(_postgresql().is_there(url))
    return sqlite.is_there(_file(url))


def _postgresql() -> ModuleType:
    """Give the room of PostgreSQL, whose driver not everybody has."""
    try:
        from search.database import postgresql
    except ImportError as error:
        raise StorageError(
            f"--storage: a postgresql URL takes psycopg, which cannot be loaded ({error}) - "
            "install it with: pip install 'psycopg[binary]>=3.2'"
        ) from error
    return postgresql


def _file(url: str) -> Path:
    return Path(url.removeprefix(SQLITE))
