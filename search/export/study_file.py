"""A trial's configuration as a study file of its own, which `launch` accepts."""

from collections.abc import Mapping
from typing import Any

from lstm_attn.config import Variant
from lstm_attn.encoding import Encoding
from search.records import Params
from search.space import DIMENSIONS, NEVER_VARY
from search.spec import StudySpec
from search.spec.defaults import SEARCHED
from search.spec.writing import Toml, toml

NAME_LENGTH = 100
"""Characters of a study's name at most."""


def one_trial_name(study: str, number: int) -> str:
    """Name the study of one trial alone: `STUDY-NUMBER`, the study's name cut where it is long."""
    ending = f"-{number}"
    return f"{study[: NAME_LENGTH - len(ending)]}{ending}"


def study_file(
    spec: StudySpec, *, name: str, params: Params, variant: Variant, encoding: Encoding
) -> str:
    """Write the study file of one configuration: nothing varies and nothing is left out.

    Arguments:
        spec: the study it is from.
        name: of the new study.
        params: the trial's.
        variant: the trial's, among `params` or fixed.
        encoding: the data's, which tells the tokenizer where the spec leaves it open.
    """
    values = {**spec.space.fixed, **params}
    there = [name for name in DIMENSIONS if name in values and spec.space.has(name, variant)]
    in_space = ("variant", *SEARCHED)
    sections: dict[str, Mapping[str, Toml]] = {
        "data": _data(spec, encoding),
        "task": _task(spec),
        "space": {name: values[name] for name in there if name in in_space},
        "training": {
            name: values[name]
            for name in (*NEVER_VARY, *there)
            if name in values and name not in in_space
        },
        "search": {"objective": spec.objective, "trials": 1, "seed": spec.seed},
    }
    return toml(name, sections)


def _data(spec: StudySpec, encoding: Encoding) -> dict[str, Toml]:
    data = spec.data
    table: dict[str, Toml] = {
        "format": data.format,
        "train": data.train,
        "validation": data.validation,
    }
    if data.test is not None:
        table["test"] = data.test
    table["seed"] = data.seed
    if encoding.tokenizer is not None:
        table["tokenizer"] = data.tokenizer or encoding.tokenizer.kind
        if table["tokenizer"] == "word":
            table["vocabulary"] = data.vocabulary
    return table


def _task(spec: StudySpec) -> dict[str, Toml]:
    task = spec.task
    table: dict[str, Toml] = {"kind": task.kind, "inputs": task.inputs}
    match task.kind:
        case "classification":
            table["target"] = task.targets[0]
        case "forecasting":
            optional: dict[str, Any] = {
                "time": task.time,
                "calendar": task.calendar or None,
                "season": task.season,
            }
            table |= {"targets": task.targets, "horizon": task.horizon}
            table |= {key: value for key, value in optional.items() if value is not None}
    return table
