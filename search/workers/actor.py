"""What sits in a slot: trains one trial at a time, and hears wishes meanwhile. Knows no Ray."""

import os
from collections.abc import Iterator

from lstm_attn.reports import EpochReport, Wish
from lstm_attn.sequences import SequenceData
from search.records import Outcome, TrialTask

Said = EpochReport | tuple[str, int, int] | Outcome | bytes
"""What a worker says: a checkpoint is announced as (kind, epoch, step) and follows as bytes."""


class Worker:
    """Sits in a slot: trains one trial at a time, and hears wishes meanwhile."""

    def __init__(self, data: SequenceData, *, gpu: bool) -> None:
        import torch

        from lstm_attn.run import load_tables

        self._device = "cuda" if gpu and torch.cuda.is_available() else "cpu"
        self._data = data
        self._tables = load_tables(data, self._device)
        self._wish = Wish()
        self._task: tuple[int, int] | None = None

    def ready(self) -> str:
        """Answer once everything is loaded; says where this is."""
        return f"{os.uname().nodename}:{os.getpid()}"

    def train(self, task: TrialTask) -> Iterator[Said]:
        """Train a trial; a checkpoint is announced first and follows as bytes."""
        from search import trial

        self._wish = wish = Wish()
        self._task = (task.number, task.attempt)
        messages = trial.train(task, self._data, wish, device=self._device, tables=self._tables)
        for message in messages:
            if isinstance(message, EpochReport):
                yield message
            elif isinstance(message, trial.Given):
                yield (message.kind, message.epoch, message.step)
                yield message.content
            else:
                self._task = None  # before the last yields: the next trial may come at once
                yield message.outcome
                if message.content is not None:
                    yield message.content

    def hear(self, number: int, attempt: int, what: str, epoch: int = 0) -> None:
        """Pass a wish on to the trial that is meant, if it is still being trained."""
        if self._task != (number, attempt):
            return
        if what == "stop":
            self._wish.stop(epoch=epoch)
        else:
            getattr(self._wish, what)()
