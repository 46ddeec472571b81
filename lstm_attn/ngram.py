"""An interpolated n-gram model of tokens: what tables of counts can do.

Letters: N training tokens, M tokens of another text, V tokens in the vocabulary.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    """The n-grams of one length: a history of n - 1 tokens, known by number, and a token."""

    codes: npt.NDArray[np.int64]
    """Ascending; history number * V + token. An n-gram's place is its number as a history."""
    counts: npt.NDArray[np.int64]
    """By n-gram: how often it occurs, or after how many different tokens."""
    totals: npt.NDArray[np.int64]
    """By history: the sum of its n-grams' counts."""
    kinds: npt.NDArray[np.int64]
    """By history: how many different tokens follow it."""


class NGram:
    """Witten-Bell interpolation of n-grams, fitted when made.

        p(w | h) = (c(h w) + k(h) p(w | h')) / (c(h) + k(h))

    k(h) is the number of different tokens that follow h in the training text, h' is h without its
    first token, and an h that nothing follows gives way to h' (Witten and Bell 1991; Chen and
    Goodman 1998, section 2.5). c counts the longest n-grams as they occur; for shorter ones, which
    speak only where longer ones say little, it counts the different tokens before them (Kneser and
    Ney 1995), worth 0.14 nats a character on Shakespeare. Below unigrams lie equal shares of the
    vocabulary.

    Arguments:
        tokens: (N,) the training text, below `vocabulary`.
        order: n, the tokens of the longest n-gram; 1 or more.
        vocabulary: V.
    """

    def __init__(self, tokens: Integers, *, order: int, vocabulary: int) -> None:
        self._vocabulary = vocabulary
        codes: list[npt.NDArray[np.int64]] = []
        counts: list[npt.NDArray[np.int64]] = []
        history = shorter = np.zeros(len(tokens), np.int64)
        for length in range(min(order, len(tokens))):
            distinct, first, number, often = np.unique(
                history * vocabulary + tokens[length:],
                return_index=True,
                return_inverse=True,
                return_counts=True,
            )
            if length:  # each distinct n-gram is one token before the shorter one it ends in
                counts[-1] = np.bincount(shorter[first + 1], minlength=len(codes[-1]))
            codes.append(distinct)
            counts.append(often)
            shorter, history = number, number[:-1]
        histories = [1, *map(len, codes)]
        self._levels = [
            _level(codes[length], counts[length], histories[length], vocabulary)
            for length in range(len(codes))
        ]

    def nats(self, tokens: Integers) -> npt.NDArray[np.float64]:
        """Say what each token of a text (M,) costs after those before it, in nats, (M,)."""
        likely = np.full(len(tokens), 1 / self._vocabulary)
        history = np.zeros(len(tokens), np.int64)  # its number, or -1: never seen in training
        for length, level in enumerate(self._levels[: len(tokens)]):
            code = np.where(history >= 0, history * self._vocabulary + tokens[length:], -1)
            place = np.minimum(np.searchsorted(level.codes, code), len(level.codes) - 1)
            seen = level.codes[place] == code
            kinds = np.where(history >= 0, level.kinds[history], 0)
            totals = np.where(history >= 0, level.totals[history], 0)
            counts = np.where(seen, level.counts[place], 0)
            shorter = likely[length:]
            longer = (counts + kinds * shorter) / np.maximum(totals + kinds, 1)
            likely[length:] = np.where(kinds > 0, longer, shorter)
            history = np.where(seen, place, -1)[:-1]
        nats: npt.NDArray[np.float64] = -np.log(likely)
        return nats


def _level(
    codes: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], histories: int, vocabulary: int
) -> _Level:
    owner = codes // vocabulary
    return _Level(
        codes=codes,
        counts=counts,
        totals=np.bincount(owner, weights=counts, minlength=histories).astype(np.int64),
        kinds=np.bincount(owner, minlength=histories),
    )
