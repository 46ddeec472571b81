"""Study files as dictionaries, written as TOML."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

Tree = dict[str, Any]
"""A study file as `tomllib` gives it."""


def toml(tree: Mapping[str, Any]) -> str:
    """Write a tree, a line for every key of a section."""
    plain = {key: item for key, item in tree.items() if not isinstance(item, dict)}
    tables = {key: item for key, item in tree.items() if isinstance(item, dict)}
    lines = [f"{_string(key)} = {_value(item)}" for key, item in plain.items()]
    for name, table in tables.items():
        lines += ["", f"[{_string(name)}]"]
        lines += [f"{_string(key)} = {_value(item)}" for key, item in table.items()]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    match value:
        case str():
            text = _string(value)
        case bool():
            text = str(value).lower()
        case int() if value > 1 << 64:
            text = hex(value)  # Python writes very long ones so alone
        case list() | tuple():
            text = f"[{', '.join(map(_value, value))}]"
        case dict():
            items = (f"{_string(key)} = {_value(item)}" for key, item in value.items())
            text = f"{{{', '.join(items)}}}"
        case dt.date() | dt.time():
            text = value.isoformat()
        case _:
            text = str(value)
    return text


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
