"""Signs that say in few columns how far something is, and which way it goes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """The letters that are drawn with, each one column wide."""

    done: str
    """Of a bar, as far as it is."""
    left: str
    """Of a bar, from there on."""
    levels: str
    """Of a trend, the lowest first."""


FINE = Signs(done="━", left="─", levels="▁▂▃▄▅▆▇█")
COARSE = Signs(done="#", left=".", levels="_-^")
"""For terminals that know ASCII alone."""


def signs_for(encoding: str) -> Signs:
    """Choose what a terminal of an encoding can show."""
    return FINE if encoding.lower().startswith("utf") else COARSE


def bar(done: int, of: int, width: int, signs: Signs) -> tuple[str, str]:
    """Draw how far something is: what is done, and what is left.

    Arguments:
        done: so many are.
        of: so many there are in all.
        width: columns of both parts together.
        signs: to draw with.
    """
    filled = min(width, round(width * done / of)) if of else 0
    if 0 < done < of:  # neither begun nor ended may be drawn where it isn't
        filled = min(max(filled, 1), width - 1)
    return signs.done * filled, signs.left * (width - filled)


def trend(values: Sequence[float], signs: Signs) -> str:
    """Draw values one after the other, the lowest of them lowest; no number is a blank.

    Arguments:
        values: oldest first.
        signs: to draw with.
    """
    finite = [value for value in values if math.isfinite(value)]
    low = min(finite, default=0.0) / 2  # halves, whose difference is never too large
    range_ = max(finite, default=0.0) / 2 - low
    top = len(signs.levels) - 1

    def level(value: float) -> str:
        if not math.isfinite(value):
            return " "
        height = (value / 2 - low) / range_ if range_ > 0 else 0.5
        return signs.levels[round(top * height)]

    return "".join(map(level, values))
