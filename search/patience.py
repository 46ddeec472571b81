"""Waiting for what stands still, in its place or beside other things: tried again and again."""

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeVar

from search import words
from search.errors import Outage
from search.records import Blocked, Ending, Fact, Unblocked

PATIENCE_SECONDS = 600.0
"""How long an outage is waited for."""
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 15.0
MOMENT_SECONDS = 0.2
"""How long what is done meanwhile may take, before it is asked whether to stop."""

T = TypeVar("T")


class StopSignal(Protocol):
    """Tells whether a study is to end before its budget is spent."""

    def asked(self) -> Ending | None:
        """Why it is to end; None to go on."""
        ...


class Through(Protocol):
    """Does what an outage may stop: brings it to its end, or raises."""

    def __call__(self, work: Callable[[], T]) -> T:
        """Do it, as often as needed; it must bear to be tried again."""
        ...


def at_once(work: Callable[[], T]) -> T:
    """Do it without patience: an outage is raised."""
    return work()


class Interrupted(Exception):
    """A launch was asked to end while something could not be written."""

    def __init__(self, ending: Ending, outage: Outage) -> None:
        super().__init__(ending, outage)
        self.ending = ending
        self.outage = outage


class Patience:
    """Tries again, after growing pauses, what an outage has stopped.

    Arguments:
        stop: heeded while it waits.
        watch: sees when waiting begins, and when it has been worth it.
        seconds: how long an outage is waited for.
        clock: gives seconds.
        sleep: passes a moment.
    """

    def __init__(
        self,
        stop: StopSignal,
        watch: Callable[[Fact], None],
        *,
        seconds: float = PATIENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.meanwhile: Callable[[], None] = partial(sleep, MOMENT_SECONDS)
        """What is done while waiting, over and over; takes a moment each time."""
        self.before_retry: Callable[[], None] = lambda: None
        """What comes before what is tried again."""
        self._stop = stop
        self._watch = watch
        self._seconds = seconds
        self._clock = clock

    def __call__(self, work: Callable[[], T]) -> T:
        """Do something that bears to be tried again; what it gives is given on.

        Raises:
            Outage: it could not be done for longer than is waited.
            Interrupted: somebody has asked to end before it could be done.
        """
        try:
            return work()
        except Outage as outage:
            return self._outlast(work, outage)

    def beside(self) -> "Beside":
        """Give the same patience to something that need not be done before all else."""
        return Beside(self._watch, seconds=self._seconds, clock=self._clock)

    def _outlast(self, work: Callable[[], T], outage: Outage) -> T:
        began = self._clock()
        pause = FIRST_PAUSE_SECONDS
        self._heed(outage)
        self._watch(Blocked(problem=str(outage), seconds=self._seconds))
        while (waited := self._clock() - began) < self._seconds:
            self._rest(min(pause, self._seconds - waited), outage)
            pause = _next(pause)
            self.before_retry()
            is_over = True
            try:
                return work()
            except Outage as again:
                outage, is_over = again, False
            finally:
                if is_over:  # also where the work finds that it was done, and says so by an error
                    self._watch(Unblocked(seconds=self._clock() - began))
        raise _given_up(outage, self._seconds) from outage

    def _rest(self, seconds: float, outage: Outage) -> None:
        until = self._clock() + seconds
        while self._clock() < until:
            self.meanwhile()
            self._heed(outage)

    def _heed(self, outage: Outage) -> None:
        if ending := self._stop.asked():
            raise Interrupted(ending, outage)


class Beside:
    """Tries again, after growing pauses, what an outage has stopped, while other things go on.

    Arguments:
        watch: sees when waiting begins, and when it has been worth it.
        seconds: how long an outage is waited for.
        clock: gives seconds.
    """

    def __init__(
        self,
        watch: Callable[[Fact], None] = lambda _: None,
        *,
        seconds: float = PATIENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._watch = watch
        self._seconds = seconds
        self._clock = clock
        self._since: float | None = None
        """When what is waited for was found away; None where it is there."""
        self._try_at = -math.inf
        self._pause = FIRST_PAUSE_SECONDS

    def __call__(self, work: Callable[[], None]) -> bool:
        """Do something where it is time to; tell whether it was done when it was last tried.

        Raises:
            Outage: it could not be done for longer than is waited.
        """
        if self._clock() < self._try_at:
            return False
        try:
            work()
        except Outage as outage:
            self._wait(outage)
            return False
        if self._since is not None:
            self._watch(Unblocked(seconds=self._clock() - self._since))
        self._since, self._try_at, self._pause = None, -math.inf, FIRST_PAUSE_SECONDS
        return True

    def _wait(self, outage: Outage) -> None:
        now = self._clock()
        if self._since is None:
            self._since = now
            self._watch(Blocked(problem=str(outage), seconds=self._seconds))
        left = self._since + self._seconds - now
        if left <= 0:
            raise _given_up(outage, self._seconds) from outage
        self._try_at = now + min(self._pause, left)
        self._pause = _next(self._pause)


def _next(pause: float) -> float:
    return min(2 * pause, LONGEST_PAUSE_SECONDS)


def _given_up(outage: Outage, seconds: float) -> Outage:
    return Outage(
        f"{outage}, and launch again: the study goes on from its last states "
        f"(waited for {words.seconds(seconds)})"
    )
