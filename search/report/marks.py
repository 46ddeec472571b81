"""What is written at an axis of parallel coordinates: values as they read everywhere else."""

import math
from collections.abc import Mapping, Sequence

from search.records import Value
from search.words import number, setting

ABSENT = "none"
"""Stands where a trial's variant doesn't have a parameter."""
OPTUNAS = "None"
"""What Optuna writes there."""
APART = 0.05
"""Share of an axis that lies between two marks, at least."""

Place = float
"""On an axis, from 0 at its lower end to 1."""


def told(value: Value | None, *, score: bool = False) -> str:
    """Write what a trial has there: a score, or a value of its configuration."""
    if value is None:
        return ABSENT
    return number(float(value)) if score else setting(value)


def values(
    drawn: Sequence[tuple[Place, str]], numbers: Sequence[Value] | None
) -> list[Value | None]:
    """Tell what each line has at an axis, which Optuna orders as it likes, by where it passes.

    Arguments:
        drawn: where each line passes, and what Optuna says of that.
        numbers: what the lines have there, in any order; None where Optuna says it exactly.
    """
    if numbers is None:
        return [None if text == OPTUNAS else text for _, text in drawn]
    there = [line for line, (_, text) in enumerate(drawn) if text != OPTUNAS]
    there.sort(key=lambda line: drawn[line][0])
    found = dict(zip(there, sorted(numbers, key=float), strict=True))
    return [found.get(line) for line in range(len(drawn))]


def marks(
    drawn: Sequence[tuple[Place, str]],
    found: Mapping[Place, Value | None],
    *,
    log: bool = False,
    score: bool = False,
) -> list[tuple[Place, str]]:
    """Choose what is written at an axis: no two on top of each other.

    Where few values occur it is they; else marks where Optuna has them, the ends before what is
    between, and those of whole numbers at the nearest one.

    Arguments:
        drawn: Optuna's marks.
        found: what occurs, by place; None where a trial has nothing.
        log: whether equal distances are equal ratios.
        score: whether it is the axis of scores.
    """
    if len(found) <= len(drawn):
        own = list(found.items())
    else:
        own = [
            (place, None) if text == OPTUNAS else _at(place, found, log=log)
            for place, text in drawn
        ]
    kept: list[tuple[Place, str]] = []
    for place, value in sorted(own, key=lambda mark: (mark[0] not in (0, 1), mark[0])):
        if all(abs(place - other) >= APART for other, _ in kept):
            kept.append((place, told(value, score=score)))
    return kept


def _at(place: Place, found: Mapping[Place, Value | None], *, log: bool) -> tuple[Place, Value]:
    """Tell which number lies at a place, and where exactly the one that is written."""
    numbers = {at: value for at, value in found.items() if isinstance(value, int | float)}
    low, high = min(numbers), max(numbers)
    if place in numbers:
        return place, numbers[place]
    first, last = (math.log10(numbers[at]) if log else numbers[at] for at in (low, high))
    scaled = first + (place - low) / (high - low) * (last - first)
    value = 10**scaled if log else scaled
    if all(isinstance(one, int) for one in numbers.values()):
        value = round(value)
        scaled = math.log10(value) if log else value
        place = low + (scaled - first) / (last - first) * (high - low)
    return place, value
