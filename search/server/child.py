"""A process as its server sees it: it says lines, hears orders, and is gone."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Protocol

from search.server.messages import Message
from search.settings import Settings

LAST_WORDS_SECONDS = 5.0
"""How long what a process has said is read on after its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A process has ended."""

    code: int
    """Its exit code; negative where a signal has ended it."""


Tell = Callable[[Message | Gone], None]
"""Takes what a process says, from any thread; `Gone` comes last, once."""


class Child(Protocol):
    """A process that runs."""

    def share(self, index: int, count: int) -> None:
        """Tell it that it is one of so many, from 0."""
        ...

    def dismiss(self) -> None:
        """Let it hand in and end."""
        ...

    def kill(self) -> None:
        """End it at once."""
        ...


class Process:
    """One of this program's processes, which ends when its stdin closes.

    Arguments:
        module: what it runs, with its arguments.
        environment: on top of ours.
        tell: hears what it says.

    Raises:
        OSError: this machine has no room for another.
    """

    def __init__(self, module: Sequence[str], environment: Mapping[str, str], tell: Tell) -> None:
        self._tell = tell
        self._speaking, self._hearing = threading.Lock(), threading.Lock()
        self._is_gone = False
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", *module],
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="backslashreplace",
            start_new_session=True,  # Ctrl-C is the server's, which tells it
        )
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        said, troubles = self._process.stdout, self._process.stderr
        assert said is not None
        assert troubles is not None
        self._ears = [
            threading.Thread(target=self._hear, args=(said, _read), daemon=True),
            threading.Thread(target=self._hear, args=(troubles, _as_it_is), daemon=True),
        ]
        self._thread = threading.Thread(target=self._see_off, daemon=True)
        for thread in (*self._ears, self._thread):
            thread.start()

    def share(self, index: int, count: int) -> None:
        """Tell it that it is one of so many, from 0; one that hears nothing any more is left so."""
        with self._orders as orders, suppress(BrokenPipeError, BlockingIOError):
            if not orders.closed:
                os.write(
                    orders.fileno(), f"share {index} {count}\n".encode()
                )  # whole, or not at all

    def dismiss(self) -> None:
        """Let it hand in and end."""
        with self._orders as orders:
            orders.close()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def join(self, seconds: float | None = None) -> None:
        """Wait until it is gone and has said so.

        Arguments:
            seconds: at most; None for ever.
        """
        self._thread.join(seconds)

    @property
    @contextmanager
    def _orders(self) -> Iterator[IO[str]]:
        """Its stdin, for one thread at a time."""
        assert self._process.stdin is not None
        with self._speaking:
            yield self._process.stdin

    def _hear(self, lines: IO[str], read: Callable[[str], Message]) -> None:
        with lines:
            for line in lines:
                self._pass_on(read(line))

    def _see_off(self) -> None:
        """Say when it is gone, though a process that it has left may hold its pipes still."""
        code = self._process.wait()
        until = time.monotonic() + LAST_WORDS_SECONDS
        for ear in self._ears:
            ear.join(max(0.0, until - time.monotonic()))
        self.dismiss()
        self._pass_on(Gone(code=code))

    def _pass_on(self, said: Message | Gone) -> None:
        with self._hearing:
            if not self._is_gone:
                self._is_gone = isinstance(said, Gone)
                self._tell(said)


def coordinator(settings: Settings, study: str, tell: Tell) -> Process:
    """Start a study's coordinator.

    Arguments:
        settings: where database, checkpoints and Ray are; handed on by environment, since what
            stands on a command line can be read by all.
        study: which one it runs.
        tell: hears what it says.

    Raises:
        OSError: this machine has no room for another process.
    """
    return Process(["search", "coordinate", study], settings.environment(), tell)


def own_ray(tell: Tell) -> Process:
    """Start a Ray; it says `ready` with its address, or `failed` with its problems.

    Arguments:
        tell: hears what it says.

    Raises:
        OSError: this machine has no room for another process.
    """
    return Process(["search.workers.hosting"], {}, tell)


def _read(line: str) -> Message:
    """Read a message; what is none, as a library prints, is passed on as it is."""
    with suppress(ValueError, RecursionError):
        said = json.loads(line)
        if isinstance(said, dict) and isinstance(said.get("event"), str):
            return said
    return _as_it_is(line)


def _as_it_is(line: str) -> Message:
    return {"event": "said", "line": line.rstrip("\n")}
