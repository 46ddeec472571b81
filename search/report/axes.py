"""How far an axis of scores goes, where a few very poor ones would squash all others.

And what is written at one of whole numbers.
"""

import math
from collections.abc import Sequence
from typing import Any

from search.records import StudySummary

OUTLYING, MOST = 4.0, 0.95
"""Scores that lie so many times further from the best than those of most trials are left out."""
MARGIN = 0.05
"""Room beside the outermost scores, as a share of what is shown."""

FEW = 12
"""Numbers on an axis that are all written."""
WIDE = 100
"""Sizes that lie so many times apart have no room for more marks than powers of ten."""

Span = tuple[float, float]


def span(study: StudySummary, values: Sequence[float]) -> Span | None:
    """Choose the range of an axis of scores, the strong baseline in it; None where all fit.

    Arguments:
        study: whose objective it is.
        values: scores, finite ones.
    """
    ordered = sorted(values, reverse=study.direction == "maximize")
    if not ordered:
        return None
    best, most, worst = ordered[0], ordered[int(MOST * (len(ordered) - 1))], ordered[-1]
    if abs(worst - best) <= OUTLYING * abs(most - best) or most == best:
        return None
    near = [value for value in ordered if abs(value - best) <= OUTLYING * abs(most - best)]
    near += [study.strong.validation[study.objective]] if study.strong else []
    low, high = min(near), max(near)
    margin = MARGIN * (high - low)
    return low - margin, high + margin


def within(range_: Span | None, value: float) -> bool:
    """Tell whether an axis shows a score."""
    return range_ is None or range_[0] <= value <= range_[1]


def whole(numbers: Sequence[int]) -> dict[str, Any]:
    """Say how plotly marks an axis of whole numbers, which a short one would divide."""
    return alone(numbers) or {"dtick": 1 if max(numbers) <= FEW else None}


def alone(numbers: Sequence[int]) -> dict[str, Any]:
    """Have plotly mark a number that is the only one, and nothing else; empty where it isn't."""
    return {"tickvals": [numbers[0]]} if len(set(numbers)) == 1 else {}


def decades(low: int, high: int) -> list[int]:
    """Choose the marks of a logarithmic axis of sizes: 1, 2 and 5, or 1 alone, of each decade.

    As many as a narrow screen has room for.

    Arguments:
        low: the smallest size; above 0.
        high: the largest.
    """
    steps = (1, 2, 5) if high <= WIDE * low else (1,)
    powers = [10**power for power in range(int(math.log10(low)), int(math.log10(high)) + 1)]
    marks = [step * power for power in powers for step in steps]
    return [mark for mark in marks if low <= mark <= high]
