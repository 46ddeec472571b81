"""The calendar, held to what pandas makes of it."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_attn.frequency import SEASONS, calendar_inputs, infer, next_stamps, places

KNOWN = [
    ("h", "hour"),
    ("15min", "15 minutes"),
    ("10s", "10 seconds"),
    ("250ms", "250 milliseconds"),
    ("3h", "3 hours"),
    ("D", "day"),
    ("2D", "2 days"),
    ("B", "business day"),
    ("W-WED", "week"),
    ("MS", "month"),
    ("ME", "month end"),
    ("QS", "quarter"),
    ("QE", "quarter end"),
    ("6MS", "2 quarters"),
    ("4MS", "4 months"),
    ("YS", "year"),
    ("YE", "year end"),
]
STARTS = st.datetimes(pd.Timestamp("1950-01-01"), pd.Timestamp("2060-01-01")).map(
    lambda moment: moment.replace(microsecond=0)
)


def stamps_of(alias: str, start: pd.Timestamp, rows: int) -> np.ndarray:
    made = pd.date_range(start, periods=rows, freq=alias)
    return made.to_numpy().astype("M8[us]")


@pytest.mark.parametrize(("alias", "name"), KNOWN)
@settings(max_examples=30)
@given(start=STARTS, rows=st.integers(13, 60))
def test_regular_times_have_their_frequency(alias, name, start, rows) -> None:
    made = stamps_of(alias, start, rows)
    assert infer(made) == name
    assert places(made, name).tolist() == list(range(rows))


@pytest.mark.parametrize(("alias", "name"), KNOWN)
@settings(max_examples=30)
@given(start=STARTS, ahead=st.integers(1, 40))
def test_next_times_go_on_as_the_calendar_does(alias, name, start, ahead) -> None:
    made = stamps_of(alias, start, 1 + ahead)
    np.testing.assert_array_equal(next_stamps(made[:1], name, ahead), made[1:])


@pytest.mark.parametrize(("alias", "name"), KNOWN)
@settings(max_examples=30)
@given(data=st.data(), start=STARTS)
def test_a_gap_is_as_wide_as_the_rows_that_are_missing(alias, name, data, start) -> None:
    made = stamps_of(alias, start, 40)
    missing = data.draw(st.lists(st.integers(1, 38), min_size=1, max_size=4, unique=True))
    left = np.delete(made, missing)
    assert infer(left) == name
    assert places(left, name).tolist() == [at for at in range(40) if at not in missing]


MONTHLY = st.sampled_from([(1, "month"), (3, "quarter"), (5, "5 months"), (12, "year")])


def by_day(first: date, day: int, apart: int, rows: int) -> np.ndarray:
    """Give rows so many months apart on a day of the month, or on its last where it is shorter."""
    month = np.datetime64(first, "M") + np.arange(rows) * apart
    length = ((month + 1).astype("M8[D]") - month.astype("M8[D]")).astype(int)
    return (month.astype("M8[D]") + np.minimum(day, length) - 1).astype("M8[us]")


@given(st.dates(date(1950, 1, 1), date(2060, 1, 1)), st.integers(1, 31), MONTHLY, st.data())
def test_a_month_too_short_for_the_day_has_its_row_on_the_last(first, day, unit, data) -> None:
    apart, name = unit
    made = by_day(first, day, apart, 60)
    known = data.draw(st.integers(25, 59))
    found = infer(made[:known])
    assert found.removesuffix(" end") == name
    assert places(made[:known], found).tolist() == list(range(known))
    np.testing.assert_array_equal(next_stamps(made[:known], found, 60 - known), made[known:])
    start = data.draw(st.integers(0, 20))
    missing = data.draw(st.lists(st.integers(start + 1, 38), min_size=1, max_size=4, unique=True))
    left = np.delete(made, missing)[start:]
    kept = [at - start for at in range(start, 60) if at not in missing]
    assert infer(left) == found
    assert places(left, found).tolist() == kept


@pytest.mark.parametrize("years", range(3, 16))
def test_years_by_the_28th_of_february_are_no_ends(years) -> None:
    made = by_day(date(2002, 2, 1), 28, 12, years)
    assert (places(made, infer(made)) >= 0).all()


@pytest.mark.parametrize(
    ("times", "name"),
    [
        (["2012-01-15", "2012-02-15", "2012-03-15"], "month"),
        (["2012-01-31", "2012-02-29", "2012-03-31", "2012-04-30"], "month end"),
        (["2000", "2001", "2002"], "year"),
        (["2012-01-02", "2012-01-03", "2012-01-04"], "day"),
        (["2012-01-01", "2012-01-31", "2012-03-01"], "30 days"),
        (["2013-01-30", "2013-02-28", "2013-03-30"], "month"),
        (["2012-02-29", "2013-02-28", "2014-02-28", "2015-02-28", "2016-02-29"], "year end"),
    ],
)
def test_short_and_odd_series(times: list[str], name: str) -> None:
    assert infer(np.array(times, "M8[us]")) == name


@pytest.mark.parametrize(
    ("frequency", "times"),
    [
        ("day", ["2012-01-01", "2012-01-02T01"]),
        ("month", ["2012-01-15", "2012-02-14"]),
        ("month end", ["2012-01-31", "2012-02-28"]),
        ("business day", ["2012-01-06", "2012-01-07"]),
        ("hour", ["2012-01-06T01", "2012-01-06T02:30"]),
        ("quarter", ["2012-01-01", "2012-03-01"]),
        ("month", ["2012-01-30", "2012-02-28"]),
    ],
)
def test_a_row_between_two_steps_has_no_place(frequency: str, times: list[str]) -> None:
    assert places(np.array(times, "M8[us]"), frequency).tolist() == [0, -1]


def test_months_go_on_from_the_shortest() -> None:
    ahead = next_stamps(np.array(["2011-12-30T06"], "M8[us]"), "month", 3)
    assert ahead.astype("M8[h]").astype(str).tolist() == [
        "2012-01-30T06", "2012-02-29T06", "2012-03-30T06",
    ]  # fmt: skip


def test_an_unknown_frequency_is_named() -> None:
    with pytest.raises(ValueError, match="no frequency 'fortnight'"):
        next_stamps(np.array(["2012-01-01"], "M8[us]"), "fortnight", 1)


def test_default_seasons_are_frequencies() -> None:
    for name in SEASONS:
        assert len(next_stamps(np.array(["2012-01-02"], "M8[us]"), name, 2)) == 2


@given(st.lists(STARTS, min_size=1, max_size=20))
def test_calendar_inputs_are_the_angle_of_the_date(moments) -> None:
    made = pd.DatetimeIndex(moments)
    names = ("hour_of_day", "day_of_week", "day_of_month", "month", "day_of_year")
    year_length = np.where(made.is_leap_year, 366, 365)
    hours = made.hour + made.minute / 60 + made.second / 3600
    turns = [
        hours / 24,
        made.day_of_week / 7,
        (made.day - 1) / made.days_in_month,
        (made.month - 1) / 12,
        (made.day_of_year - 1) / year_length,
    ]
    got = calendar_inputs(made.to_numpy().astype("M8[us]"), names)
    assert got.dtype == np.float32
    for at, turn in enumerate(turns):
        angle = 2 * np.pi * np.asarray(turn, float)
        np.testing.assert_allclose(got[:, 2 * at], np.sin(angle), atol=1e-6)
        np.testing.assert_allclose(got[:, 2 * at + 1], np.cos(angle), atol=1e-6)


def test_the_order_of_calendar_inputs_is_the_order_asked_for() -> None:
    made = np.array(["2012-05-01T07"], "M8[us]")
    both = calendar_inputs(made, ("month", "hour_of_day"))
    np.testing.assert_array_equal(both[:, 2:], calendar_inputs(made, ("hour_of_day",)))
    assert calendar_inputs(made, ()).shape == (1, 0)
