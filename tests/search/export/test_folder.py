"""A folder is there whole or not at all: whatever fails, and whenever the process dies."""

import fcntl
import io
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from search.errors import ExportRefused
from search.export.folder import placed

STEPS = [
    (io, "open"),
    (os, "mkdir"),
    (os, "open"),
    (os, "fsync"),
    (os, "rename"),
    (os, "unlink"),
    (os, "rmdir"),
]
"""What changes or opens files; a lock is let go by the death of who holds it."""


class Killed(BaseException):
    """A process ends here: it does nothing any more, not even clean up."""


@contextmanager
def dying_at(last: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Let the process die at its n-th step in a folder; gives the steps that were begun."""
    begun: list[str] = []
    mine = threading.get_ident()  # libraries may have threads of their own

    def mortal(name: str, do: Callable[..., Any]) -> Callable[..., Any]:
        def step(path: Any, *rest: Any, **options: Any) -> Any:
            here = name == "fsync" or str(path).startswith(str(folder))
            if threading.get_ident() == mine and (here or len(begun) > last):
                begun.append(name)
                if len(begun) > last:
                    raise Killed
            return do(path, *rest, **options)

        return step

    with monkeypatch.context() as patch:
        for module, name in STEPS:
            patch.setattr(module, name, mortal(name, getattr(module, name)))
        yield begun


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize("exists", [False, True], ids=["absent", "an empty folder"])
def test_a_kill_between_any_two_steps_leaves_no_half_export(studies, tmp_path, monkeypatch, exists):
    study = studies("classification")

    def place(name: str) -> Path:
        (tmp_path / name / "out").mkdir(parents=True)
        if not exists:
            (tmp_path / name / "out").rmdir()
        return tmp_path / name / "out"

    to = place("whole")
    with dying_at(10_000, to.parent, monkeypatch) as steps:
        study.export(to)
    whole = content(to)
    assert steps.count("rename") == 1
    assert steps.count("fsync") == len(whole) + 2
    for last in range(len(steps)):
        to = place(f"killed-{last}")
        kept: list[Any] = []
        with dying_at(last, to.parent, monkeypatch), pytest.raises(Killed):
            study.export(to, keep_tests=kept.append)
        assert not to.exists() or not content(to) or kept, "its test score was seen, and not kept"
        assert not to.exists() or content(to) in ({}, whole), f"half there at step {last}"
        if not to.exists() or not content(to):
            study.export(to)
        assert content(to) == whole
        assert list(to.parent.iterdir()) == [to], f"left after death at step {last}"


def test_nothing_is_left_where_writing_fails(tmp_path):
    def write() -> None:
        with placed(tmp_path / "a" / "b" / "out") as unfinished:
            (unfinished / "file").write_text("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(ExportRefused, match=r"out: cannot be written .*No space left"):
        write()
    assert list(tmp_path.iterdir()) == []


def test_what_another_living_process_writes_is_left_alone(tmp_path):
    with placed(tmp_path / "out") as theirs:
        (theirs / "file").write_text("theirs")
        with placed(tmp_path / "out") as mine:
            (mine / "file").write_text("mine")
        assert (theirs / "file").read_text() == "theirs"
        shutil.rmtree(tmp_path / "out")
    assert (tmp_path / "out" / "file").read_text() == "theirs"


def test_of_two_exports_to_one_place_the_later_is_refused(tmp_path):
    def write() -> None:
        with placed(tmp_path / "out") as late:
            (late / "file").write_text("late")
            (tmp_path / "out").mkdir()
            (tmp_path / "out" / "file").write_text("early")

    with pytest.raises(ExportRefused, match="cannot be written"):
        write()
    assert content(tmp_path / "out") == {"file": b"early"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_file_system_without_locks_will_do(tmp_path, monkeypatch):
    left = tmp_path / ".out-0123.part"
    left.mkdir()

    def no_locks(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with placed(tmp_path / "out"):
        pass
    assert (tmp_path / "out").is_dir()
    assert left.is_dir()  # perhaps somebody's


def test_a_folder_is_as_open_to_others_as_any_new_one(tmp_path):
    (tmp_path / "usual").mkdir()
    with placed(tmp_path / "out"):
        pass
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_link_to_an_empty_folder_stays_one(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to("disk")
    with placed(tmp_path / "out") as folder:
        (folder / "file").write_text("x")
    assert (tmp_path / "out").is_symlink()
    assert content(tmp_path / "disk") == {"file": b"x"}


def test_a_folder_that_is_not_empty_is_refused(studies, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    study = studies("classification")
    gone = replace(study.spec, data=replace(study.spec.data, train=("nowhere.jsonl",)))
    with pytest.raises(ExportRefused, match=r"out: the folder isn't empty \(mine\)"):
        study.export(tmp_path / "out", spec=gone)  # before any data are read
    assert content(tmp_path / "out") == {"mine": b"mine"}


def test_a_file_is_refused(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ExportRefused, match="out: a file is there"), placed(tmp_path / "out"):
        pass
    assert (tmp_path / "out").read_text() == "mine"


def test_the_folder_one_is_in_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ExportRefused, match="the folder you are in"), placed(Path()):
        pass


def test_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ExportRefused, match="cannot be written"), placed(tmp_path / "file" / "out"):
        pass
