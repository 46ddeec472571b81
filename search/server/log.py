"""A server's log: a line of JSON an event."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TextIO


def _now() -> datetime:
    return datetime.now(UTC)


class Log:
    """Writes what happens, each event on a line.

    Arguments:
        out: where.
        now: tells the time.
    """

    def __init__(self, out: TextIO, now: Callable[[], datetime] = _now) -> None:
        self._out = out
        self._now = now

    def __call__(self, event: str, *, study: str | None = None, **figures: Any) -> None:  # noqa: ANN401 - what JSON holds
        """Write an event.

        Arguments:
            event: what has happened.
            study: with which study; None: with the server.
            figures: what else there is to say; JSON can hold it.
        """
        said = {"time": self._now().isoformat(timespec="milliseconds"), "event": event}
        if study is not None:
            said["study"] = study
        with suppress(OSError):  # a full disk, or nobody who reads: no reason to end a study
            self._out.write(f"{json.dumps(said | figures)}\n")
            self._out.flush()
