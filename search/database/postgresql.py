"""A database of studies on a PostgreSQL server: the room of psycopg."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from weakref import WeakSet

import psycopg
import sqlalchemy
from optuna.storages import RDBStorage
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import ExceptionContext

from search.database.troubles import (
    another_programs,
    check_version,
    first_line,
    named,
    no_database,
    told,
)
from search.errors import StorageError
from search.outages import outage
from search.urls import without_password

LINK = {
    "connect_timeout": 8,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 14_000,  # milliseconds
    "client_encoding": "utf8",
    "application_name": "lstm-search",
}
"""A dead link is noticed within 14 s, waiting for an answer or sending; a URL may say otherwise."""
IDLE_IN_TRANSACTION_SECONDS = 10
"""Of a process that was stopped or cut off in a transaction: after that its locks are gone.

Less than a lease lasts, so that whoever takes a study over doesn't wait for them.
"""
LOCK_SECONDS = 20
"""How long a lock is waited for, before it is told that one waits; others' may last."""
MAKING_SECONDS = 120
"""How long making the tables may take, or waiting for who makes them."""
_MAKING = 5_403_982_114
"""The lock's number; any will do that no other program takes."""
_SAID_BEFORE = re.compile(r"^connection (failed|is bad): (connection to server .*? failed: )?")
_ADVICE = (
    ("password authentication failed", "check user and password in --storage, or in ~/.pgpass"),
    ("no password supplied", "write it into --storage, as USER:PASSWORD@HOST, or into ~/.pgpass"),
    (r"database \".*\" does not exist", "create it, or name another with --storage"),
    ("no encryption", "add ?sslmode=require to the URL if the server asks for TLS"),
    ("pg_hba.conf", "the server lets this user in from elsewhere, or in another way"),
    ("SSL|certificate", "check sslmode in the URL, and the server's certificate"),
    ("resolve|refused|timeout|timed out|unreachable", "check host and port in --storage"),
)
"""What to do about what libpq and server say, in English; elsewhere the last of all."""
_ELSE = "check host, port, user, password and database in --storage"


def opened(url: str, *, create: bool) -> RDBStorage:
    """Open a database of studies.

    Arguments:
        url: of the database, which must be there.
        create: whether to make its tables where there are none.

    Raises:
        StorageError: it can't be reached or written, isn't ours, or has another schema.
        Outage: its disk is full; raised later whenever waiting may help.
    """
    connect = partial(psycopg.connect, **_parameters(url))
    with told(url, psycopg.Error), _connected(url, connect) as connection:
        if _has_studies(connection, url):
            storage = _open(url, connect, make=False)
        elif create:
            storage = _made(url, connection, connect)
        else:
            raise no_database(f"no studies in {named(url)}")
    sqlalchemy.event.listen(storage.engine, "handle_error", partial(_tell_outage, named(url)))
    return storage


def is_there(url: str) -> bool:
    """Tell whether there are studies' tables in a database.

    Raises:
        StorageError: it cannot be reached, or isn't ours.
    """
    connect = partial(psycopg.connect, **_parameters(url))
    with told(url, psycopg.Error), _connected(url, connect) as connection:
        return _has_studies(connection, url)


def _parameters(url: str) -> dict[str, Any]:
    """Give what a connection is made with: ours, and over it what the URL says."""
    plain = url.replace("+psycopg", "", 1)
    try:
        given = conninfo_to_dict(plain)
    except psycopg.ProgrammingError as error:
        raise StorageError(
            f"--storage: got a postgresql URL that cannot be read, {first_line(error)} - "
            "see PostgreSQL's documentation of connection URIs"
        ) from error
    ours = (
        f"-c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_SECONDS}s "
        f"-c lock_timeout={LOCK_SECONDS}s"
    )
    return {**LINK, **given, "options": f"{ours} {given.get('options', '')}".strip()}


@contextmanager
def _connected(
    url: str, connect: Callable[..., psycopg.Connection]
) -> Iterator[psycopg.Connection]:
    """Connect for a block.

    Raises:
        StorageError: nobody answers, or lets us in.
    """
    try:
        connection = connect(autocommit=True)
    except psycopg.OperationalError as error:
        said = _SAID_BEFORE.sub("", first_line(error)).removeprefix("FATAL:").strip()
        advice = next((advice for sign, advice in _ADVICE if re.search(sign, said)), _ELSE)
        raise StorageError(f"{named(url)} cannot be reached: {said} - {advice}") from error
    try:
        yield connection
    finally:
        connection.close()


def _has_studies(connection: psycopg.Connection, url: str) -> bool:
    """Tell whether all tables are there: the one of their version is filled last.

    Raises:
        StorageError: there are others only.
    """
    query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    tables = {name for (name,) in connection.execute(query)}
    if tables and "studies" not in tables:
        raise another_programs(url, tables)
    if "alembic_version" not in tables:
        return False
    return connection.execute("SELECT FROM alembic_version").fetchone() is not None


def _made(url: str, connection: psycopg.Connection, connect: Callable[..., Any]) -> RDBStorage:
    """Make the tables, or wait for who makes them: two at once would be in each other's way."""
    with connection.transaction():
        for limit in ("idle_in_transaction_session_timeout", "lock_timeout"):
            connection.execute("SELECT set_config(%s, %s, true)", [limit, f"{MAKING_SECONDS}s"])
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MAKING])
        return _open(url, connect, make=True)


def _open(url: str, connect: Callable[..., psycopg.Connection], *, make: bool) -> RDBStorage:
    made: WeakSet[psycopg.Connection] = WeakSet()

    def connected() -> psycopg.Connection:
        connection = connect()
        made.add(connection)
        return connection

    try:
        # The password stays with who connects; no engine, storage or traceback has it.
        options = {"creator": connected, "pool_pre_ping": True}
        storage = RDBStorage(
            without_password(url),
            options,
            skip_compatibility_check=True,
            skip_table_creation=not make,
        )
        return check_version(storage, url)
    except Exception:
        for one in made:
            one.close()
        raise


def _tell_outage(place: str, context: ExceptionContext) -> None:
    """Raise an outage as one, where SQLAlchemy and Optuna, which would try again, have no say."""
    if context.is_pre_ping:
        return  # it connects anew
    error = context.original_exception
    is_lost = isinstance(error, psycopg.OperationalError) and (
        context.is_disconnect or context.connection is None
    )
    if stopped := outage(place, error, is_lost=is_lost):
        raise stopped from error
