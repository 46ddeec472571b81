"""Study files written: what `spec.load` reads."""

import json
from collections.abc import Mapping, Sequence

from search.records import Value

Toml = Value | Sequence[Value] | Mapping[str, Value]
"""What may stand behind a key."""


def toml(name: str, sections: Mapping[str, Mapping[str, Toml]]) -> str:
    """Write a study file; sections without keys are left out.

    Arguments:
        name: the study's.
        sections: keys with their values, by section.
    """
    lines = [f"name = {value(name)}"]
    for section, table in sections.items():
        if table:
            lines += [
                "",
                f"[{section}]",
                *(f"{key} = {value(item)}" for key, item in table.items()),
            ]
    return "\n".join(lines) + "\n"


def value(item: Toml) -> str:
    """Write a value as TOML; its strings, numbers and lists of strings are those of JSON."""
    if isinstance(item, Mapping):
        return f"{{ {', '.join(f'{key} = {value(one)}' for key, one in item.items())} }}"
    if isinstance(item, Sequence) and not isinstance(item, str):
        return f"[{', '.join(map(value, item))}]"
    return json.dumps(item, ensure_ascii=False, allow_nan=False).replace("\x7f", "\\u007f")
