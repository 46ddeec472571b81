"""What is shown of a trial that runs."""

from collections import deque
from dataclasses import dataclass, field

from search.records import Params

RECENT = 8
"""Epochs whose scores a trend is drawn from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a trial is worth so far: its best epoch."""

    value: float
    """The objective."""
    loss: float
    """The task's loss there, which orders equal values."""
    number: int
    """The trial's."""
    epoch: int
    """The epoch, from 1."""


@dataclass(slots=True, kw_only=True)
class Row:
    """A trial that runs, or waits for a slot to go on in."""

    number: int
    params: Params
    default: bool
    place: int
    """Its row, from 1: the first that was free when it was started. It keeps it to its end."""
    epoch: int
    """Epochs that have ended."""
    began: float
    """When it was started last, by the clock of who counts."""
    began_after: int
    """Epochs that had ended then."""
    host: str = ""
    """The machine it is trained on; empty where that isn't known."""
    scores: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    """The objective at the last of the epochs, oldest first."""
    best: Standing | None = None
    lost: bool = False
    """Whether its worker is gone and it waits for another."""

    def seconds_left(self, epochs: int, now: float) -> float | None:
        """Reckon how long it takes to its last epoch; None before it has ended one here.

        Arguments:
            epochs: the most a trial gets.
            now: by the clock of who counts.
        """
        ended = self.epoch - self.began_after
        return (now - self.began) / ended * (epochs - self.epoch) if ended else None

    @property
    def score(self) -> float | None:
        """The objective at the last epoch; None where none has ended."""
        return self.scores[-1] if self.scores else None
