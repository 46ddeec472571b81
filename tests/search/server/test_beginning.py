"""A submitted study that is begun while something fails: it waits for that, and then begins."""

import errno
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from lstm_attn.data import prepare
from search import launch, operations, patience, workers
from search.archive import opened
from search.checkpoints.files import name_of
from search.errors import ClusterError, Outage
from search.server.coordinating import coordinate
from search.settings import Settings
from search.spec import load
from search.submissions import Submissions
from tests.search.server.stored import store_study


@pytest.fixture
def orders() -> Iterator[int]:
    """What a server writes into, as long as it lives."""
    reader, writer = os.pipe()
    yield reader
    os.close(writer)


@pytest.fixture
def begin(
    orders: int, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Settings], list[dict[str, Any]]]:
    """Begin the study as a server does, as far as to its Ray; give what is said."""

    def connect(*_: Any, **__: Any) -> None:
        raise ClusterError("so far")

    monkeypatch.setattr(workers, "connect", connect)
    monkeypatch.setattr(patience, "FIRST_PAUSE_SECONDS", 0.01)

    def begin(settings: Settings) -> list[dict[str, Any]]:
        out = io.StringIO()
        coordinate(settings, "moods", orders, out)
        return [json.loads(line) for line in out.getvalue().splitlines()]

    return begin


SO_FAR = {"event": "failed", "error": "ClusterError", "problems": ["so far"]}


def away_for(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, times: int) -> None:
    """Have a function of a store's driver fail for the first so many times."""
    real, left = getattr(owner, name), iter(range(times))

    def fails_first(*given: Any, **named: Any) -> Any:
        for _ in left:
            raise TimeoutError("no answer")
        return real(*given, **named)

    monkeypatch.setattr(owner, name, fails_first)


def full_for(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Have no room for a temporary folder for the first so many times."""
    real, left = tempfile.mkdtemp, iter(range(times))

    def fails_first(*given: Any, **named: Any) -> Any:
        for _ in left:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*given, **named)

    monkeypatch.setattr(tempfile, "mkdtemp", fails_first)


def store(settings: Settings) -> Settings:
    return replace(settings, checkpoints=f"memory://{uuid4().hex}")


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What gives the store's driver, apart from the one by which data are read."""
    driver = SimpleNamespace(filesystem=fsspec.filesystem)
    monkeypatch.setattr("search.checkpoints.bucket.fsspec", driver)
    return driver


@pytest.mark.parametrize("name", ["ls", "filesystem"])
def test_a_study_whose_store_is_away_waits_and_begins_once_it_is_back(
    name: str,
    driver: Any,
    settings: Settings,
    study_file: Path,
    begin: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = store(settings)
    operations.submit(study_file, there)
    away_for(monkeypatch, MemoryFileSystem if name == "ls" else driver, name, 2)
    blocked, unblocked, ended = begin(there)
    assert (blocked["event"], unblocked["event"], ended) == ("blocked", "unblocked", SO_FAR)
    assert "no answer - see that it is up" in blocked["problem"]


def test_a_study_whose_former_store_is_away_waits_to_be_told_whether_it_may_move(
    settings: Settings, study_file: Path, begin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = store(settings), store(settings)
    study = store_study(old, study_file)
    operations.submit(study_file, new)
    away_for(monkeypatch, MemoryFileSystem, "ls", 2)
    said = begin(new)
    assert [one["event"] for one in said] == ["blocked", "unblocked", "failed"]
    assert said[-1] == SO_FAR
    state = name_of("state", number=0, epoch=1, step=0, generation=1, content=b"")
    study.place(old).write_whole(state, b"")
    [refused] = begin(new)
    assert refused["error"] == "WrongUse"


def test_data_whose_store_is_away_are_waited_for(
    settings: Settings, study_file: Path, begin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = store(settings)
    operations.submit(study_file, there, with_data=True)
    (study_file.parent / "a.csv").unlink()
    away_for(monkeypatch, MemoryFileSystem, "cat_file", 2)
    said = begin(there)
    assert [one["event"] for one in said] == ["blocked", "unblocked", "failed"]
    assert said[-1] == SO_FAR


@pytest.mark.parametrize("with_data", [False, True])
def test_a_study_whose_data_find_no_room_to_be_read_waits_for_it(
    with_data: bool, settings: Settings, study_file: Path, begin: Any, monkeypatch: Any
) -> None:
    operations.submit(study_file, settings, with_data=with_data)
    full_for(monkeypatch, 2)
    said = begin(settings)
    assert [one["event"] for one in said] == ["blocked", "unblocked", "failed"]
    assert "No space left on device - make room" in said[0]["problem"]
    assert said[-1] == SO_FAR


def test_who_submits_is_told_that_there_is_no_room(
    settings: Settings, study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_for(monkeypatch, 1)
    with pytest.raises(Outage, match="temporary files cannot be written"):
        operations.submit(study_file, settings)


def resubmit(settings: Settings, study_file: Path) -> None:
    operations.submit(study_file, settings, trials=12)


def delete(settings: Settings, _: Path) -> None:
    operations.delete(settings, "moods")


def stop(settings: Settings, _: Path) -> None:
    assert operations.stop(settings, "moods") == "dequeued"


@pytest.mark.parametrize("change", [delete, stop, resubmit])
@pytest.mark.parametrize("written", [False, True])
def test_a_study_that_is_deleted_stopped_or_submitted_anew_as_it_begins_is_not_begun(
    change: Callable[[Settings, Path], None],
    written: bool,
    settings: Settings,
    study_file: Path,
    begin: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = load(study_file)
    data = prepare(file.data, file.task)
    if written:
        store_study(settings, study_file)
    operations.submit(study_file, settings)

    def meanwhile(*_: Any) -> Any:
        change(settings, study_file)
        return data

    monkeypatch.setattr(launch, "checked_data", meanwhile)  # just before the lease is taken
    assert begin(settings) == [{"event": "ended", "ending": "stopped"}]
    with opened(settings) as archive:
        assert bool(archive.find("moods")) is (written and change is not delete)
        waiting = [one.state for one in Submissions(archive.storage.engine).all()]
        assert waiting == {delete: [], stop: ["ended"], resubmit: ["waiting"]}[change]
        assert not archive.is_run("moods")
