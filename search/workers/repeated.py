"""A thread that does the same thing over and over."""

import sys
import threading
from collections.abc import Callable
from contextlib import suppress

PARTING_SECONDS = 2.0
"""How long it is waited for at its end; what hangs in Ray ends with Ray."""


class Repeated:
    """Does something again and again, in the background, until it is closed.

    Arguments:
        work: what is done; takes a moment.
        every: seconds between two times.
        name: of the thread.
        survives: errors after which it is done again.
    """

    def __init__(
        self,
        work: Callable[[], None],
        *,
        every: float,
        name: str,
        survives: tuple[type[Exception], ...] = (),
    ) -> None:
        self._work = work
        self._every = every
        self._survives = survives
        self._ended_by: BaseException | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Do it no more."""
        self._over.set()
        self._thread.join(PARTING_SECONDS)

    def check(self) -> None:
        """Raise the error that nobody has foreseen, and that has ended it before it was closed."""
        if self._ended_by and not self._over.is_set():
            raise self._ended_by

    def _run(self) -> None:
        try:
            while not self._over.wait(self._every):
                with suppress(*self._survives):
                    self._work()
        finally:
            self._ended_by = sys.exception()
