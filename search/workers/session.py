"""The time for which this process belongs to one Ray, which is not left under who asks it.

Ray bears no question while it is left. One that comes later would start another Ray by itself,
which is forbidden here. Nor does Ray tell by itself, on stdout, what has befallen nodes and
workers: the events of a launch do.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
from ray._private import auto_init_hook
from ray._private import worker as driver

from search.records import PayloadLost

auto_init_hook.enable_auto_connect = False
driver.print_to_stdstream = lambda *_, **__: None  # `log_to_driver` does not go for its errors


class Session:
    """Keeps apart who asks Ray in the background, and who leaves it."""

    def __init__(self) -> None:
        self.number = 0
        """How often Ray was left: what came from an earlier one is no more."""
        self.raylet: psutil.Process | None = None
        """The node of a Ray that this process has started for itself; None of one it has joined."""
        self._asked = threading.Lock()

    @property
    def is_own(self) -> bool:
        """Whether it is a Ray that this process has started for itself."""
        return self.raylet is not None

    @property
    def node_has_died(self) -> bool:
        """Whether the node of a Ray of our own is there no more."""
        try:
            return self.raylet is not None and self.raylet.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:  # somebody else's who is hidden: it can't be told
            return False

    @contextmanager
    def asking(self, number: int) -> Iterator[None]:
        """Ask for what came in a session, for a moment in which Ray is not left.

        Raises:
            PayloadLost: that session is over.
        """
        with self._asked:
            # Where its node has died, Ray ends the process that asks for what lay there.
            if number != self.number or self.node_has_died:
                raise PayloadLost("the Ray that had it is gone")
            yield

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """Leave Ray, once nobody asks it anything."""
        self.number += 1  # first, so that who asks again and again does it no more
        with self._asked:
            yield
            self.raylet = None


session = Session()
"""This process's."""
