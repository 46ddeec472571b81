"""Study files as dictionaries, written as TOML; encoded data without files."""

import json

import pytest

from search import spec
from search.errors import SpecError

DATA = {
    "language-modeling": {"format": "text", "train": "data/*.txt"},
    "classification": {"format": "json", "train": ["a.jsonl", "b.jsonl"]},
    "forecasting": {"format": "csv", "train": "/data/weather.csv"},
}
TASK = {
    "language-modeling": {"inputs": "text"},
    "classification": {"inputs": "sequence", "target": "label"},
    "forecasting": {"inputs": ["wind", "rain"], "targets": "rain", "time": "date"},
}


def _toml(value):
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return str(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=True)


def tree_of(kind="classification", **sections):
    base = {"name": "mine", "data": DATA[kind], "task": {"kind": kind, **TASK[kind]}}
    for name, section in sections.items():
        is_both = isinstance(section, dict) and isinstance(base.get(name), dict)
        base[name] = {**base[name], **section} if is_both else section
    return base


@pytest.fixture(scope="session")
def tree():
    return tree_of


@pytest.fixture(scope="session")
def write(tmp_path_factory):
    """Write a tree as a study file."""
    path = tmp_path_factory.mktemp("studies") / "mine.toml"

    def write_it(content):
        lines = [f"{json.dumps(key)} = {_toml(value)}" for key, value in content.items()]
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return write_it


@pytest.fixture(scope="session")
def problems():
    """Load a file and give the lines of what is wrong with it."""

    def problems_of(path, *overrides, name=None):
        with pytest.raises(SpecError) as caught:
            spec.load(path, overrides, name)
        first, *lines = caught.value.problems
        assert first == f"{path}: {len(lines)} problem{'s' if len(lines) > 1 else ''}"
        assert all(line.startswith("  ") for line in lines)
        return [line[2:] for line in lines]

    return problems_of
