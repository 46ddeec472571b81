"""Durations and dates as a study file writes them."""

import datetime as dt
import re
from contextlib import suppress

from search.spec.words import shorten

LONGEST = 1000 * 3600.0
"""The longest duration, in seconds."""

_DURATION = re.compile(r"(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})s)?")
_DATE = re.compile(r"([0-9]{4})([-/])([0-9]{1,2})\2([0-9]{1,2})((?:[T ][0-9:.+Z-]+)?)")
_HALF = re.compile(r"([0-9]{4})(?:[-/](0?[1-9]|1[0-2]))?")


def duration(value: str | float) -> float:
    """Read a duration: `45s`, `30m`, `2h`, `1h30m`, or a number of seconds.

    Raises:
        ValueError: it is none, or not above 0 and up to `LONGEST`.
    """
    given = value
    if isinstance(value, str):
        parts = _DURATION.fullmatch(value.strip())
        if not parts:
            raise ValueError(f"got {value!r} - use a time such as 30m, 1h30m or 45s")
        hours, minutes, seconds = (int(part or 0) for part in parts.groups())
        value = hours * 3600 + minutes * 60 + seconds
    if not 0 < value <= LONGEST:
        raise ValueError(f"got {shorten(given)} - use a time above 0 and up to 1000h")
    return float(value)


def is_datelike(text: str) -> bool:
    """Tell whether a text is meant as a date rather than a path."""
    return _DATE.fullmatch(text) is not None


def iso_date(text: str) -> str:
    """Write a date as ISO does, with the time of day it may have: 2015/1/31 becomes 2015-01-31.

    Raises:
        ValueError: it is none.
    """
    if parts := _DATE.fullmatch(text):
        year, _, month, day, clock = parts.groups()
        date = f"{year}-{month:0>2}-{day:0>2}{clock}"
        with suppress(ValueError):
            dt.datetime.fromisoformat(date)
            return date
    raise ValueError(f"got {text!r}, which is no date - use one such as 2015-01-01")


def moment(date: str) -> dt.datetime:
    """Give the moment at which a date begins, in UTC where it has no time zone.

    Arguments:
        date: as `iso_date` writes it.
    """
    written = dt.datetime.fromisoformat(date)
    return written if written.tzinfo else written.replace(tzinfo=dt.UTC)


def completed(text: str) -> str | None:
    """Give the first day of what is a year or a month rather than a date; None of anything else."""
    parts = _HALF.fullmatch(text)
    return f"{parts[1]}-{parts[2] or '01':0>2}-01" if parts else None
