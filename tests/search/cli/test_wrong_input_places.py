"""What places that cannot be used get: database, checkpoints, Ray; nothing is made or changed."""

import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import optuna
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from search import workers
from search.archive import Archive
from search.checkpoints import bucket
from search.settings import Settings
from search.workers import cluster

STUDY = """
name = "small"
[data]
format = "csv"
train = "a.csv"
[task]
kind = "classification"
inputs = "text"
target = "mood"
"""
FILES = {"study.toml": STUDY, "a.csv": "text,mood\n" + "it was good,up\nit was bad,down\n" * 10}
ASKS = [
    "status small",
    "best small",
    "stop small",
    "export small --to out",
    "replay small 0",
    "delete small --yes",
]
READ_ONLY = """
import ctypes, os, sys
for capability in (1, 2):  # root alone may pass over permissions, and may give that up
    ctypes.CDLL(None).prctl(24, capability)
os.execv(sys.executable, [sys.executable, "-m", "search", *sys.argv[1:]])
"""
CURE = "check RAY_ADDRESS, or unset it to start a Ray of our own"


@pytest.fixture
def database(settings: Settings, make_spec: Callable[..., Any]) -> Path:
    """A database with a study, no trial and no lease."""
    archive = Archive(settings)
    archive.create(make_spec(), fingerprint="0" * 64, baselines=(), data_summary={})
    archive.close()
    return settings.sqlite_file


def changed(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


@pytest.mark.parametrize("line", [*ASKS, "list", "dashboard"])
def test_no_command_but_launch_makes_a_database(line: str, wrong: Any) -> None:
    told = "no database at studies.db - launch a study first, or name another with --storage"
    wrong.tells(f"{line} --storage sqlite:///studies.db", {}, told)
    wrong.tells(f"{line} --storage sqlite:///studies.db", {"studies.db": ""}, told)


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("mysql://me:secret@host/db", "--storage: got a mysql URL - use sqlite:///FILE, ..."),
        ("studies.db", "--storage: got 'studies.db' - use sqlite:///FILE, a database in a ..."),
        ("sqlite:///:memory:", "--storage: got a sqlite URL - use sqlite:///FILE, ..."),
        (
            "sqlite:///a.csv",
            (
                "the database a.csv cannot be used: file is not a database - "
                "name another with --storage"
            ),
        ),
        (
            "sqlite:///a.csv/studies.db",
            "--checkpoints: no folder a.csv/checkpoints can be used, a.csv is a file - ...",
        ),
        (
            "sqlite:///folder",
            "the database folder cannot be used: it is a folder - name another with --storage",
        ),
    ],
)
def test_a_database_that_cannot_be_is_refused(url: str, line: str, wrong: Any) -> None:
    wrong.tells(f"launch study.toml --storage {url}", {**FILES, "folder/x": ""}, line)


@pytest.mark.parametrize("option", ["--storage", "--checkpoints"])
def test_a_place_of_which_nothing_is_said_is_not_the_usual_one(option: str, wrong: Any) -> None:
    told = f"{option}: got nothing - name a place, or leave the option out"
    wrong.tells(f"launch study.toml {option} ''", FILES, told)


@pytest.mark.parametrize("line", ["launch study.toml", "status small"])
def test_another_programs_database_is_left_as_it_is(line: str, wrong: Any) -> None:
    changed(wrong.folder / "letters.db", "CREATE TABLE letters (text TEXT)")
    wrong.tells(
        f"{line} --storage sqlite:///letters.db",
        FILES,
        "the database letters.db is another program's, with letters in it - "
        "name another with --storage",
    )


@pytest.mark.parametrize("line", ["launch study.toml", "delete small --yes", "status small"])
def test_a_newer_schema_is_left_as_it_is(line: str, database: Path, wrong: Any) -> None:
    changed(database, "UPDATE alembic_version SET version_num = 'v9.9.9'")
    wrong.tells(
        f"{line} --storage sqlite:///studies.db",
        FILES,
        f"the database studies.db has the schema of another Optuna than {optuna.__version__} - "
        "use the version that wrote it, or another --storage",
    )


@pytest.mark.parametrize("line", ["launch study.toml", "delete small --yes", "list"])
def test_a_study_of_a_newer_version_is_left_as_it_is(line: str, database: Path, wrong: Any) -> None:
    changed(
        database,
        "UPDATE study_user_attributes SET value_json = "
        "json_set(value_json, '$.spec.mood', 'good') WHERE key = 'lstm_attn_search'",
    )
    wrong.tells(
        f"{line} --storage sqlite:///studies.db",
        FILES,
        "study 'small' in sqlite:///studies.db is not written as this version writes studies "
        "(...'mood'...) - use the version that wrote it, or another --storage",
    )


def test_a_damaged_database_is_told(database: Path, wrong: Any) -> None:
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'study_user_attributes'"
        [(page,)] = connection.execute(query)
        [(size,)] = connection.execute("PRAGMA page_size")
    content = bytearray(database.read_bytes())
    content[(page - 1) * size : page * size] = b"\xff" * size
    database.write_bytes(content)
    wrong.tells(
        "status small --storage sqlite:///studies.db",
        {},
        "the database studies.db cannot be used: database disk image is malformed - "
        "name another with --storage",
    )


def test_an_attribute_that_is_no_json_is_told(database: Path, wrong: Any) -> None:
    changed(database, "UPDATE study_user_attributes SET value_json = '{'")
    wrong.tells(
        "list --storage sqlite:///studies.db",
        {},
        "the database studies.db cannot be used: Expecting property name ... - "
        "name another with --storage",
    )


@pytest.mark.parametrize("line", ["launch study.toml", "delete small --yes"])
def test_a_read_only_database_is_told(line: str, database: Path, wrong: Any) -> None:
    wrong.folder.joinpath("study.toml").write_text(STUDY.replace('"small"', '"other"'))
    wrong.folder.joinpath("a.csv").write_text(FILES["a.csv"])
    database.chmod(0o444)
    before = database.read_bytes()
    ended = subprocess.run(
        [sys.executable, "-c", READ_ONLY, *line.split(), "--storage", "sqlite:///studies.db"],
        cwd=wrong.folder,
        env={**os.environ, "PYTHONPATH": str(Path(workers.__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"the database {database} cannot be used: attempt to write a readonly database - "
        "name another with --storage\n"
    )
    assert database.read_bytes() == before


@pytest.mark.parametrize("line", [*ASKS, "delete small"])
def test_an_unknown_study_lists_those_there_are(line: str, database: Path, wrong: Any) -> None:
    wrong.tells(
        f"{line.replace('small', 'smal')} --storage sqlite:///studies.db",
        {},
        "no study 'smal' in sqlite:///studies.db - did you mean 'small'? It has: small",
    )


def test_an_unknown_trial_is_told(database: Path, wrong: Any) -> None:
    line = "study 'small' has no trials yet - launch it"
    wrong.tells("replay small 3 --storage sqlite:///studies.db", {}, line)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "launch study.toml --checkpoints a.csv",
            "--checkpoints: no folder a.csv can be used, a.csv is a file - name another",
        ),
        (
            "launch study.toml --checkpoints a.csv/store",
            "--checkpoints: no folder a.csv/store can be used, a.csv is a file - name another",
        ),
    ],
)
def test_checkpoints_that_cannot_be_are_told(line: str, told: str, wrong: Any) -> None:
    wrong.tells(line, FILES, told)


@pytest.mark.parametrize("done", ["read", "used"])
def test_a_store_that_never_answers_is_told_at_once(
    done: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise TimeoutError("no answer")

    if done == "read":
        monkeypatch.setattr(MemoryFileSystem, "ls", away)
    else:
        monkeypatch.setattr("search.checkpoints.bucket.fsspec", SimpleNamespace(filesystem=away))
    wrong.tells(
        "launch study.toml --checkpoints memory://mine",
        FILES,
        f"--checkpoints: the checkpoint store memory://mine cannot be {done}: no answer - "
        "see that it is up and can be reached",
    )


def test_a_store_that_is_silent_is_told_too(wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    told = threading.Event()

    def silent(*_: Any, **__: Any) -> None:
        assert told.wait(120)

    monkeypatch.setattr(MemoryFileSystem, "ls", silent)
    monkeypatch.setattr(bucket, "ANSWER_SECONDS", 0.1)
    wrong.tells(
        "launch study.toml --checkpoints memory://mine",
        FILES,
        "--checkpoints: the checkpoint store memory://mine cannot be read: no answer in 0.1 s - "
        "see that it is up and can be reached",
    )
    told.set()


@pytest.fixture
def cluster_is_asked(wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a launch look for the Ray that RAY_ADDRESS names."""
    monkeypatch.setattr(workers, "connect", cluster.connect)


@pytest.fixture
def stranger() -> Iterator[str]:
    """The address of a server that is no Ray."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            link, _ = server.accept()
            with link:
                link.recv(1000)
                link.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join()


@pytest.mark.usefixtures("cluster_is_asked")
def test_what_answers_but_is_no_ray_is_told(
    stranger: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", stranger)
    told = f"Ray cannot be reached at {stranger}: what answers there is no Ray - {CURE}"
    wrong.tells("launch study.toml", FILES, told)


@pytest.mark.usefixtures("cluster_is_asked")
def test_an_address_that_is_none_is_told(wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "nonsense")
    told = f"Ray cannot be reached at nonsense: that is no HOST:PORT - {CURE}"
    wrong.tells("launch study.toml", FILES, told)


@pytest.mark.usefixtures("cluster_is_asked")
def test_a_ray_that_cannot_be_reached_leaves_a_database_as_it_was(
    database: Path, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    other = {**FILES, "study.toml": STUDY.replace('"small"', '"other"')}
    told = f"Ray cannot be reached at 127.0.0.1:1: Connection refused - {CURE}"
    wrong.tells("launch study.toml --storage sqlite:///studies.db", other, told)


def test_of_a_ray_that_cannot_be_reached_nothing_but_a_line_is_seen(wrong: Any) -> None:
    for name, content in FILES.items():
        (wrong.folder / name).write_text(content)
    before = wrong.everything()
    ended = subprocess.run(
        [sys.executable, "-m", "search", "launch", "study.toml"],
        cwd=wrong.folder,
        env={**os.environ, "RAY_ADDRESS": "127.0.0.1:1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    told = f"Ray cannot be reached at 127.0.0.1:1: Connection refused - {CURE}\n"
    assert ended.stderr == told
    assert wrong.everything() == before
