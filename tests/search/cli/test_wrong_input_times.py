"""What a wrong series gets: row, date, count and cure, at its own frequency by the calendar."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

STUDY = """
name = "loads"
[data]
format = "csv"
train = "a.csv"
[task]
kind = "forecasting"
time = "day"
inputs = "load"
targets = "load"
horizon = 2
[training]
context = 5
"""
ORDER = "or leave out task.time to keep their order"
CLOCKS = "write times with their UTC offset where clocks have changed"
DAYS = [date(2020, 1, 1) + timedelta(n) for n in range(40)]
WORKDAYS = [day for day in DAYS if day.weekday() < 5]
STARTS = [date(2010 + n // 12, n % 12 + 1, 1) for n in range(40)]
ENDS = [start - timedelta(1) for start in STARTS]
SPRING = pd.date_range("2021-03-27", periods=60, freq="h", tz="Europe/Berlin")
AUTUMN = pd.date_range("2021-10-30", periods=60, freq="h", tz="Europe/Berlin")


def loads(times: Sequence[object], **values: str) -> str:
    """Write a series; `at_7="x"` puts x into row 7."""
    cells = [values.get(f"at_{row}", str(row % 5)) for row in range(1, len(times) + 1)]
    rows = [f"{time},{cell}" for time, cell in zip(times, cells, strict=True)]
    return "\n".join(["day,load", *rows]) + "\n"


def without(times: Sequence[object], *rows: int) -> list[object]:
    return [time for row, time in enumerate(times, start=1) if row not in rows]


def twice(times: Sequence[object], row: int) -> list[object]:
    return [*times[:row], *times[row - 1 :]]


CASES = {
    "text": (
        loads(DAYS, at_7="warm", at_9="x"),
        (
            "task.inputs: column 'load' is 'warm', no number, in row 7 of a.csv and 1 more - "
            "mend or remove such rows"
        ),
    ),
    "NaN": (
        loads(DAYS, at_7="NaN", at_9=""),
        (
            "task.inputs: column 'load' has no finite number in row 7 (2020-01-07) of a.csv and 1 "
            "more - fill it in, or leave the column out"
        ),
    ),
    "days missing": (
        loads(without(DAYS, 11, 12, 30)),
        (
            "task.time: 3 rows are missing at the frequency 'day', the first after row 10 "
            f"(2020-01-10) of a.csv - add them, {ORDER}"
        ),
    ),
    "a day twice": (
        loads(twice(DAYS, 10)),
        (
            "task.time: 1 row has the time of another, the first row 11 (2020-01-10) of a.csv, "
            "that of row 10 (2020-01-10) of a.csv - keep one of each"
        ),
    ),
    "a business day missing": (
        loads(without(WORKDAYS, 11)),
        (
            "task.time: 1 row is missing at the frequency 'business day', the first after row 10 "
            f"(2020-01-14) of a.csv - add them, {ORDER}"
        ),
    ),
    "a Saturday among business days": (
        loads(sorted([*WORKDAYS, date(2020, 1, 18)])),
        (
            "task.time: row 14 (2020-01-18) of a.csv lies between two steps at the frequency "
            f"'business day' - space rows evenly, {ORDER}"
        ),
    ),
    "month starts missing": (
        loads(without(STARTS, 5, 6)),
        (
            "task.time: 2 rows are missing at the frequency 'month', the first after row 4 "
            f"(2010-04-01) of a.csv - add them, {ORDER}"
        ),
    ),
    "a month start twice": (
        loads(twice(STARTS, 3)),
        (
            "task.time: 1 row has the time of another, the first row 4 (2010-03-01) of a.csv, that "
            "of row 3 (2010-03-01) of a.csv - keep one of each"
        ),
    ),
    "a second among month starts": (
        loads([*STARTS[:7], date(2010, 8, 2), *STARTS[8:]]),
        (
            "task.time: row 8 (2010-08-02) of a.csv lies between two steps at the frequency "
            f"'month' - space rows evenly, {ORDER}"
        ),
    ),
    "a month end missing": (
        loads(without(ENDS, 4)),
        (
            "task.time: 1 row is missing at the frequency 'month end', the first after row 3 "
            f"(2010-02-28) of a.csv - add them, {ORDER}"
        ),
    ),
    "clocks put forward": (
        loads(SPRING.tz_localize(None)),
        (
            "task.time: 1 row is missing at the frequency 'hour', the first after row 26 "
            f"(2021-03-28 01:00) of a.csv - add them, {CLOCKS}, {ORDER}"
        ),
    ),
    "clocks put back": (
        loads(AUTUMN.tz_localize(None)),
        (
            "task.time: 1 row has the time of another, the first row 28 (2021-10-31 02:00) of "
            f"a.csv, that of row 27 (2021-10-31 02:00) of a.csv - keep one of each, or {CLOCKS}"
        ),
    ),
    "hours missing where clocks are put back": (
        loads(without(AUTUMN, 27, 28)),
        (
            "task.time: 2 rows are missing at the frequency 'hour', the first after row 26 "
            f"(2021-10-30 23:00) of a.csv - add them, {ORDER}"
        ),
    ),
    "all at once": (
        loads(twice(without(DAYS, 20), 3), at_30="nan"),
        (
            "task.inputs: column 'load' has no finite number in row 30 (2020-01-30) of a.csv - "
            "fill it in, or leave the column out\n"
            "task.time: 1 row has the time of another, the first row 4 (2020-01-03) of a.csv, that "
            "of row 3 (2020-01-03) of a.csv - keep one of each\n"
            "task.time: 1 row is missing at the frequency 'day', the first after row 20 "
            f"(2020-01-19) of a.csv - add them, {ORDER}"
        ),
    ),
    "another order of a date": (
        loads(["31.01.2020", *DAYS[1:]]),
        (
            "task.time: column 'day' is '31.01.2020', no ISO date, in row 1 of a.csv - write dates "
            "as 2012-01-31 or 2012-01-31 14:00"
        ),
    ),
    "too few for a horizon": (
        loads(DAYS[:6]),
        "data.validation: 1 row is too few for horizon 2 - give at least 2",
    ),
    "fewer than a window": (
        loads(DAYS[:8]),
        (
            "study.toml: 1 problem\n"
            "  training.context: 5 steps are too many - there are 6 training rows and a horizon of "
            "2: use at most 4"
        ),
    ),
}


@pytest.mark.parametrize("command", ["check", "launch"])
@pytest.mark.parametrize("name", CASES)
def test_a_wrong_series_gets_a_line_a_problem(command: str, name: str, wrong: Any) -> None:
    content, lines = CASES[name]
    wrong.tells(f"{command} study.toml", {"study.toml": STUDY, "a.csv": content}, lines)


@pytest.mark.parametrize("times", [SPRING, AUTUMN])
def test_times_with_their_offset_are_regular_over_a_change_of_clocks(
    times: pd.DatetimeIndex, wrong: Any
) -> None:
    study = STUDY.replace("context = 5", "context = 500")
    wrong.tells(
        "check study.toml",
        {"study.toml": study, "a.csv": loads(times)},
        "study.toml: 1 problem\n"
        "  training.context: 500 steps are too many - there are 48 training rows and a horizon of "
        "2: use at most 46",
    )
