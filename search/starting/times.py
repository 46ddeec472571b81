"""Which column says when a row was, and what its times mean for a series.

Letters: R rows.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from search.errors import WrongUse
from search.starting.profiles import FEW, PARTS, Profile

_CLOCK_CHANGE = np.timedelta64(1, "h")
_CLOCK = {PARTS.index(part) for part in ("hour", "minute", "second")}


def time_of(profiles: Sequence[Profile], shown: str, *, forced: bool) -> tuple[Profile | None, str]:
    """Choose the column of times, and say what it means for the task.

    Arguments:
        profiles: of all columns.
        shown: what was looked at, for messages.
        forced: whether the task or the target was asked for.

    Raises:
        WrongUse: rows that are no series, or not in the order of time.
    """
    found = [one for one in profiles if one.stamps is not None]
    for one in found:
        if frequency := one.frequency:
            return one, f"{one.name!r} is a time in every row, {apart(frequency)}"
    if found:
        return found[0], _unevenly(found[0], profiles, shown)
    labelled = [one for one in profiles if one.can_be_labels and one.values is None]
    if labelled and not forced:
        raise WrongUse(
            f"forecasting: no column of times in {shown}, as 2012-01-31, and rows have labels, "
            f"{labelled[0].name!r} - say --task forecasting where rows follow each other in time"
        )
    undated = [one for one in profiles if one.values is None and one.is_named_time]
    if holed := [one for one in profiles if "time" in one.holes]:
        why = f"{holed[0].name!r} has no time in {holed[0].holes['time'].where}"
    elif undated:
        why = f"{undated[0].name!r} has no time as 2012-01-31"
    else:
        why = "there is no column of times, as 2012-01-31"
    return None, f"rows of numbers are taken in their order: {why}"


def apart(frequency: str) -> str:
    """Say how far apart rows lie: `one day apart`, `15 minutes apart`."""
    return f"{frequency if frequency[0].isdigit() else f'one {frequency}'} apart"


def _unevenly(one: Profile, profiles: Sequence[Profile], shown: str) -> str:
    """Say why rows are taken in their order, though they have times.

    Raises:
        WrongUse: they are several series, or not in the order of time.
    """
    assert one.stamps is not None
    parts = _parts(one, profiles) if one.doubled else []
    if parts:
        names = " and ".join(repr(part.name) for part in [one, *parts])
        has_clock = any(part.part_of_time in _CLOCK for part in parts)
        example = "2012-01-31 14:00" if has_clock else "2012-01-31"
        why = f"{names} say a row's time together - write both in one column, as {example}"
        in_order = bool((np.lexsort(_keys(one, parts)) == np.arange(one.rows)).all())
    elif one.doubled > FEW * one.rows:
        raise WrongUse(
            f"forecasting: {one.name!r} has the same time in several rows of {shown}, as where "
            "several series stand below each other, or where the hour has a column of its own "
            "- give one series a file, or write times in one column, as 2012-01-31 14:00"
        )
    elif one.doubled:
        rows = f"{one.doubled:,} row{'s' if one.doubled > 1 else ''}"
        why = f"{one.name!r} has the time of another row in {rows}, as where clocks change"
        in_order = bool((np.diff(one.stamps) > -_CLOCK_CHANGE).all())
    else:
        why = f"{one.name!r} is a time, but rows are missing or not evenly spaced"
        in_order = bool((np.diff(one.stamps) > np.timedelta64(0)).all())
    if not in_order:
        raise WrongUse(
            f"forecasting: by {one.name!r} rows of {shown} are missing or not evenly spaced, "
            "and they are not in the order of time - add those that are missing, or sort them"
        )
    most = f"; most lie {apart(one.rhythm)}" if one.rhythm and not parts else ""
    return f"rows are taken in their order, without a time: {why}{most}"


def _parts(one: Profile, profiles: Sequence[Profile]) -> list[Profile]:
    """Give the columns that tell rows of the same time apart, as the hour of a day does."""
    others = [other for other in profiles if other is not one and other.part_of_time is not None]
    others.sort(key=lambda other: other.part_of_time or 0)
    if not others:
        return []
    different = np.unique(np.stack(_keys(one, others)), axis=1).shape[1]
    return others if different == one.rows else []


def _keys(one: Profile, parts: Sequence[Profile]) -> list[npt.NDArray[np.float64]]:
    """Give what rows are ordered by, (R,) each, the shortest first."""
    assert one.stamps is not None
    numbers = [part.values for part in reversed(parts) if part.values is not None]
    return [*numbers, np.asarray((one.stamps - one.stamps[0]).astype(np.float64))]
