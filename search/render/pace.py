"""How fast a study goes on, and how long what is left will take."""

from collections import deque
from collections.abc import Callable
from statistics import fmean

LATEST = 20
"""Finished trials whose length says how long others will take, where none has finished yet."""


class Pace:
    """Counts what has ended since the first trial was started.

    Arguments:
        clock: gives seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began: float | None = None
        self._trials = 0
        self._epochs = 0
        self._lengths: deque[float] = deque(maxlen=LATEST)

    def begin(self) -> None:
        """Count time from now on, unless it is being counted."""
        if self._began is None:
            self._began = self._clock()

    def know(self, seconds: float | None) -> None:
        """Take how long a trial took that had finished before."""
        if seconds is not None:
            self._lengths.append(seconds)

    def count_trial(self) -> None:
        """Count a trial that has finished."""
        self._trials += 1

    def count_epoch(self) -> None:
        """Count an epoch that has ended."""
        self._epochs += 1

    @property
    def elapsed(self) -> float:
        """Seconds since the first trial was started; 0 before."""
        return 0.0 if self._began is None else self._clock() - self._began

    @property
    def trials_per_minute(self) -> float | None:
        """Trials by minutes; None before the first."""
        return self._per_minute(self._trials)

    @property
    def epochs_per_minute(self) -> float | None:
        """Epochs by minutes; None before the first."""
        return self._per_minute(self._epochs)

    def seconds_for(self, trials: int, *, at_a_time: int) -> float | None:
        """Reckon how long further trials take; None where nothing is known.

        Arguments:
            trials: so many are left, running ones included.
            at_a_time: so many run now. Before the first has finished, the mean length of former
                ones is shared among them.
        """
        if pace := self.trials_per_minute:
            return trials / pace * 60
        if self._lengths and at_a_time:
            return trials * fmean(self._lengths) / at_a_time
        return None

    def _per_minute(self, quantity: int) -> float | None:
        return quantity / self.elapsed * 60 if quantity and self.elapsed > 0 else None
