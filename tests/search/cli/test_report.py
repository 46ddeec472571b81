"""A report of a study in a database, by its command."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from search.cli import app
from search.settings import Settings


def run(line: str) -> str:
    result = CliRunner().invoke(app, line.split(), prog_name="lstm-search")
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_study_is_reported_as_it_stands(shelf: Any) -> None:
    to = Path("moods.html")
    assert run("report moods --to moods.html").startswith("moods.html: moods, 0 trials")
    empty = to.read_text()
    assert "no trial has started yet" in empty
    shelf.trial({1: 0.123})
    shelf.wrong.tells(
        "report moods --to moods.html",
        {},
        "moods.html: is there already - overwrite it with --force, or name another with --to",
        code=2,
    )
    run("report moods --to moods.html --force")
    text = to.read_text()
    assert "no trial has started yet" not in text
    assert "0.1230 (trial 0, epoch 1, complete)" in text
    assert str(shelf.wrong.folder) in text  # the data's path, as the file says
    assert not [path for path in Path().iterdir() if path.suffix == ".part"]


def test_programs_read_the_same(shelf: Any) -> None:
    shelf.trial({1: 0.123})
    found = json.loads(run("report moods --json"))
    assert found["best"][0]["value"] == 0.123
    assert found["best"][0]["weights"] > 0
    assert found["front"] == found["best"]
    assert {one["name"] for one in found["baselines"]} >= {"majority"}
    assert found["data"]["classes"] == 2
    run("report moods --json --to moods.json")
    assert json.loads(Path("moods.json").read_text())["best"] == found["best"]


@pytest.mark.parametrize("line", ["report none --to a.html", "report none --json"])
def test_a_study_that_is_not_there_is_told(shelf: Any, line: str) -> None:
    shelf.wrong.tells(line, {}, "no study 'none' in ... - it has: moods", code=2)


def test_what_nobody_has_begun_cannot_be_reported(
    shelf: Any, settings: Settings, tmp_path: Path
) -> None:
    run("submit moods.toml --name later")
    shelf.wrong.tells(
        "report later --to a.html",
        {},
        "study 'later' waits for a server - report it once it has begun",
        code=2,
    )


def test_a_place_that_cannot_be_is_told_before_anything_is_read(shelf: Any) -> None:
    shelf.wrong.tells(
        "report none --to nowhere/a.html",
        {},
        "--to: cannot write nowhere/a.html - name a file in a folder that is there",
        code=2,
    )
