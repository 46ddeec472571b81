"""Processes that end themselves with `kill -9` between two steps of what they write."""

import itertools
import json
import os
import shutil
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from search.settings import Settings

Say = Callable[[Any], None]
"""Tells the parent something, which outlives the process."""
Operation = Callable[[Say], None]

FILE_STEPS = {"os.chmod", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir"}
"""Audit events of what changes files; opening one to write and flushing one count too."""
CHANGES = ("INSERT", "UPDATE", "DELETE", "CREATE")
"""SQL that changes something: between two reads a death leaves what it left before them."""
ALL = ("files", "statements", "commits")
LONGEST_LIFE_SECONDS = 60


class Steps:
    """Counts what a process writes, and ends it before the step that has no place any more.

    Arguments:
        allowed: steps.
        folder: where files count.
        counted: which of `files`, `statements` and `commits` are steps.
    """

    def __init__(self, allowed: int, folder: Path, counted: Collection[str]) -> None:
        self.left = allowed
        self.folder = str(folder)
        self.counted = counted
        self.changed: set[Connection] = set()
        sys.addaudithook(self._hear)
        flush = os.fsync
        # No audit event tells of this one.
        os.fsync = lambda descriptor: (self.take("files"), flush(descriptor))[1]
        sa.event.listen(Engine, "before_cursor_execute", self._statement)
        sa.event.listen(Engine, "commit", self._commit)

    def take(self, kind: str) -> None:
        self.left -= kind in self.counted
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if event in FILE_STEPS or (writes and str(arguments[0]).startswith(self.folder)):
            self.take("files")

    def _statement(self, connection: Connection, _: Any, statement: str, *__: Any) -> None:
        if statement.lstrip().upper().startswith(CHANGES):
            self.changed.add(connection)
            self.take("statements")

    def _commit(self, connection: Connection) -> None:
        if connection in self.changed:
            self.changed.remove(connection)
            self.take("commits")


@pytest.fixture
def lives(tmp_path: Path) -> Callable[..., tuple[bool, list[Any]]]:
    """Run an operation in a process that dies after so many steps.

    Gives whether it came to its end, and what it said.
    """

    def run(
        operation: Operation, steps: int, counted: Collection[str] = ALL
    ) -> tuple[bool, list[Any]]:
        hear, speak = os.pipe()
        with warnings.catch_warnings():
            # Python 3.12 warns of locks that other threads may hold; none of ours does.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            Steps(steps, tmp_path, counted)
            _live(lambda: operation(lambda said: _write(speak, said)))
        os.close(speak)
        with os.fdopen(hear) as heard:
            said = [json.loads(line) for line in heard]
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, -signal.SIGKILL), "it ended in another way than by the kill"
        return status == 0, said

    return run


def _write(descriptor: int, said: Any) -> None:
    os.write(descriptor, f"{json.dumps(said)}\n".encode())


def _live(operation: Callable[[], None]) -> None:
    """Do something in a process of one's own, and end it in any case."""
    code = 1
    try:
        signal.alarm(LONGEST_LIFE_SECONDS)
        operation()
        code = 0
    finally:
        if code:
            traceback.print_exc()
            sys.stderr.flush()
        os._exit(code)


@pytest.fixture
def settings(tmp_path: Path, empty_database: Path) -> Settings:
    """A database in a folder of its own, which can be copied."""
    (tmp_path / "whole").mkdir()
    shutil.copy(empty_database, tmp_path / "whole")
    return _in(tmp_path / "whole")


@pytest.fixture
def copied(settings: Settings, tmp_path: Path) -> Callable[[str], Settings]:
    """Copy the database with its checkpoints into a folder of its own; nobody may be in it."""

    def copy(name: str) -> Settings:
        shutil.copytree(settings.sqlite_file.parent, tmp_path / name)
        return _in(tmp_path / name)

    return copy


@pytest.fixture
def deaths(
    copied: Callable[[str], Settings], lives: Callable[..., tuple[bool, list[Any]]]
) -> Callable[..., Iterator[tuple[Settings, list[Any]]]]:
    """Kill an operation before its first step, its second, and so on, until it comes to its end.

    Each time it works in a copy of what is there. Gives the copy, and what was said.
    """

    def each(
        operation: Callable[[Settings, Say], None], counted: Collection[str] = ALL
    ) -> Iterator[tuple[Settings, list[Any]]]:
        for steps in itertools.count():
            place = copied(f"killed-{steps}")
            whole, said = lives(partial(operation, place), steps, counted)
            yield place, said
            if whole:
                assert steps, "it took no step at all"
                return

    return each


def _in(folder: Path) -> Settings:
    return Settings(
        storage=f"sqlite:///{folder}/studies.db",
        checkpoints=None,
        ray_address=None,
    )
