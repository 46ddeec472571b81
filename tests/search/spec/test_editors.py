"""The schema by which editors check study files, held to the models and to what they accept."""

import json
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from search.spec import editors
from search.spec.meanings import MEANINGS
from search.spec.schema import SECTIONS, StudyFile
from tests.search.spec.study_files import valid_files
from tests.search.spec.toml_text import Tree, toml

SCHEMA = json.loads(editors.schema_file().read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
STUDIES = sorted(Path("studies").glob("*.toml"))
WRITE = "write it anew: from search.spec.editors import *; schema_file().write_text(schema_text())"
generated = settings(
    max_examples=60,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)


def read(text: str) -> Tree:
    """Read TOML as an editor hands it to a schema: dates are strings."""
    return json.loads(json.dumps(tomllib.loads(text), default=str))


def keys(tree: Tree) -> Iterator[str]:
    """Name every table and key of a file."""
    for name, value in tree.items():
        yield name
        if isinstance(value, dict) and name in SECTIONS:
            yield from (f"{name}.{key}" for key in value)


def test_the_shipped_schema_is_the_models() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert editors.schema_file().read_text(encoding="utf-8") == editors.schema_text(), WRITE


def test_every_key_has_its_meaning_and_no_other_has() -> None:
    known = [f"{name}.{key}" for name, section in SECTIONS.items() for key in section.model_fields]
    assert sorted(MEANINGS) == sorted([*StudyFile.model_fields, *known])
    assert all(meaning.endswith(".") for meaning in MEANINGS.values())


@pytest.mark.parametrize("file", STUDIES, ids=str)
def test_a_shipped_study_names_the_schema_and_is_accepted_by_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    [first] = [line for line in text.splitlines()[:1] if line.startswith("#:schema ")]
    named = file.parent / first.removeprefix("#:schema ")
    assert named.resolve() == editors.schema_file()
    VALIDATOR.validate(read(text))


@generated
@given(tree=valid_files() | valid_files(grid=True))
def test_a_file_that_is_accepted_is_one_for_editors_too(tree: Tree) -> None:
    VALIDATOR.validate(read(toml(tree)))


@generated
@given(tree=valid_files(), data=st.data())
def test_an_unknown_key_is_refused_wherever_it_stands(tree: Tree, data: st.DataObject) -> None:
    broken = deepcopy(tree)
    place = data.draw(st.sampled_from(["", *(name for name in SECTIONS if name in tree)]))
    (broken[place] if place else broken)["trails"] = 1
    assert not VALIDATOR.is_valid(read(toml(broken)))


@pytest.mark.parametrize(
    "change",
    [
        {"task": {"kind": "regression", "inputs": "x"}},
        {"task": {"kind": "classification"}},
        {"space": {"dropout": 1.0}},
        {"space": {"heads": []}},
        {"space": {"heads": {"low": 1}}},
        {"space": {"heads": {"low": 1, "high": 2, "hihg": 3}}},
        {"space": {"variant": "gru"}},
        {"training": {"epochs": 0}},
        {"training": {"epochs": [1, 2]}},
        {"search": {"timeout": "soon"}},
        {"search": {"objective": "speed"}},
        {"resources": {"trial_memory": "4 gigabytes"}},
        {"data": {"format": "csv", "train": []}},
        {"data": {"format": "csv", "train": "a.csv", "validation": 0}},
        {"data": {"format": "csv", "train": "a.csv", "tokenizer": "bytes"}},
        {"name": "no spaces"},
    ],
    ids=str,
)
def test_what_check_refuses_in_a_key_an_editor_refuses(change: Tree) -> None:
    tree = {
        "name": "x",
        "data": {"format": "csv", "train": "a.csv"},
        "task": {"kind": "classification", "inputs": "x"},
    }
    VALIDATOR.validate(tree)
    assert not VALIDATOR.is_valid(tree | change)


def test_a_hover_says_what_a_key_means_and_what_would_do() -> None:
    said = SCHEMA["properties"]["space"]["properties"]["dropout"]["description"]
    assert said == (
        "Dropout between LSTM layers and before the readout. Use a number from 0 and below 1, a "
        "list of them, or a range { low = ..., high = ... }."
    )


def test_the_keys_of_a_study_are_those_of_the_schema() -> None:
    known = set(MEANINGS)
    for file in STUDIES:
        assert set(keys(tomllib.loads(file.read_text(encoding="utf-8")))) <= known
