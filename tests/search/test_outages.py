import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import optuna
import psycopg
import pytest
import sqlalchemy as sa

from search import lease
from search.archive import Archive
from search.database import open_storage
from search.errors import Outage
from search.outages import outage
from search.settings import Settings


def caused_by(cause: BaseException) -> Exception:
    error = RuntimeError("outer")
    error.__cause__ = cause
    return error


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_or_quota_is_an_outage_however_deep(number: int) -> None:
    error = OSError(number, "as the system says it", "/a/file")
    for one in (error, caused_by(error)):
        found = outage("the store /x", one)
        assert str(found) == (
            "the store /x cannot be written: as the system says it - make room on its disk"
        )


@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE]
)
def test_a_database_that_cannot_grow_is_an_outage(code: int) -> None:
    found = outage("the database /x", caused_by(sqlite_error(code)))
    assert "as SQLite says it" in str(found)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EACCES, "no"),
        sqlite_error(sqlite3.SQLITE_BUSY),
        sqlite_error(sqlite3.SQLITE_IOERR_READ),
        sqlite_error(sqlite3.SQLITE_CORRUPT),
        sqlite3.ProgrammingError("Cannot operate on a closed database."),
        ValueError(errno.ENOSPC),
    ],
)
def test_what_waiting_cannot_mend_is_none(error: BaseException) -> None:
    assert outage("it", error) is None
    assert outage("it", caused_by(error)) is None


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.AdminShutdown("as PostgreSQL says it\nand more"),
        psycopg.errors.CannotConnectNow("as PostgreSQL says it"),
        psycopg.errors.IdleInTransactionSessionTimeout("as PostgreSQL says it"),
        psycopg.errors.ConnectionFailure("as PostgreSQL says it"),
        psycopg.errors.DeadlockDetected("as PostgreSQL says it"),
        psycopg.errors.TooManyConnections("as PostgreSQL says it"),
        psycopg.errors.ReadOnlySqlTransaction("as PostgreSQL says it"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_server_that_steps_aside_is_an_outage(error: psycopg.Error) -> None:
    told = "the database /x is out of reach: as PostgreSQL says it - see to its server"
    for one in (error, caused_by(error)):
        assert str(outage("the database /x", one)) == told


def test_a_server_whose_disk_is_full_is_told_as_any_disk() -> None:
    error = psycopg.errors.DiskFull("could not extend file\nHINT: make room")
    told = "the database /x cannot be written: could not extend file - make room on its disk"
    assert str(outage("the database /x", error)) == told


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.InsufficientPrivilege("no"),
        psycopg.errors.UndefinedTable("no"),
        psycopg.errors.UniqueViolation("no"),
        psycopg.ProgrammingError("no"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_server_will_say_again_is_none(error: psycopg.Error) -> None:
    assert outage("it", error) is None


@pytest.fixture
def full(settings: Settings) -> Iterator[Archive]:
    """A database, opened before it was as large as it may be."""
    archive = Archive(settings)
    archive.storage.create_new_study([optuna.study.StudyDirection.MINIMIZE], "one")

    @sa.event.listens_for(archive.storage.engine, "checkout")
    def _(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # as many as it has

    yield archive
    archive.close()


def test_whatever_writes_to_a_full_database_raises_an_outage_and_writes_nothing(
    full: Archive,
) -> None:
    storage = full.storage
    with pytest.raises(Outage, match="database or disk is full - make room"):
        storage.set_study_user_attr(1, "long", "x" * 2000 * 4)
    assert storage.get_study_user_attrs(1) == {}
    storage.set_study_user_attr(1, "short", 1)
    with pytest.raises(Outage), storage.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE more (value INTEGER)")
    assert storage.get_study_user_attrs(1) == {"short": 1}


def test_a_lease_whose_renewal_finds_the_disk_full_is_still_ours_and_not_surely(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive(settings)
    monkeypatch.setattr(lease, "TTL_SECONDS", 0.0)
    held = lease.acquire(archive.storage.engine, "small")
    assert not held.surely_held()

    def is_full(*_: object) -> None:
        raise Outage("full")

    monkeypatch.setattr(held, "renew", is_full)
    held.try_to_renew()
    assert not held.lost
    archive.storage.create_new_study([optuna.study.StudyDirection.MINIMIZE], "one")
    monkeypatch.undo()
    held.try_to_renew()
    assert held.surely_held()
    held.release()
    archive.close()


def test_a_database_that_cannot_be_made_for_want_of_room_is_an_outage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", is_full)
    with pytest.raises(Outage, match="No space left"):
        open_storage(f"sqlite:///{tmp_path}/new/studies.db", create=True)
