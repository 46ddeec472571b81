"""A random order of rows that takes little memory, however many rows there are."""

import math
from typing import Protocol

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

LISTED = 1 << 20
"""Rows up to which an order is a list, of 8 MB at most; above, it is worked out place by place."""
_ROUNDS = 4
"""Rounds from which a Feistel network of random functions passes for random: Luby and Rackoff
1988."""


class Rows(Protocol):
    """Row numbers in some order, read a slice at a time."""

    def __len__(self) -> int:
        """Rows there are."""

    def __getitem__(self, places: slice, /) -> Integers:
        """Give the rows at some places of the order."""


def shuffled(rng: np.random.Generator, count: int, *, first: int = 0, stride: int = 1) -> Rows:
    """Put `count` rows that follow each other into a random order.

    Arguments:
        rng: draws the order.
        count: rows there are, 1 or more.
        first: the number of the first row.
        stride: from a row's number to the next one's.
    """
    if count > LISTED:
        return _Computed(rng, count, first, stride)
    return first + stride * rng.permutation(count)


class _Computed:
    """An order of which nothing is kept but four keys.

    A row stands on a grid of `across` by `down` places, by its number. Each round moves all rows of
    a line by as much as a random function of the line says, along and across in turn, so that no
    two rows ever meet; a row that leaves the numbers there are moves on until it is back. Feistel's
    network on numbers below any bound: Black and Rogaway 2002, section 5.
    """

    def __init__(self, rng: np.random.Generator, count: int, first: int, stride: int) -> None:
        self._count, self._first, self._stride = count, first, stride
        self._across = math.isqrt(count - 1) + 1
        self._down = -(-count // self._across)
        self._keys = rng.integers(1 << 64, size=_ROUNDS, dtype=np.uint64)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, places: slice, /) -> Integers:
        rows = self._moved(np.arange(*places.indices(self._count), dtype=np.uint64))
        while (outside := rows >= self._count).any():
            rows[outside] = self._moved(rows[outside])
        return self._first + self._stride * rows.astype(np.int64)

    def _moved(self, rows: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
        line, place = np.divmod(rows, np.uint64(self._across))
        for number, key in enumerate(self._keys):
            if number % 2:
                line = (line + _mixed(place ^ key)) % np.uint64(self._down)
            else:
                place = (place + _mixed(line ^ key)) % np.uint64(self._across)
        return line * np.uint64(self._across) + place


def _mixed(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Give each number one without visible relation to it, below 2^32.

    The finaliser of SplitMix64: Steele, Lea and Flood 2014, with the constants of variant 13 by
    David Stafford.
    """
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers >> np.uint64(32)
