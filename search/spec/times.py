"""Durations and dates as a study file writes them."""

import datetime as dt
import re

from search.spec.words import shorten

LONGEST = 1000 * 3600.0
"""The longest duration, in seconds."""

_DURATION = re.compile(r"(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})s)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.+Z-]+)?")


def duration(value: str | float) -> float:
    """Read a duration: `45s`, `30m`, `2h`, `1h30m`, or a number of seconds.

    Raises:
        ValueError: it is none, or not above 0 and up to `LONGEST`.
    """
    if isinstance(value, str):
        parts = _DURATION.fullmatch(value.strip())
        if not parts:
            raise ValueError(f"got {value!r} - use a time such as 30m, 1h30m or 45s")
        hours, minutes, seconds = (int(part or 0) for part in parts.groups())
        value = hours * 3600 + minutes * 60 + seconds
    if not 0 < value <= LONGEST:
        raise ValueError(f"got {shorten(value)} - use a time above 0 and up to 1000h")
    return float(value)


def is_datelike(text: str) -> bool:
    """Tell whether a text is meant as a date rather than a path."""
    return _DATE.fullmatch(text) is not None


def is_date(text: str) -> bool:
    """Tell whether a text is an ISO date, with or without a time of day."""
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
