"""Which rows are scored: always the same ones, for every trial and every baseline."""

import numpy as np
import numpy.typing as npt

from lstm_attn.errors import DataError

Integers = npt.NDArray[np.int64]


def scored_rows(count: int, rows: int | None) -> Integers:
    """Choose the sequences or origins to score.

    Where they are capped they are drawn once and for all: the first ones might all be of one
    class, and every twenty-fourth of one hour of the day.

    Arguments:
        count: sequences or origins there are.
        rows: the most to score, 1 or more; None for all.

    Returns:
        numbers below `count`, ascending.

    Raises:
        DataError: there is none.
    """
    if count < 1:
        raise DataError("rows: there is none to score - give at least one")
    if rows is None or count <= rows:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, rows, replace=False))


def scored_windows(count: int, context: int, rows: int | None) -> tuple[Integers, Integers]:
    """Cut a text into windows, from its start on; each token scored is in one of them.

    Arguments:
        count: tokens there are, the first included.
        context: tokens of a window; the last may be shorter.
        rows: the most tokens to score, whatever the context; None for all.

    Returns:
        starts (W,) and lengths (W,): window i reads the tokens from `starts[i]` on, and scores the
        `lengths[i]` tokens after `starts[i]`.

    Raises:
        DataError: no token follows the first.
    """
    if count < 2:  # noqa: PLR2004 - the first and one to score
        raise DataError(f"text: {count} tokens, and the first is not scored - give at least 2")
    scored = count - 1 if rows is None else min(rows, count - 1)
    starts = np.arange(0, scored, context)
    return starts, np.minimum(context, scored - starts)
