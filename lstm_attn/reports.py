"""What training says and what it is asked: values and one wish, without torch."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochReport:
    """One epoch: a training leg followed by one validation."""

    epoch: int
    """Which epoch has ended, from 1."""
    training_loss: float
    """Mean training loss over the leg's steps."""
    metrics: Mapping[str, float]
    """Every metric of the task on the validation rows."""
    seconds: float
    """Seconds of the leg and its validation."""
    rows_per_second: float
    """Training rows (tokens, for text) a second of the leg."""


@dataclass(slots=True)
class Wish:
    """What the caller of `fit` wants; read before every batch, set from any thread."""

    _state: bool = False
    _weights: bool = False
    _stop_at: int | None = None
    _stop_now: bool = False
    _hand_in: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def state(self) -> None:
        """Ask for a state before the next batch."""
        with self._lock:
            self._state = True

    def weights(self) -> None:
        """Ask for the best weights so far before the next batch."""
        with self._lock:
            self._weights = True

    def stop(self, *, epoch: int) -> None:
        """Ask to end as of the end of `epoch`, which is the last that counts.

        The epoch may lie behind, by one at most: what was learned after it is dropped.
        """
        with self._lock:
            self._stop_at = epoch

    def stop_now(self) -> None:
        """Ask to end before the next batch, as of the last epoch that has ended."""
        with self._lock:
            self._stop_now = True

    def hand_in(self) -> None:
        """Ask to end before the next batch, giving a state to go on from."""
        with self._lock:
            self._hand_in = True

    def take_state(self) -> bool:
        """Tell whether a state is wished, and clear the wish."""
        with self._lock:
            wished, self._state = self._state, False
            return wished

    def take_weights(self) -> bool:
        """Tell whether the best weights are wished, and clear the wish."""
        with self._lock:
            wished, self._weights = self._weights, False
            return wished

    @property
    def stop_at(self) -> int | None:
        """The last epoch that counts; None to go on."""
        return self._stop_at

    @property
    def stopping_now(self) -> bool:
        """Whether training is to end before the next batch."""
        return self._stop_now

    @property
    def handing_in(self) -> bool:
        """Whether training is to end before the next batch, with a state."""
        return self._hand_in
