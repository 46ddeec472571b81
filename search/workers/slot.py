"""A slot: its worker, the trial in it, and whether it still answers."""

import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError

from search.records import PayloadLate, PayloadLost, TrialTask
from search.workers.guard import SILENCE_SECONDS, Over
from search.workers.session import session

BEAT_SECONDS = 3.0
"""How often a worker is asked whether it is there."""
MISSES = 5
"""Beats without an answer after which a worker is lost: within 18 seconds."""
MOMENT_SECONDS = 1.0
"""How long they are waited for at a time; in between this Ray may be left."""
FETCH_SECONDS = 60.0
"""How long bytes may take to come; a node that is gone is known to Ray after about as long."""


@dataclass(frozen=True, slots=True)
class RemotePayload:
    """Bytes that lie in a worker's object store."""

    reference: ray.ObjectRef[bytes]
    session: int = field(default_factory=lambda: session.number)

    def fetch(self) -> bytes:
        """Bring the bytes here.

        Raises:
            PayloadLost: they are gone; PayloadLate: or have not come in time.
        """
        until = time.monotonic() + FETCH_SECONDS
        while time.monotonic() < until:
            try:
                with session.asking(self.session), suppress(GetTimeoutError):
                    ray.wait([self.reference], timeout=MOMENT_SECONDS)
                    return ray.get(self.reference, timeout=0)
            except (RayError, OSError, ValueError) as error:
                # The latter two: this machine's node has died, or the Ray that held them is none.
                raise PayloadLost(said(error)) from error
        raise PayloadLate(f"its bytes have not come within {FETCH_SECONDS:g} s")


@dataclass(slots=True, eq=False)
class Slot:
    """A place where one trial runs at a time."""

    actor: Any
    starting: Any
    """The reference of the worker's answer; None once it is ready."""
    placing: Any = None
    """The reference of the node that it is on."""
    where: str = ""
    """Machine and process of its worker, as `host:12`; empty until it is ready."""
    node: str = ""
    """Ray's name for the node that it is on; empty until it is ready."""
    task: TrialTask | None = None
    stream: Any = None
    announced: Any = None
    """What its worker has said whose bytes come next; None where none do."""
    trials: int = 0
    leaving: bool = False
    """Whether it goes as soon as its trial has handed in."""
    missed: int = 0
    """Beats in a row without an answer."""
    gone: bool = False
    """Whether its worker was found dead."""
    past: tuple[Over, int] | None = None
    """Which limit its trial has passed and goes on all the same, and for how many beats in a row:
    one value, since it is read in another thread than it is set in."""
    answered: float = field(default_factory=time.monotonic)
    """When it was asked what it has answered last; at first, when it was had."""
    _asked: Any = None
    _asked_at: float = 0.0

    def __str__(self) -> str:
        return self.where

    @property
    def was_heard(self) -> bool:
        """Whether its worker can't have ended itself because nobody spoke to it."""
        return time.monotonic() - self.answered < SILENCE_SECONDS

    @property
    def source(self) -> object:
        """What is waited for to hear of it; None where nothing is to come."""
        return self.starting if self.starting is not None else self.stream

    @property
    def lost(self) -> bool:
        """Whether its worker has not answered for too long, or is dead."""
        return self.gone or self.missed >= MISSES or self.overrun is not None

    @property
    def overrun(self) -> Over | None:
        """The limit past which its trial goes on although it was told to end; None where none."""
        past = self.past
        return past[0] if past and past[1] >= MISSES else None

    def start(self, task: TrialTask) -> None:
        """Train a trial."""
        self.task, self.past = task, None
        self.trials += 1
        self.stream = self.actor.train.options(
            num_returns="streaming", _generator_backpressure_num_objects=1
        ).remote(task)

    def tell(self, what: str, epoch: int = 0) -> object:
        """Wish something of the trial; gives the reference of the worker's answer."""
        assert self.task is not None
        return self.actor.hear.remote(self.task.number, self.task.attempt, what, epoch)

    def beat(self) -> None:
        """Ask whether the worker is there, and count how often it has not answered."""
        if self.starting is not None:
            return
        try:
            if self._asked is not None and not ray.wait([self._asked], timeout=0)[0]:
                self.missed += 1
                return
            if self._asked is not None:
                over = ray.get(self._asked)
                self.past = (over, self.past[1] + 1 if self.past else 1) if over else None
                self.answered = self._asked_at
            self._asked, self._asked_at = self.actor.alive.remote(), time.monotonic()
        except RayError:
            self.gone = True
        except (OSError, ValueError):  # Ray's connections break, or it does not know who was asked
            self.missed += 1
        else:
            self.missed = 0


def said(error: Exception) -> str:
    """Give the last line of what Ray says, which names the cause."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(error).__name__
