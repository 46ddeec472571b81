"""What sits in a slot: trains one trial at a time, and hears wishes meanwhile. Knows no Ray."""

import ctypes
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import psutil

from lstm_attn.reports import EpochReport, Wish
from lstm_attn.sequences import SequenceData
from search.records import Limits, Outcome, TrialTask
from search.workers.guard import LOOK_SECONDS, SILENCE_SECONDS, Guard, Over
from search.workers.memory import cap
from search.workers.repeated import Repeated

Said = EpochReport | tuple[str, int, int] | Outcome | bytes
"""What a worker says: a checkpoint is announced as (kind, epoch, step) and follows as bytes."""

WISHES_KEPT = 3
"""The trial before, this one, and the next, whose wishes may come before it does."""

PRIMITIVES_KEPT = 200
"""Shapes whose kernels oneDNN keeps ready; with its own 1,024 trials of many sizes fill memory."""

NO_LIMITS = Limits()


class Worker:
    """Sits in a slot: trains one trial at a time, and hears wishes meanwhile.

    Arguments:
        data: encoded sequences.
        gpu: its share of a GPU; 0 for none.
        limits: of a trial.
        silence: seconds without a word from the coordinator after which a trial hands in.
    """

    def __init__(
        self,
        data: SequenceData,
        *,
        gpu: float,
        limits: Limits = NO_LIMITS,
        silence: float = SILENCE_SECONDS,
    ) -> None:
        self._listen(limits, silence)
        os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(PRIMITIVES_KEPT))
        import torch  # which reads it when it first computes

        from lstm_attn.run import load_tables

        self._device = "cuda" if gpu and torch.cuda.is_available() else "cpu"
        if self._device == "cuda" and gpu < 1:
            cap(gpu)
        self._data = data
        self._tables = load_tables(data, self._device)

    def _listen(self, limits: Limits, silence: float) -> None:
        """Be ready for wishes and signals."""
        self._wishes: dict[tuple[int, int], Wish] = {}
        self._lock = threading.Lock()
        self._guard = Guard(limits, silence=silence)
        self._looks: Repeated | None = None
        self._leaving = False
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._notice)

    def ready(self) -> str:
        """Answer once everything is loaded; says where this is. From now on it expects words."""
        self._guard.heard()
        self._looks = Repeated(
            self._guard.look,
            every=LOOK_SECONDS,
            name="guard",
            survives=(OSError, psutil.Error),  # where this process's memory cannot be read
        )
        return f"{os.uname().nodename}:{os.getpid()}"

    def alive(self) -> Over | None:
        """Answer that this is there, and whether its trial goes on past a limit."""
        self._guard.heard()
        return self._guard.over

    def train(self, task: TrialTask) -> Iterator[Said]:
        """Train a trial; a checkpoint is announced first and follows as bytes."""
        from search import trial

        wish = self.wish_of(task.number, task.attempt)
        self._guard.begin(wish)
        if self._leaving:
            wish.hand_in()
        messages = trial.train(task, self._data, wish, device=self._device, tables=self._tables)
        for message in messages:
            if self._looks:
                self._looks.check()
            if isinstance(message, EpochReport):
                with self._guard.waiting():
                    yield message
            elif isinstance(message, trial.Given):
                with self._guard.waiting():
                    yield (message.kind, message.epoch, message.step)
                    yield message.content
            else:
                messages.close()  # the next trial may come before this generator ends
                over = self._guard.end(wish)
                _give_memory_back()
                yield _past_limit(message.outcome, over)
                if message.content is not None:
                    yield message.content

    def hear(self, number: int, attempt: int, what: str, epoch: int = 0) -> None:
        """Pass a wish on to the trial that is meant; it may come before the trial does."""
        self._guard.heard()
        wish = self.wish_of(number, attempt)
        if what == "stop":
            wish.stop(epoch=epoch)
        else:
            getattr(wish, what)()

    def wish_of(self, number: int, attempt: int) -> Wish:
        """Give the wish of one attempt of a trial; the last few are remembered."""
        with self._lock:
            wish = self._wishes.setdefault((number, attempt), Wish())
            while len(self._wishes) > WISHES_KEPT:
                del self._wishes[next(iter(self._wishes))]
            return wish

    def _notice(self, *_: object) -> None:
        """Have what runs here hand in: this machine is about to be taken away."""
        self._leaving = True
        for wish in list(self._wishes.values()):
            wish.hand_in()


def _past_limit(outcome: Outcome, over: Over | None) -> Outcome:
    """Say of a trial that was ended by a limit that it was."""
    if over is None or outcome.kind != "stopped":
        return outcome
    kind, reason = over
    return replace(outcome, kind=kind, reason=reason)


def _give_memory_back() -> None:
    """Give what a trial has freed back to the system: trials of other sizes leave it in pieces."""
    with suppress(AttributeError):  # glibc alone keeps it, and has this
        ctypes.CDLL(None).malloc_trim(0)
