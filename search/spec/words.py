"""How values and lists of names read in a problem's line."""

import datetime as dt
import re
from collections.abc import Iterable

LENGTH = 60
"""The most characters of a value that a line shows."""
DEPTH = 3
"""The most lists and tables in one another that a line shows."""
DIGITS = 256
"""The most binary digits of a whole number that a line shows."""

_BARE = re.compile(r"[A-Za-z0-9_-]{1,60}")


def shorten(value: object) -> str:
    """Write a value as TOML does, on one line, cut where it is long."""
    text = _toml(value)
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 3]}..."


def listed(names: Iterable[object], *, last: str = "or") -> str:
    """Write names one after another: `a, b or c`."""
    *most, final = [str(name) for name in names] or ["none"]
    return f"{', '.join(most)} {last} {final}" if most else final


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
            text = f"{{ {', '.join(items)} }}"
        case dt.date() | dt.time():
            text = value.isoformat()
        case _:
            text = str(value)
    return text
