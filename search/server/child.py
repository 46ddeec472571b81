"""A coordinator as its server sees it: a process that says lines and hears orders."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Protocol

from search.server.messages import Message
from search.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A coordinator's process has ended."""

    code: int
    """Its exit code; negative where a signal has ended it."""


Tell = Callable[[Message | Gone], None]
"""Takes what a coordinator says, from any thread; `Gone` comes last, once."""


class Child(Protocol):
    """A coordinator that runs."""

    def share(self, index: int, count: int) -> None:
        """Tell it that it is one of so many, from 0."""
        ...

    def dismiss(self) -> None:
        """Let it hand in and end."""
        ...

    def kill(self) -> None:
        """End it at once."""
        ...


class Coordinator:
    """A coordinator in a process of its own.

    Arguments:
        settings: where database, checkpoints and Ray are; handed on by environment, since what
            stands on a command line can be read by all.
        study: which one it runs.
        tell: hears what it says.
    """

    def __init__(self, settings: Settings, study: str, tell: Tell) -> None:
        self._tell = tell
        self._speaking = threading.Lock()
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", "search", "coordinate", study],
            env={**os.environ, **settings.environment()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is the server's, which tells it
        )
        assert self._process.stderr is not None
        self._errors = threading.Thread(target=self._hear_errors, args=(self._process.stderr,))
        self._errors.start()
        self._thread = threading.Thread(target=self._hear, name=study)
        self._thread.start()

    def share(self, index: int, count: int) -> None:
        """Tell it that it is one of so many, from 0; once dismissed it needs to know no more."""
        with self._orders as orders, suppress(BrokenPipeError):  # it is about to be gone
            if not orders.closed:
                orders.write(f"share {index} {count}\n")
                orders.flush()

    def dismiss(self) -> None:
        """Let it hand in and end."""
        with self._orders as orders, suppress(BrokenPipeError):
            orders.close()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def join(self) -> None:
        """Wait until it is gone and has said so."""
        self._thread.join()

    @property
    @contextmanager
    def _orders(self) -> Iterator[IO[str]]:
        """Its stdin, for one thread at a time."""
        assert self._process.stdin is not None
        with self._speaking:
            yield self._process.stdin

    def _hear(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._tell(_read(line))
        self._errors.join()
        code = self._process.wait()
        self.dismiss()
        self._tell(Gone(code=code))

    def _hear_errors(self, lines: IO[str]) -> None:
        with lines:
            for line in lines:
                self._tell({"event": "said", "line": line.rstrip("\n")})


def _read(line: str) -> Message:
    """Read a message; what is none, as a library prints, is passed on as it is."""
    with suppress(ValueError):
        said = json.loads(line)
        if isinstance(said, dict) and isinstance(said.get("event"), str):
            return said
    return {"event": "said", "line": line.rstrip("\n")}
