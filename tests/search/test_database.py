import errno
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from optuna.study import StudyDirection

from search.database import is_there, open_storage, postgresql, told
from search.errors import StorageError
from search.settings import Settings

OPEN = """
import os
from search.database import open_storage
storage = open_storage(os.environ["STORAGE"], create=True)
storage.get_all_studies()
storage.engine.dispose()
"""


def opened_at_once(url: str) -> list[str]:
    """Open a database in four processes at once; give what they say."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", OPEN],
            env={**os.environ, "STORAGE": url},
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    return [process.communicate()[1] for process in processes]


def test_many_who_open_a_new_database_at_once_all_find_it_whole(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/studies.db"
    assert opened_at_once(url) == [""] * 4
    storage = open_storage(url, create=False)
    assert storage.get_all_studies() == []
    storage.engine.dispose()
    assert [path.name for path in (tmp_path / "new").iterdir() if path.is_dir()] == []


def test_many_who_make_tables_on_a_server_at_once_all_find_them_whole(
    make_database: Callable[..., Settings],
) -> None:
    url = make_database(empty=False).storage
    assert opened_at_once(url) == [""] * 4
    storage = open_storage(url, create=False)
    assert storage.get_all_studies() == []
    with storage.engine.connect() as connection:
        for table in ("version_info", "alembic_version"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 1
    storage.engine.dispose()


def test_tables_that_a_maker_that_died_has_begun_are_finished_by_the_next(
    on_postgresql: Settings,
) -> None:
    storage = open_storage(on_postgresql.storage, create=False)
    with storage.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")  # the last that is made
    storage.engine.dispose()
    assert not is_there(on_postgresql.storage)
    with pytest.raises(StorageError, match=r"no studies in the database .* launch a study first"):
        open_storage(on_postgresql.storage, create=False)
    open_storage(on_postgresql.storage, create=True).engine.dispose()
    assert is_there(on_postgresql.storage)


def test_a_server_that_was_started_again_between_two_reads_is_not_noticed(
    on_postgresql: Settings, server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    storage = open_storage(on_postgresql.storage, create=False)
    for _ in range(2):
        assert storage.get_all_studies() == []
        with server.stopped():
            pass
    assert storage.get_all_studies() == []
    assert caplog.records == []
    storage.engine.dispose()


@pytest.mark.parametrize(
    ("query", "idle", "tcp", "path"),
    [
        ("", "10s", 14_000, '"$user", public'),
        ("?tcp_user_timeout=9000&options=-c%20search_path%3Dmine", "10s", "9000", "mine"),
        ("?options=-c%20idle_in_transaction_session_timeout%3D7s", "7s", 14_000, None),
    ],
)
def test_a_dead_link_and_a_stopped_process_are_noticed_soon(
    query: str, idle: str, tcp: int | str, path: str | None, on_postgresql: Settings
) -> None:
    """By the server, and by the system on this side, unless the URL says otherwise."""
    given = postgresql._parameters(on_postgresql.storage + query)
    assert given["tcp_user_timeout"] == tcp
    silent = given["keepalives_idle"] + given["keepalives_interval"] * given["keepalives_count"]
    assert max(silent, int(tcp) / 1000) < 20
    with closing(psycopg.connect(**given)) as connection:
        shown = connection.execute("SHOW idle_in_transaction_session_timeout").fetchone()
        assert shown == (idle,)
        assert connection.execute("SHOW lock_timeout").fetchone() == ("20s",)
        if path:
            assert connection.execute("SHOW search_path").fetchone() == (path,)
    with closing(psycopg.connect(**given)) as connection:
        link = socket.socket(fileno=os.dup(connection.fileno()))
        with link:
            asked = link.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            assert asked == int(tcp)
            assert link.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 5


def test_what_a_maker_that_died_has_left_is_not_built_upon(tmp_path: Path) -> None:
    for ending in ("", "-wal"):
        (tmp_path / f".studies.db.part{ending}").write_text("half a page, as a power cut leaves it")
    open_storage(f"sqlite:///{tmp_path}/studies.db", create=True).engine.dispose()
    assert [path.name for path in tmp_path.iterdir()] == ["studies.db"]


def test_nobody_else_may_look_into_a_database_or_its_log(tmp_path: Path) -> None:
    storage = open_storage(f"sqlite:///{tmp_path}/of/mine/s.db", create=True)
    storage.create_new_study([StudyDirection.MINIMIZE], "small")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "of/mine").iterdir()}
    assert modes.pop("s.db") == 0o600
    assert set(modes) >= {"s.db-wal"}
    assert set(modes.values()) == {0o600}
    assert (tmp_path / "of" / "mine").stat().st_mode & 0o777 == 0o700
    storage.remove_session()
    storage.engine.dispose()


def test_a_database_that_is_not_there_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"no database at .*studies\.db - launch a study first"):
        open_storage(f"sqlite:///{tmp_path}/studies.db", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "studies.db").write_text("a letter to a friend, and no database at all")
    with pytest.raises(StorageError, match="file is not a database"):
        open_storage(f"sqlite:///{tmp_path}/studies.db", create=True)


@pytest.mark.parametrize("name", ["a.db", "a#b.db", "a?b.db", "a%20b.db"])
def test_another_programs_database_is_left_as_it_is(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE letters (text TEXT)")
    before = path.read_bytes()
    for create in (True, False):
        with pytest.raises(StorageError, match="another program's, with letters in it"):
            open_storage(f"sqlite:///{path}", create=create)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_readers_and_a_writer_go_together(tmp_path: Path) -> None:
    storage = open_storage(f"sqlite:///{tmp_path}/studies.db", create=True)
    with storage.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
    storage.engine.dispose()


def test_why_a_folder_cannot_be_made_is_told_without_what_python_adds() -> None:
    line = "^the database /x/y.db cannot be used: Permission denied - name another with --storage$"
    with pytest.raises(StorageError, match=line), told("/x/y.db", OSError):
        raise PermissionError(errno.EACCES, "Permission denied", "/x")
