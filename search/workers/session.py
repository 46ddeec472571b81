"""The time for which this process belongs to one Ray, which is not left under who asks it.

Ray bears no question while it is left. One that comes later would start another Ray by itself,
which is forbidden here.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ray._private import auto_init_hook

from search.records import PayloadLost

auto_init_hook.enable_auto_connect = False


class Session:
    """Keeps apart who asks Ray in the background, and who leaves it."""

    def __init__(self) -> None:
        self.number = 0
        """How often Ray was left: what came from an earlier one is no more."""
        self._asked = threading.Lock()

    @contextmanager
    def asking(self, number: int) -> Iterator[None]:
        """Ask for what came in a session, for a moment in which Ray is not left.

        Raises:
            PayloadLost: that session is over.
        """
        with self._asked:
            if number != self.number:
                raise PayloadLost("the Ray that had it is gone")
            yield

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """Leave Ray, once nobody asks it anything."""
        self.number += 1  # first, so that who asks again and again does it no more
        with self._asked:
            yield


session = Session()
"""This process's."""
