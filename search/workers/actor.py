"""What sits in a slot: trains one trial at a time, and hears wishes meanwhile. Knows no Ray."""

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import suppress

from lstm_attn.reports import EpochReport, Wish
from lstm_attn.sequences import SequenceData
from search.records import Outcome, TrialTask

Said = EpochReport | tuple[str, int, int] | Outcome | bytes
"""What a worker says: a checkpoint is announced as (kind, epoch, step) and follows as bytes."""

WISHES_KEPT = 3
"""The trial before, this one, and the next, whose wishes may come before it does."""

PRIMITIVES_KEPT = 200
"""Shapes whose kernels oneDNN keeps ready; with its own 1,024 trials of many sizes fill memory."""


class Worker:
    """Sits in a slot: trains one trial at a time, and hears wishes meanwhile."""

    def __init__(self, data: SequenceData, *, gpu: bool) -> None:
        os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(PRIMITIVES_KEPT))
        import torch  # which reads it when it first computes

        from lstm_attn.run import load_tables

        self._device = "cuda" if gpu and torch.cuda.is_available() else "cpu"
        self._data = data
        self._tables = load_tables(data, self._device)
        self._wishes: dict[tuple[int, int], Wish] = {}
        self._lock = threading.Lock()

    def ready(self) -> str:
        """Answer once everything is loaded; says where this is."""
        return f"{os.uname().nodename}:{os.getpid()}"

    def train(self, task: TrialTask) -> Iterator[Said]:
        """Train a trial; a checkpoint is announced first and follows as bytes."""
        from search import trial

        wish = self.wish_of(task.number, task.attempt)
        messages = trial.train(task, self._data, wish, device=self._device, tables=self._tables)
        for message in messages:
            if isinstance(message, EpochReport):
                yield message
            elif isinstance(message, trial.Given):
                yield (message.kind, message.epoch, message.step)
                yield message.content
            else:
                messages.close()  # the next trial may come before this generator ends
                _give_memory_back()
                yield message.outcome
                if message.content is not None:
                    yield message.content

    def hear(self, number: int, attempt: int, what: str, epoch: int = 0) -> None:
        """Pass a wish on to the trial that is meant; it may come before the trial does."""
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


def _give_memory_back() -> None:
    """Give what a trial has freed back to the system: trials of other sizes leave it in pieces."""
    with suppress(AttributeError):  # glibc alone keeps it, and has this
        ctypes.CDLL(None).malloc_trim(0)
