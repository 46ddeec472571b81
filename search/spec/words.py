"""How values and lists of names read in a problem's line."""

import datetime as dt
import re
from collections.abc import Iterable, Sequence

LENGTH = 60
"""The most characters of a value that a line shows."""
DEPTH = 3
"""The most lists and tables in one another that a line shows."""
DIGITS = 256
"""The most binary digits of a whole number that a line shows."""
MANY = 4
"""The most numbers that a line lists in full."""

_BARE = re.compile(r"[A-Za-z0-9_-]{1,60}")


def shorten(value: object) -> str:
    """Write a value as TOML does, on one line, cut where it is long."""
    text = _toml(value)
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 3]}..."


def listed(names: Iterable[object], *, last: str = "or") -> str:
    """Write names one after another: `a, b or c`."""
    *others, final = [str(name) for name in names] or ["none"]
    return f"{', '.join(others)} {last} {final}" if others else final


def some(numbers: Sequence[object]) -> str:
    """Write numbers one after another, and of many the first three: `1, 2, 3 and 9 more`."""
    few = len(numbers) <= MANY
    return listed(numbers if few else [*numbers[:3], f"{len(numbers) - 3} more"], last="and")


def bare(key: str) -> str:
    """Write a key as it stands in TOML: quoted, and cut, where it isn't a plain word."""
    return key if _BARE.fullmatch(key) else shorten(key)


def _toml(value: object, depth: int = 0) -> str:
    match value:
        case bool():
            text = str(value).lower()
        case int() if value.bit_length() > DIGITS:  # Python refuses to write very long ones
            text = f"a number of {value.bit_length()} bits"
        case str():
            text = repr(value)
        case list() | tuple() | dict() if depth > DEPTH:
            text = "..."
        case list() | tuple():
            text = f"[{', '.join(_toml(item, depth + 1) for item in value[:LENGTH])}]"
        case dict():
            items = (f"{bare(key)} = {_toml(item, depth + 1)}" for key, item in value.items())
            text = f"{{ {', '.join(items)} }}" if value else "{}"
        case dt.date() | dt.time():
            text = value.isoformat()
        case _:
            text = str(value)
    return text
