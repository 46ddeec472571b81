"""Numbers and times as they read."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.words import count, number, out_of, seconds, setting, settings


@given(st.floats(min_value=1e-300, max_value=1e300), st.sampled_from([1, -1]))
def test_a_score_keeps_four_digits(size: float, sign: int) -> None:
    value = sign * size
    assert float(number(value)) == pytest.approx(value, rel=5.001e-4)


@given(st.floats(min_value=1e-300, max_value=1e300))
def test_a_score_stays_narrow(value: float) -> None:
    assert len(number(value)) <= 10


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_a_dash(value: float | None) -> None:
    assert number(value) == "-"


def test_scores_as_they_are_meant_to_read() -> None:
    values = [0.95121, 1.0, 1.65482, 12.3456, 12345.6, 0.0, 0.00012345, 3e-9, -2.5]
    assert [number(value) for value in values] == [
        "0.9512",
        "1.000",
        "1.655",
        "12.35",
        "12346",
        "0",
        "0.0001234",
        "3.000e-09",
        "-2.500",
    ]


def test_durations_as_they_are_meant_to_read() -> None:
    values = [None, math.inf, 0.012, 1, 99, 100, 720, 7500, 360_000]
    assert [seconds(value) for value in values] == [
        "-",
        "-",
        "0.012 s",
        "1 s",
        "99 s",
        "2 min",
        "12 min",
        "2 h 05 min",
        "100 h 00 min",
    ]


def test_settings_stand_on_a_line() -> None:
    assert (
        settings({"variant": "ffn", "heads": 4, "dropout": 0.1})
        == "variant=ffn heads=4 dropout=0.1"
    )
    assert settings({}) == "all fixed"
    assert [setting(value) for value in (True, 3, 0.00213456)] == ["True", "3", "0.002135"]
    large = [setting(value) for value in (1024.0, -12345.6, 9999999.4, 1.0e7)]
    assert large == ["1024", "-12346", "9999999", "1e+07"]


def test_one_is_singular() -> None:
    assert [count(n, "trial") for n in (0, 1, 1200)] == ["0 trials", "1 trial", "1,200 trials"]


def test_more_than_was_asked_for_is_no_part_of_it() -> None:
    assert [out_of(1200, 3000), out_of(2, 2)] == ["1,200 of 3,000", "2 of 2"]
    assert out_of(3, 2) == "3 (2 asked for)"
