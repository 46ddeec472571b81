"""A thread that does one thing after another; where the disk is full it stands still.

It holds what it could not write, and tries it again when it is told to. Nothing overtakes
anything else.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress

from search.errors import Outage
from search.records import PayloadLost

JOBS_HELD = 2
"""Jobs, and so payloads, that it holds at most: one being written, one fetched next."""
LOOK_SECONDS = 0.1
"""How often whoever waits for it looks whether it stands still."""


class Writer:
    """Does jobs in the background, in their order."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._room = threading.BoundedSemaphore(JOBS_HELD)
        self._jobs: list[Future[None]] = []
        self._turn = threading.Condition()
        self._outage: Outage | None = None
        """Why it stands still; None where it doesn't."""
        self._retrying = False
        self._closing = False

    def submit(self, work: Callable[[], None]) -> Future[None]:
        """Take a job, once there is room for it.

        Arguments:
            work: bears to be tried again after an `Outage`.

        Raises:
            Outage: it stands still; the job isn't taken.
        """
        while not self._room.acquire(timeout=LOOK_SECONDS):
            self.check()
        future = self._thread.submit(self._do, work)
        future.add_done_callback(lambda _: self._room.release())
        self._jobs.append(future)
        return future

    def check(self) -> None:
        """Have what it stands still over tried again; raise what went wrong since the last call.

        Raises:
            Outage: it still stands still.
        """
        with self._turn:
            if self._outage:
                self._outage, self._retrying = None, True
                self._turn.notify_all()
                self._turn.wait_for(lambda: self._outage or not self._retrying)
            if self._outage:
                raise Outage(*self._outage.problems)
        done = [job for job in self._jobs if job.done()]
        self._jobs = [job for job in self._jobs if not job.done()]
        for job in done:
            with suppress(PayloadLost):  # the trial goes on from the state before
                job.result()

    def finish(self, *jobs: Future[None]) -> None:
        """Wait until these jobs are done, or all there are; raise what went wrong.

        Raises:
            Outage: it stands still; called again, it is waited for further.
            PayloadLost: what one of these was to write is gone.
        """
        while wait(jobs or self._jobs, timeout=LOOK_SECONDS).not_done:
            self.check()
        for job in jobs:
            job.result()
        self.check()

    def close(self) -> None:
        """Do what can be done at once; what lacks space is given up."""
        with self._turn:
            self._closing, self._outage = True, None
            self._turn.notify_all()
        self._thread.shutdown(wait=True)

    def _do(self, work: Callable[[], None]) -> None:
        try:
            while True:
                try:
                    return work()
                except Outage as outage:
                    if not self._is_told_to_go_on(outage):
                        raise
        finally:
            with self._turn:
                self._retrying = False
                self._turn.notify_all()

    def _is_told_to_go_on(self, outage: Outage) -> bool:
        """Stand still until it is to be tried again, or to be given up."""
        with self._turn:
            if not self._closing:
                self._outage, self._retrying = outage, False
                self._turn.notify_all()
                self._turn.wait_for(lambda: self._outage is None)
                return not self._closing
        return False
