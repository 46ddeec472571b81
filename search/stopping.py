"""When a launch, or a look at one, is to end early: signals, its time, a word from elsewhere."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Protocol, Self

from search.errors import LeaseLost
from search.lease import Lease
from search.records import Ending

_SIGNALS = {signal.SIGINT: Ending.INTERRUPTED, signal.SIGTERM: Ending.TERMINATED}


class Orders(Protocol):
    """What a server that runs a study wants of its launch."""

    def asked(self) -> Ending | None:
        """Why it is to end; None to go on."""
        ...

    def share(self, room: int) -> int:
        """Give the most slots it may have, of those there is room for."""
        ...


class Stop:
    """Listens for signals while it is entered; the first asks, the second insists.

    Arguments:
        timeout: seconds from now after which the launch ends; None for ever.
        orders: of a server; None where there is none.
        clock: gives seconds.
    """

    def __init__(
        self,
        timeout: float | None,
        *,
        orders: Orders | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._orders = orders
        self._deadline = None if timeout is None else clock() + timeout
        self._signals: list[Ending] = []
        self._former: dict[signal.Signals, Any] = {}
        self._lease: Lease | None = None

    def __enter__(self) -> Self:
        """Listen."""
        self.listen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave signals to whom they belonged."""
        for number, former in self._former.items():
            signal.signal(number, former)

    def listen(self) -> None:
        """Listen from now on, or again where others have taken the signals since."""
        for number in _SIGNALS:
            former = signal.signal(number, self._hear)
            self._former.setdefault(number, former)

    def heed(self, lease: Lease) -> None:
        """Listen to what others write into the lease, too."""
        self._lease = lease

    @property
    def seconds_left(self) -> float | None:
        """How long the launch may still take; None: as long as it needs."""
        return None if self._deadline is None else max(0.0, self._deadline - self._clock())

    def asked(self) -> Ending | None:
        """Why the launch is to end; None to go on.

        Raises:
            LeaseLost: another coordinator has taken the study over.
        """
        if self._signals:
            return self._signals[0]
        if self._lease and self._lease.lost:
            raise LeaseLost("another coordinator has taken this study over - this one stands down")
        if self._lease and self._lease.stop_asked:
            return Ending.STOPPED
        if self._orders and (why := self._orders.asked()):
            return why
        if self._deadline is not None and self._clock() >= self._deadline:
            return Ending.TIMEOUT
        return None

    def share(self, room: int) -> int:
        """Give the most slots the launch may have, of those there is room for."""
        return self._orders.share(room) if self._orders else room

    @staticmethod
    def insist(ending: Ending) -> None:
        """End the process where it was a signal that asked; else do nothing."""
        if ending is Ending.INTERRUPTED:
            raise KeyboardInterrupt
        if ending is Ending.TERMINATED:
            raise SystemExit(128 + signal.SIGTERM)

    def _hear(self, number: int, _: FrameType | None) -> None:
        if self._signals:  # asked before: the study is as safe as after a crash
            self.insist(_SIGNALS[signal.Signals(number)])
        self._signals.append(_SIGNALS[signal.Signals(number)])


class Signalled(BaseException):
    """A signal has come for what can end at any moment."""


class Signals:
    """Listens for signals while it is entered, for what writes nothing."""

    def __init__(self) -> None:
        self.ending: Ending | None = None
        """What has been asked; None where nothing was."""
        self._heeded = False
        self._former: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Listen."""
        self._former = {number: signal.signal(number, self._hear) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        """Leave signals to whom they belonged."""
        for number, former in self._former.items():
            signal.signal(number, former)

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Let a signal end what is inside, one that has come before too.

        Raises:
            Signalled: one has come.
        """
        self._heeded = True
        try:
            if self.ending:
                raise Signalled
            yield
        finally:
            self._heeded = False

    def _hear(self, number: int, _: FrameType | None) -> None:
        self.ending = _SIGNALS[signal.Signals(number)]
        if self._heeded:
            raise Signalled
