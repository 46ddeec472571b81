"""What the docs and the layout say is held to the code."""

import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from lstm_attn import errors as model_errors
from search import errors as search_errors

ROOT = Path(__file__).parents[1]
TOP = {
    ".ci",
    ".dockerignore",
    ".gitignore",
    "CHANGELOG.md",
    "Dockerfile",
    "LICENSE",
    "Makefile",
    "README.md",
    "benchmarks",
    "docker-compose.yml",
    "docs",
    "lstm_attn",
    "pyproject.toml",
    "requirements.lock",
    "search",
    "studies",
    "tests",
}


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(found.stdout.split())


@pytest.mark.parametrize("module", ["lstm_attn.config", "search.operations", "search.cli"])
def test_what_stands_at_the_edge_loads_without_the_heavy_libraries(module: str) -> None:
    heavy = {"torch", "ray", "optuna", "datasets", "sqlalchemy", "sklearn"}
    assert loaded_by(f"import {module}") & heavy == set()


def test_an_export_is_used_without_the_service() -> None:
    service = {"optuna", "ray", "sqlalchemy", "search", "typer", "pydantic"}
    assert (
        loaded_by("import lstm_attn; lstm_attn.load; import lstm_attn.predict") & service == set()
    )


def test_a_worker_needs_no_database() -> None:
    assert loaded_by("import search.trial, lstm_attn.run") & {"optuna", "sqlalchemy"} == set()


@pytest.mark.parametrize("module", [model_errors, search_errors])
def test_every_error_stands_in_the_tree_of_its_docstring(module: object) -> None:
    tree = re.findall(r"(?:[├└]── )?(\w+)", str(module.__doc__))
    classes = [
        name for name, value in vars(module).items() if isinstance(value, type) and name[0] != "_"
    ]
    assert [name for name in classes if name not in tree] == []
    assert len(classes) > 3


def test_exit_codes_are_those_of_the_tree() -> None:
    lines = re.findall(r"(\w+) +(\d)", str(search_errors.__doc__))
    assert len(lines) > 10
    for name, code in lines:
        assert getattr(search_errors, name).exit_code == int(code)


def test_each_room_stands_once_in_the_architecture_in_the_order_of_its_layer() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    listed = text.split("speaks\n", 1)[1].split("\n\n", 1)[0].splitlines()
    names = [re.findall(r"\w+", re.split(" {2,}", line.strip())[0]) for line in listed]
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(one["layers"] for one in settings["contracts"] if one.get("exhaustive"))
    rank = {room: place for place, layer in enumerate(layers) for room in layer.split(" | ")}
    found = Counter(name for line in names for name in line if name in rank)
    assert found == dict.fromkeys(rank, 1)
    first = [rank[line[0]] for line in names]
    assert first == sorted(first)


def test_nothing_else_stands_at_the_top() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert {path.split("/")[0] for path in tracked} <= TOP


def test_files_are_read_in_one_sitting() -> None:
    files = [*(ROOT / "search").rglob("*.py"), *(ROOT / "lstm_attn").rglob("*.py")]
    long = {str(file): n for file in files if (n := len(file.read_text().splitlines())) > 300}
    assert long == {}


def test_the_lock_names_exact_versions_and_no_index() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert "torch==2.13.0" in lines
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []
