"""How far an axis of scores goes, where a few very poor ones would squash all others."""

from collections.abc import Sequence

from search.records import StudySummary

OUTLYING, MOST = 4.0, 0.95
"""Scores that lie so many times further from the best than those of most trials are left out."""
MARGIN = 0.05
"""Room beside the outermost scores, as a share of what is shown."""

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
