"""Bars and trends."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.render.signs import COARSE, FINE, Signs, bar, signs_for, trend


@given(st.integers(0, 200), st.integers(1, 200), st.integers(2, 30))
def test_a_bar_is_as_wide_as_asked_and_never_looks_begun_or_ended_too_soon(
    done: int, of: int, width: int
) -> None:
    filled, left = bar(done, of, width, FINE)
    assert len(filled) + len(left) == width
    assert (filled == "") == (done == 0)
    assert (left == "") == (done >= of)


@pytest.mark.parametrize("signs", [FINE, COARSE])
def test_a_trend_rises_where_its_values_do(signs: Signs) -> None:
    drawn = trend([0.0, 1.0, 2.0], signs)
    assert (drawn[0], drawn[-1]) == (signs.levels[0], signs.levels[-1])
    assert drawn[::-1] == trend([2.0, 1.0, 0.0], signs)


def test_a_trend_has_a_sign_a_value_whatever_they_are() -> None:
    assert trend([], FINE) == ""
    assert len(set(trend([0.5, 0.5, 0.5], FINE))) == 1
    assert trend([1.0, math.nan, math.inf, 2.0], FINE) == "▁  █"
    assert len(trend([-1e308, 1e308], FINE)) == 2


def test_a_terminal_that_knows_ascii_alone_gets_ascii() -> None:
    assert signs_for("utf-8") is FINE
    assert signs_for("ascii") is COARSE
    assert f"{COARSE.done}{COARSE.left}{COARSE.levels}".isascii()
