"""How far apart rows in time lie, by the calendar: months of 28 and 31 days are one month each.

Months by the 30th have their February's row on its last day, as years by February 29 have.

A frequency is a name: `hour`, `15 minutes`, `day`, `business day`, `week`, `month`, `month end`,
`quarter`, `6 months`, `year`. Letters: N rows.
"""

import re

import numpy as np
import numpy.typing as npt

Stamps = npt.NDArray[np.datetime64]
"""Points in time, as datetime64[us] without a time zone."""

SEASONS = {
    "hour": 24,
    "day": 7,
    "business day": 5,
    "week": 52,
    "month": 12,
    "month end": 12,
    "quarter": 4,
    "quarter end": 4,
    "year": 1,
    "year end": 1,
}
"""Rows in a season where none is given; of other frequencies it has to be."""

_FIXED = {
    "week": 604_800_000_000,
    "day": 86_400_000_000,
    "hour": 3_600_000_000,
    "minute": 60_000_000,
    "second": 1_000_000,
    "millisecond": 1_000,
    "microsecond": 1,
}
"""Microseconds of units that are always equally long, the longest first."""
_MONTHS = {"year": 12, "quarter": 3, "month": 1}
_YEAR, _MONTH = np.timedelta64(1, "Y"), np.timedelta64(1, "M")
_SHORTEST_MONTH = np.timedelta64(28, "D")
_SATURDAY = 5
_MOST = 0.75
"""Share of rows above which a rule of the calendar is theirs, and the others are slips."""
_FEW = 0.1
"""Share of rows on weekends below which days are business days; of all days it is 2/7."""


def infer(stamps: Stamps) -> str:
    """Tell how far apart most rows lie.

    Arguments:
        stamps: (N,) at least two, ascending, none twice; some may be missing.
    """
    step = _most_common(np.diff(stamps).astype(np.int64))
    if np.timedelta64(step, "us") >= _SHORTEST_MONTH:
        apart = _most_common(np.diff(_month(stamps)))
        ends, days = (float(_in_place(stamps, end=end).mean()) for end in (True, False))
        if max(ends, days) > _MOST:
            return _name(apart, _MONTHS) + (" end" if ends >= days else "")
    whole_weeks = stamps[-1] - stamps[0] > np.timedelta64(7, "D")
    weekend = float((weekday(stamps) >= _SATURDAY).mean())
    if step == _FIXED["day"] and whole_weeks and weekend < _FEW:
        return "business day"
    return _name(step, _FIXED)


def places(stamps: Stamps, frequency: str) -> npt.NDArray[np.int64]:
    """Count the steps of each row from the first, (N,); -1 for rows between two steps.

    Neighbours in a series without gaps differ by one.

    Arguments:
        stamps: (N,) ascending, one at least.
        frequency: as `infer` names it.

    Raises:
        ValueError: no frequency of that name.
    """
    count, unit, end = _parse(frequency)
    day, time = stamps.astype("M8[D]"), stamps - stamps.astype("M8[D]")
    same_time = time == time[0]
    if unit == "business day":
        steps = np.busday_count(day[0], day).astype(np.int64)
        on_step = same_time & np.is_busday(day)
    elif unit in _MONTHS:
        steps, rest = np.divmod(_month(stamps) - _month(stamps)[0], count * _MONTHS[unit])
        on_step = same_time & _in_place(stamps, end=end) & (rest == 0)
    else:
        apart = (stamps - stamps[0]).astype(np.int64)
        steps, rest = np.divmod(apart, count * _FIXED[unit])
        on_step = rest == 0
    return np.where(on_step, steps, -1)


def next_stamps(stamps: Stamps, frequency: str, n: int) -> Stamps:
    """Give the points in time after the last row of a series, (n,).

    Arguments:
        stamps: (N,) of the series, one at least: of months by the 30th the last may be a February.
        frequency: of the series, as `infer` names it.
        n: how many.

    Raises:
        ValueError: no frequency of that name.
    """
    count, unit, end = _parse(frequency)
    ahead = np.arange(1, n + 1)
    moment = stamps[-1:].astype("M8[us]")
    day = moment.astype("M8[D]")
    time = moment - day
    if unit == "business day":
        return np.asarray(np.busday_offset(day, ahead, roll="backward") + time)
    if unit not in _MONTHS:
        return np.asarray(moment + (ahead * count * _FIXED[unit]).astype("m8[us]"))
    months = moment.astype("M8[M]") + (ahead * count * _MONTHS[unit]).astype("m8[M]")
    length = _days_in_month(months)
    number = length if end else np.minimum(_usual_day(stamps), length)
    return np.asarray(months.astype("M8[D]") + (number - 1).astype("m8[D]") + time)


def calendar_inputs(stamps: Stamps, names: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Give each named calendar input as sine and cosine, (N, 2 x names).

    A cycle is as long as the calendar has it: a leap year has 366 days, February 28 or 29.

    Arguments:
        stamps: (N,) in any order.
        names: of `config.CALENDAR`.
    """
    day = stamps.astype("M8[D]")
    year = stamps.astype("M8[Y]")
    first_of_year, first_of_next = year.astype("M8[D]"), (year + _YEAR).astype("M8[D]")
    hours = (stamps - day) / np.timedelta64(1, "h")
    cycles = {
        "hour_of_day": hours / 24,
        "day_of_week": weekday(stamps) / 7,
        "day_of_month": (_day(stamps) - 1) / _days_in_month(stamps),
        "month": _month(stamps) % 12 / 12,
        "day_of_year": (day - first_of_year) / (first_of_next - first_of_year),
    }
    columns = [
        wave(2 * np.pi * cycles[name].astype(np.float64))
        for name in names
        for wave in (np.sin, np.cos)
    ]
    if not columns:
        return np.zeros((len(stamps), 0), np.float32)
    return np.stack(columns, axis=1).astype(np.float32)


def weekday(stamps: Stamps) -> npt.NDArray[np.int64]:
    """Count days from Monday, 0 to 6, (N,): 1970-01-01 was a Thursday."""
    return (stamps.astype("M8[D]").astype(np.int64) + 3) % 7


def _parse(frequency: str) -> tuple[int, str, bool]:
    match = re.fullmatch(r"(?:(\d+) )?(.+?)s?( end)?", frequency)
    units = {*_FIXED, *_MONTHS, "business day"}
    if match is None or match[2] not in units:
        raise ValueError(f"no frequency {frequency!r} - use day, month, 15 minutes or the like")
    return int(match[1] or 1), match[2], match[3] is not None


def _name(step: int, units: dict[str, int]) -> str:
    unit = next(unit for unit, size in units.items() if step % size == 0)
    count = step // units[unit]
    return unit if count == 1 else f"{count} {unit}s"


def _in_place(stamps: Stamps, *, end: bool) -> npt.NDArray[np.bool_]:
    """Tell which rows are on their day of the month, (N,): the last, or the usual one."""
    length = _days_in_month(stamps)
    return np.asarray(_day(stamps) == (length if end else np.minimum(_usual_day(stamps), length)))


def _usual_day(stamps: Stamps) -> int:
    """Give the day of the month that most rows are on, be it in shorter months by their last."""
    day, length = _day(stamps), _days_in_month(stamps)
    on_last = np.bincount(day[day == length], minlength=32)
    rows = np.bincount(day, minlength=32) + np.cumsum(on_last) - on_last  # (32,), by day
    usual = np.flatnonzero(rows == rows.max())
    return int(day[0] if day[0] in usual else usual[0])


def _most_common(steps: npt.NDArray[np.int64]) -> int:
    values, counts = np.unique(steps, return_counts=True)
    return int(values[counts.argmax()])


def _month(stamps: Stamps) -> npt.NDArray[np.int64]:
    return stamps.astype("M8[M]").astype(np.int64)


def _day(stamps: Stamps) -> npt.NDArray[np.int64]:
    """Day of the month, from 1."""
    first = stamps.astype("M8[M]").astype("M8[D]")
    return np.asarray((stamps.astype("M8[D]") - first).astype(np.int64) + 1)


def _days_in_month(stamps: Stamps) -> npt.NDArray[np.int64]:
    month = stamps.astype("M8[M]")
    return np.asarray(((month + _MONTH).astype("M8[D]") - month.astype("M8[D]")).astype(np.int64))
