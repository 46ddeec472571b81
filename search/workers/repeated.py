"""A thread that does the same thing over and over."""

import threading
from collections.abc import Callable

PARTING_SECONDS = 2.0
"""How long it is waited for at its end; what hangs in Ray ends with Ray."""


class Repeated:
    """Does something again and again, in the background, until it is closed.

    Arguments:
        work: what is done; takes a moment.
        every: seconds between two times.
        name: of the thread.
    """

    def __init__(self, work: Callable[[], None], *, every: float, name: str) -> None:
        self._work = work
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Do it no more."""
        self._over.set()
        self._thread.join(PARTING_SECONDS)

    def _run(self) -> None:
        while not self._over.wait(self._every):
            self._work()
