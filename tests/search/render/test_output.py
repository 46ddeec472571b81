"""Results where they are no terminal's: lines as long as they are, and numbers as they were."""

import io
import math
import sys
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.records import StudySummary, TrialSummary
from search.render import output, standings

Trial = Callable[..., TrialSummary]
Study = Callable[..., StudySummary]
REASON = "the worker was lost three times in a row " * 4


class Terminal(io.StringIO):
    """What a terminal is to those who write on it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "80")


def test_a_pipe_gets_each_sentence_on_a_line_and_no_trailing_blanks(
    make_study: Study, make_trial: Trial, capsys: pytest.CaptureFixture[str]
) -> None:
    study = make_study(make_trial(0, 0.5, default=True), make_trial(1, reason=REASON.strip()))
    output.show(standings.status(study))
    output.show(standings.studies([study]))
    lines = capsys.readouterr().out.split("\n")
    assert [line for line in lines if line != line.rstrip()] == []
    assert sum(REASON.strip() in line for line in lines) == 1
    [verdict] = [line for line in lines if line.startswith("On validation rows")]
    assert verdict.endswith("the search has found nothing better yet.")


def test_what_is_told_beside_the_result_is_not_wrapped_in_a_pipe_either(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.tell(REASON)
    assert capsys.readouterr().err == REASON.rstrip() + "\n"


def test_a_terminal_gets_lines_that_fit(
    make_study: Study, make_trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    output.show(standings.status(make_study(make_trial(0, 0.5), make_trial(1, reason=REASON))))
    assert max(map(len, terminal.getvalue().splitlines())) <= 80


def test_a_pipe_that_knows_no_frames_gets_none(
    make_study: Study, make_trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", plain)
    output.show(standings.studies([make_study(make_trial(0, 0.5))]))
    plain.seek(0)
    assert "vowels" in plain.read()


@given(st.floats(width=32))
def test_a_prediction_read_back_is_the_same_number_of_the_model(value: float) -> None:
    [row] = output.predicted([{"row": 1, "temp": value}])
    assert np.float32(row["temp"]) == np.float32(value) or np.isnan(value)
    if math.isfinite(value) and abs(value) < output.WHOLE:
        assert len(Decimal(repr(row["temp"])).normalize().as_tuple().digits) <= 9


def test_units_and_labels_stay() -> None:
    row = {"row": 123456789012, "label": 0.30000000000000004, "sold": 12345678901.25}
    assert output.predicted([row]) == [{**row, "sold": 12345678901.0}]
