"""A law of all tables: a study that is accepted is guessed, or a line a problem is told."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from lstm_attn.data import prepare
from search import spec
from search.cli import app
from tests.search.starting.made_up import comma_separated, day

Cell = Callable[[int], object]
NAMES = ["date", "text", "label", "y", "id", "row", "a b", 'q"', "größe", "x,z", "", "Unnamed: 0"]
WORDS = ["red", "green", "a long way from here", "", "7", "2012-01-31", "true", "é", "nan", "="]


@st.composite
def cells(draw: st.DrawFn) -> Cell:
    """Draw what stands in a column, by row."""
    step = draw(st.sampled_from([1, 1, 2, 7]))
    words = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4))
    hole = draw(st.sampled_from([0, 0, 0, 5]))
    sizes = draw(st.lists(st.integers(0, 3), min_size=1, max_size=2))
    made: Cell = draw(
        st.sampled_from(
            [
                lambda row: str(day(row * step)),
                lambda row: f"{day(row // step)}T00:00",
                lambda row: row * step,
                lambda row: row % (step + 1),
                lambda row: row * row % 11 / 4,
                lambda row: words[row % len(words)],
                lambda row: f"{words[0]} {row * step % 9} {words[-1]}",
                lambda row: [1.5] * sizes[row % len(sizes)],
                lambda row: [[row, 2.0]] * (row % 3 + 1),
                lambda row: row % 2 == 0,
                lambda row: float("inf") if row == step else 1e300,
            ]
        )
    )
    return lambda row: None if hole and row % hole == 1 else made(row)


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a file: its name and its text."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    columns = {name: draw(cells()) for name in names}
    count = draw(st.sampled_from([0, 1, 3, 9, 40, 120, 120, 120]))
    rows = [{name: cell(row) for name, cell in columns.items()} for row in range(count)]
    if draw(st.booleans()):
        return "made.jsonl", "".join(json.dumps(row) + "\n" for row in rows)
    plain = [["" if cell is None else cell for cell in row.values()] for row in rows]
    return "made.csv", comma_separated(names, plain)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("made")


@settings(
    max_examples=60,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    print_blob=True,
)
@given(made=tables(), data=st.data())
def test_a_study_is_guessed_that_is_accepted_or_problems_are_told(
    folder: Path, made: tuple[str, str], data: Any
) -> None:
    name, text = made
    (folder / name).write_text(text, encoding="utf-8")
    study = folder / "made.toml"
    asked = data.draw(
        st.sampled_from(
            [[], [], ["--task", "forecasting"], ["--target", "y"], ["--target", "label"]]
        )
    )
    line = ["init", str(folder / name), "--to", str(study), "--force", *asked]
    result = CliRunner().invoke(app, line, prog_name="lstm-search")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.exit_code in (0, 2)
    if result.exit_code == 0:
        file = spec.load(study)
        spec.resolve(file, prepare(file.data, file.task), gpus=False)
        return
    assert result.stdout == ""
    assert result.stderr
    for told in result.stderr.splitlines():
        assert re.fullmatch(r"[^ ].+ - .+", told), told
