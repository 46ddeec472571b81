"""What a worker's process looks after by itself: its trial's limits, its coordinator's silence."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

from lstm_attn.reports import Wish
from search.records import Limits, OutcomeKind

SILENCE_SECONDS = 60.0
"""Without a word for so long a worker has its trial hand in; for twice as long, it ends."""
LOOK_SECONDS = 1.0
"""How often it looks."""

Over = tuple[OutcomeKind, str]
"""Which limit a trial has passed, and the reason with the numbers."""


def private_memory() -> int:
    """Give the bytes that this process alone holds: without the data, which it shares."""
    memory = psutil.Process().memory_info()
    return int(memory.rss - getattr(memory, "shared", 0))


def leave() -> None:
    """End this process at once."""
    os._exit(1)


class Guard:
    """Ends a trial that has passed a limit, and what goes on without a coordinator.

    Arguments:
        limits: of a trial.
        silence: seconds without a word after which the trial hands in.
        clock: gives seconds.
        memory: gives the bytes that this process holds.
        leave: ends the process.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        silence: float = SILENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        memory: Callable[[], int] = private_memory,
        leave: Callable[[], None] = leave,
    ) -> None:
        self._limits = limits
        self._silence = silence
        self._clock = clock
        self._memory = memory
        self._leave = leave
        self._lock = threading.Lock()
        self._heard = clock()
        self._wish: Wish | None = None
        self._began = 0.0
        self._waits: float | None = None
        """Since when the trial waits for its coordinator; None while it trains."""
        self._over: Over | None = None

    def heard(self) -> None:
        """Note that a word has come."""
        self._heard = self._clock()

    def begin(self, wish: Wish) -> None:
        """Look after a trial from now on."""
        with self._lock:
            self._wish, self._began, self._over = wish, self._clock(), None
            self._waits = None

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let the trial's time stand still while its coordinator has not taken what it says."""
        with self._lock:
            since = self._waits = self._clock()
        try:
            yield
        finally:
            with self._lock:
                self._began += self._clock() - since
                self._waits = None

    def end(self, wish: Wish) -> Over | None:
        """Look after it no more; tell the limit that it has passed."""
        with self._lock:
            if self._wish is not wish:
                return None
            self._wish = None
            return self._over

    @property
    def over(self) -> Over | None:
        """The limit that the running trial has passed, while it has not ended yet."""
        with self._lock:
            return self._over if self._wish else None

    def look(self) -> None:
        """See how things stand, and do what is to be done."""
        silent = self._clock() - self._heard
        if silent >= 2 * self._silence:
            self._leave()
        with self._lock:
            if self._wish is None:
                return
            if silent >= self._silence:
                self._wish.hand_in()
            self._over = self._over or self._passed()
            if self._over:
                self._wish.stop_now()

    def _passed(self) -> Over | None:
        now = self._clock() if self._waits is None else self._waits
        seconds, most = now - self._began, self._limits.memory
        if self._limits.seconds is not None and seconds >= self._limits.seconds:
            return "out_of_time", f"past trial_timeout: {self._limits.seconds:g} s"
        if most is not None and (held := self._memory()) > most:
            return "out_of_memory", f"past trial_memory: {_size(held)} of {_size(most)}"
        return None


def _size(count: float) -> str:
    return f"{count / 1e9:.2f} GB"
