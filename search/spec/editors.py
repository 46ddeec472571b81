"""The JSON schema of study files, by which editors complete and check them while they are typed.

It is made of the models that check a file, and shipped beside them, so that it is always of the
version that reads files: `study.schema.json`. What needs more than one key it leaves to `check`.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lstm_attn.config import CALENDAR, METRICS, VARIANTS
from search.spec.checks import REQUIRED
from search.spec.limits import LIMITS, Limit
from search.spec.meanings import MEANINGS
from search.spec.schema import SECTIONS, Section, SpaceSection, StudyFile, TrainingSection

Schema = dict[str, Any]


SCHEMA_BESIDE = ".lstm-search.schema.json"
"""The name of a copy that lies beside a study file of the user's, and moves with its folder."""


def schema_file() -> Path:
    """Tell where the schema lies."""
    return Path(__file__).resolve().with_name("study.schema.json")


def schema_text() -> str:
    """Write the schema as it is shipped."""
    return json.dumps(schema(), indent=2) + "\n"


def schema() -> Schema:
    """Make the schema of a whole study file."""
    whole = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A study file of lstm-search",
        **_table(StudyFile, "", "The whole file."),
    }
    whole["properties"] |= {
        name: _table(section, name, MEANINGS[name]) for name, section in SECTIONS.items()
    }
    return whole


def _table(model: type[Section], section: str, meaning: str) -> Schema:
    """Make the schema of a table: its keys, and which of them it can't be without."""
    raw = model.model_json_schema(ref_template="{model}")["properties"]
    known = [name for name in model.model_fields if section or name not in SECTIONS]
    needed = [key for key in REQUIRED if key.rpartition(".")[0] == section]
    if not section:
        needed += dict.fromkeys(key.partition(".")[0] for key in REQUIRED if "." in key)
    return {
        "description": meaning,
        "type": "object",
        "additionalProperties": False,
        **({"required": [key.rpartition(".")[2] for key in needed]} if needed else {}),
        "properties": {name: _key(model, section, name, raw[name]) for name in known},
    }


def _key(model: type[Section], section: str, name: str, raw: Mapping[str, Any]) -> Schema:
    """Make the schema of a key: what it means, what would do, and what may stand there."""
    key = f"{section}.{name}" if section else name
    if model is SpaceSection:
        value, wanted = _setting(name)
    elif model is TrainingSection:
        value, wanted = _number(LIMITS[name]), LIMITS[name].wanted
    else:
        value, wanted = _plain(raw), str(model.model_fields[name].description)
    if key in _CHANGES:
        value = _CHANGES[key](value)
    return {"description": f"{MEANINGS[key]} Use {wanted}.", **value}


def _plain(raw: Mapping[str, Any]) -> Schema:
    """Take from pydantic's schema of an optional key what may stand there; TOML has no null."""
    found = [
        {name: item for name, item in one.items() if name != "title"}
        for one in raw["anyOf"]
        if one != {"type": "null"}
    ]
    return found[0] if len(found) == 1 else {"anyOf": found}


def _setting(name: str) -> tuple[Schema, str]:
    """Give what may stand in `[space]`, and what would do: a value, a list, or a range."""
    if name == "variant":
        value: Schema = {"enum": list(VARIANTS)}
        return {"anyOf": [value, _list(value)]}, "a name or a list of names"
    value = _number(LIMITS[name])
    step = {"type": value["type"], "exclusiveMinimum": 0}
    ends: Schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["low", "high"],
        "properties": {"low": value, "high": value, "step": step, "log": {"type": "boolean"}},
    }
    wanted = f"{LIMITS[name].wanted}, a list of them, or a range {{ low = ..., high = ... }}"
    return {"anyOf": [value, _list(value), ends]}, wanted


def _list(value: Schema) -> Schema:
    return {"type": "array", "items": value, "minItems": 1, "uniqueItems": True}


def _number(limit: Limit) -> Schema:
    """Give the numbers within limits."""
    low = "exclusiveMinimum" if limit.above else "minimum"
    high = "exclusiveMaximum" if limit.below else "maximum"
    kind = "integer" if limit.whole else "number"
    return {"type": kind, low: limit.low, high: limit.high}


def _each_of(names: tuple[str, ...]) -> Callable[[Schema], Schema]:
    """Let a text, or every text of a list, be one of some names."""
    return lambda _: {"anyOf": [{"enum": list(names)}, _list({"enum": list(names)})]}


_CHANGES: dict[str, Callable[[Schema], Schema]] = {
    "task.calendar": _each_of(CALENDAR),
    "search.objective": lambda _: {
        "enum": list(dict.fromkeys(name for metrics in METRICS.values() for name in metrics))
    },
    "data.tokenizer": lambda value: {
        "anyOf": [{"enum": ["character", "word"]}, {**value, "pattern": r"\.json$"}]
    },
}
"""Keys of which more is known than the type of their model says."""
