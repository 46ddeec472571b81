"""The random numbers of a run: drawn from its seed alone, whoever else draws meanwhile.

PyTorch's dropout has no generator of its own but takes from a global one. `Chance` lends a run's
numbers to the global generators for a while and gives the caller's back afterwards.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import numpy as np
import torch
from torch import Tensor

_WEIGHTS, _DROPOUT = 0, 1
"""Places of unrelated 64-bit seeds among the numbers of a trial's seed."""


class Chance:
    """A run's own states of PyTorch's global generators, in force inside `with`.

    Only one can be in force at a time in a process: PyTorch's generators belong to all its threads.

    Arguments:
        device: where the run draws; the CPU's generator always belongs to it.
        states: by kind of device, as `now` gave them.
    """

    def __init__(self, device: torch.device, states: dict[str, Tensor]) -> None:
        self._device = device
        self._states = states
        self._callers: dict[str, Tensor] = {}

    @classmethod
    def of_seed(cls, device: torch.device, seed: int) -> "Chance":
        """Give the dropout of a run from its start.

        Arguments:
            device: where the run draws.
            seed: of the trial, 0 or more.
        """
        return cls(device, _states(device, seed, _DROPOUT))

    def with_states(self, states: dict[str, Tensor]) -> "Chance":
        """Go on from recorded states; a kind of device that has none goes by its seed."""
        return Chance(self._device, {**self._states, **states})

    def now(self) -> dict[str, Tensor]:
        """Copy the states in force, by kind of device."""
        states = {"cpu": torch.get_rng_state()}
        if self._device.type == "cuda":
            states["cuda"] = torch.cuda.get_rng_state(self._device)
        return states

    def __enter__(self) -> None:
        self._callers = self.now()
        self._use(self._states)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._states = self.now()
        self._use(self._callers)

    def _use(self, states: dict[str, Tensor]) -> None:
        torch.set_rng_state(states["cpu"])
        if self._device.type == "cuda":
            torch.cuda.set_rng_state(states["cuda"], self._device)


@contextmanager
def weights_drawn_from(seed: int) -> Iterator[None]:
    """Draw a model's first weights, on the CPU, from a trial's seed.

    Arguments:
        seed: of the trial, 0 or more.
    """
    with Chance(torch.device("cpu"), _states(torch.device("cpu"), seed, _WEIGHTS)):
        yield


def row_order(seed: int, turn: int) -> np.random.Generator:
    """Give the random numbers that order one pass over the training rows.

    Arguments:
        seed: of the trial, 0 or more.
        turn: which pass, from 0.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(turn,)))


def _states(device: torch.device, seed: int, purpose: int) -> dict[str, Tensor]:
    """Give fresh states of the generators that a device draws from, by kind of device."""
    number = int(np.random.SeedSequence(seed).generate_state(2, np.uint64)[purpose])
    return {
        kind: torch.Generator(kind).manual_seed(number).get_state()
        for kind in sorted({"cpu", device.type})
    }
