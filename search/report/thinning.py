"""Which trials a plot shows where all would be too many: the best always, the rest evenly."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from search.records import TrialSummary

T = TypeVar("T")


def thin(
    trials: Sequence[TrialSummary],
    limit: int,
    *,
    first: Sequence[TrialSummary],
    by: Callable[[TrialSummary], object] = lambda _: "",
) -> tuple[TrialSummary, ...]:
    """Choose at most so many trials: the first ones, and of the others evenly, by number.

    Arguments:
        trials: all of them.
        limit: the most to choose; at least as many as there are different `by`.
        first: trials to choose in any case, until half of the limit is spent.
        by: a kind of trials; each has as large a share of those chosen as of all.

    Returns:
        By number.
    """
    if len(trials) <= limit:
        return tuple(sorted(trials, key=lambda trial: trial.number))
    chosen = {trial.number: trial for trial in first[: limit // 2]}
    rest = [trial for trial in trials if trial.number not in chosen]
    rest.sort(key=lambda trial: (str(by(trial)), trial.number))
    chosen |= {trial.number: trial for trial in evenly(rest, limit - len(chosen))}
    return tuple(chosen[number] for number in sorted(chosen))


def thin_curve(trial: TrialSummary, limit: int) -> Mapping[int, float]:
    """Choose at most so many epochs of a curve: evenly, with the first, the last and the best."""
    epochs = sorted(trial.curve)
    if len(epochs) <= limit:
        return trial.curve
    kept = {*evenly(epochs, limit - 1), trial.best_epoch}
    return {epoch: trial.curve[epoch] for epoch in epochs if epoch in kept}


def evenly(items: Sequence[T], limit: int) -> list[T]:
    """Choose at most so many items, evenly, the first and the last among them."""
    if len(items) <= limit:
        return list(items)
    if limit == 1:
        return [items[-1]]
    return [items[round(place * (len(items) - 1) / (limit - 1))] for place in range(limit)]
