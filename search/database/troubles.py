"""A database's troubles, told in our words."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy.exc import SQLAlchemyError

from search.errors import StorageError
from search.outages import outage
from search.settings import SQLITE
from search.urls import shown

_NO_RIGHT = "42501"
"""SQLSTATE of what somebody has no right to."""


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
        if full := outage(named(url), error):
            raise full from error
        cause = error.__cause__ if isinstance(error, StorageInternalError) else error
        cause = getattr(cause, "orig", None) or cause
        is_refused = getattr(cause, "sqlstate", None) == _NO_RIGHT
        first = "let its owner grant that, or " if is_refused else ""
        raise StorageError(
            f"{named(url)} cannot be used: {first_line(cause)} - {first}name another with --storage"
        ) from error


def named(url: str) -> str:
    """Name a database in messages, without its password."""
    return f"the database {shown(url).removeprefix(SQLITE)}"


def first_line(error: object) -> str:
    """Give what an error says first; PostgreSQL goes on with the statement, Python with a file."""
    said = getattr(error, "strerror", None) or str(error)
    return (said.splitlines() or [""])[0]


def no_database(what: str) -> StorageError:
    """Say that there is no database yet, or nothing in it."""
    return StorageError(f"{what} - launch a study first, or name another with --storage")


def another_programs(url: str, tables: set[str]) -> StorageError:
    """Say that a database has tables, but none of studies: Optuna would add its own."""
    some = ", ".join(sorted(tables)[:3])
    return StorageError(
        f"{named(url)} is another program's, with {some} in it - name another with --storage"
    )


def check_version(storage: RDBStorage, url: str) -> RDBStorage:
    """Refuse another schema; Optuna would, too, but keep its connections.

    Raises:
        StorageError: another Optuna has made it.
    """
    if storage.get_current_version() != storage.get_head_version():
        storage.remove_session()
        storage.engine.dispose()
        raise StorageError(
            f"{named(url)} has the schema of another Optuna than {optuna.__version__} - "
            "use the version that wrote it, or another --storage"
        )
    return storage
