"""Types of keys of a study file: what is taken, and what an editor is told that is."""

import datetime as dt
import re
import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from search.spec.sizes import LARGEST, SMALLEST, size
from search.spec.times import LONGEST, duration, is_datelike, iso_date

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
LARGEST_SEED = 2**63 - 1
"""What a seed, or a number of rows, is at most."""


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _no_control_characters(value: str) -> str:
    if not value or any(unicodedata.category(character) == "Cc" for character in value):
        raise ValueError
    return value


def _each_once(values: list[str]) -> list[str]:
    doubled = [value for value in values if values.count(value) > 1]
    if doubled:
        raise ValueError(f"{doubled[0]!r} is listed twice - list it once")
    return values


def is_name(value: str) -> bool:
    """Tell whether a study may have this name; folders have it too."""
    return _NAME.fullmatch(value) is not None


def _name(value: str) -> str:
    if not is_name(value):
        raise ValueError
    return value


def _held(value: object) -> object:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float) and 0.0 < value < 1.0:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LARGEST_SEED:
        return value
    if isinstance(value, str) and is_datelike(value):
        return iso_date(value)
    files = _as_list(value)
    if isinstance(files, list) and files and all(isinstance(file, str) for file in files):
        return [_no_control_characters(file) for file in _each_once(files)]
    raise ValueError


def _duration(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError  # noqa: TRY004 - pydantic takes no TypeError
    return duration(value)


def _size(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError  # noqa: TRY004 - pydantic takes no TypeError
    return size(value)


def _either(*schemas: dict[str, Any]) -> WithJsonSchema:
    """Say what a key takes, where its validator takes more than its type."""
    return WithJsonSchema({"anyOf": list(schemas)})


_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "array", "items": _TEXT, "minItems": 1, "uniqueItems": True}

Name = Annotated[
    str,
    AfterValidator(_name),
    WithJsonSchema({"type": "string", "pattern": f"^{_NAME.pattern}$"}),
]
Text = Annotated[str, AfterValidator(_no_control_characters)]
Texts = Annotated[
    list[Text],
    Field(min_length=1),
    AfterValidator(_each_once),
    BeforeValidator(_as_list),
    _either(_TEXT, _TEXTS),
]
Held = Annotated[
    Any,
    BeforeValidator(_held),
    _either(
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        {"type": "integer", "minimum": 1, "maximum": LARGEST_SEED},
        _TEXT,
        _TEXTS,
    ),
]
Seconds = Annotated[
    float,
    BeforeValidator(_duration),
    _either(
        {"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST},
        {"type": "string", "pattern": r"^\s*([0-9]+h)?([0-9]+m)?([0-9]+s)?\s*$"},
    ),
]
Bytes = Annotated[
    int,
    BeforeValidator(_size),
    _either(
        {"type": "integer", "minimum": SMALLEST, "maximum": LARGEST},
        {"type": "string", "pattern": r"^\s*[0-9.]+\s?(MB|GB|TB|MiB|GiB|TiB)\s*$"},
    ),
]
