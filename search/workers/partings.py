"""Workers that are ended, whatever they do, without waiting for Ray's head.

Ray sends a kill on its way and goes on, but where a worker has only just been asked for it waits
until the head has heard of that one, which may be for as long as the head is away.
"""

import threading
import time
from contextlib import suppress

import ray
from ray.exceptions import RayError

from search.workers.repeated import PARTING_SECONDS
from search.workers.slot import Slot


class Partings:
    """Ends workers; none is waited for longer than a moment."""

    def __init__(self) -> None:
        self._waiting: list[threading.Thread] = []

    def end(self, slot: Slot) -> None:
        """End a slot's worker."""
        if slot.starting is None:
            ray.kill(slot.actor)
            return
        self._waiting = [thread for thread in self._waiting if thread.is_alive()]
        thread = threading.Thread(target=_kill, args=(slot,), name="parting", daemon=True)
        thread.start()
        self._waiting.append(thread)

    def see_off(self) -> None:
        """Wait a moment for those that are still being ended."""
        until = time.monotonic() + PARTING_SECONDS
        for thread in self._waiting:
            thread.join(max(0.0, until - time.monotonic()))


def _kill(slot: Slot) -> None:
    with suppress(RayError):  # it ends with its Ray
        ray.kill(slot.actor)
