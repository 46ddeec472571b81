"""A Ray that a server has started for its studies; where it dies, another comes in its place."""

import queue
import time
from collections.abc import Callable

from search.errors import ClusterError
from search.server.child import Gone, Process, Tell
from search.server.log import Log
from search.server.messages import Message

REST_SECONDS = (2.0, 60.0)
"""How long it is before a Ray that did not start is tried again: at first, at most."""
LET_GO_SECONDS = 5.0
"""How long it may take to end."""


class OwnRay:
    """Knows where the Ray of a server is, and has it again where it was lost.

    Arguments:
        begin: starts the process that has it.
        log: told of what becomes of it.
        clock: gives seconds.
    """

    def __init__(
        self,
        begin: Callable[[Tell], Process],
        log: Log,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._begin = begin
        self._log = log
        self._clock = clock
        self._heard: queue.SimpleQueue[Message | Gone] = queue.SimpleQueue()
        self._process: Process | None = None
        self._address: str | None = None
        self._problem, self._said = "", ""
        """What it says is wrong, and its last line that was no message, as a traceback's."""
        self._pause, self._try_at = 0.0, 0.0

    def start(self) -> None:
        """Wait until it is there.

        Raises:
            ClusterError: it cannot be had.
        """
        self._process = self._begin(self._heard.put)
        while self._process and not self._address:
            self._take(self._heard.get())
        if not self._address:
            raise ClusterError(self._problem)

    def address(self) -> str | None:
        """Tell where it is, without waiting; None while there is none, and another starts."""
        before = self._address
        while not self._heard.empty():
            self._take(self._heard.get())
        if self._address and not before:
            self._log("ray started", address=self._address)
        if self._process is None and self._clock() >= self._try_at:
            try:
                self._process = self._begin(self._heard.put)
            except OSError as error:  # no room for another process
                self._problem = str(error)
                self._rest()
        return self._address

    def close(self) -> None:
        """Have it no more."""
        if self._process:
            self._process.dismiss()
            self._process.join(LET_GO_SECONDS)
            self._process.kill()

    def _take(self, said: Message | Gone) -> None:
        match said:
            case Gone(code=code):
                ended = f"its process has ended with exit code {code}"
                self._problem = self._problem or self._said or ended
                self._process = self._address = None
                self._rest()
            case {"event": "ready", "address": address}:
                self._address, self._problem, self._pause = address, "", 0.0
            case {"event": "failed", "problems": problems}:
                self._problem, self._address = "\n".join(problems), None
            case {"event": "said", "line": line} if line.strip():
                self._said = line

    def _rest(self) -> None:
        """Try at once what had started, and what didn't after a pause."""
        self._log("ray gone", problem=self._problem)
        self._said = ""
        self._try_at = self._clock() + self._pause
        first, most = REST_SECONDS
        self._pause = min(max(2 * self._pause, first), most)
