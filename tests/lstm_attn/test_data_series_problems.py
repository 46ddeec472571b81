"""What a series that can't be read gets: row, date, count and cure."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lstm_attn.config import DataConfig, TaskConfig
from lstm_attn.data import prepare
from lstm_attn.errors import DataError
from lstm_attn.sequences import SequenceData


def frame(rows: int = 60, freq: str = "D", start: str = "2012-01-01") -> pd.DataFrame:
    rng = np.random.default_rng(rows)
    return pd.DataFrame(
        {
            "day": pd.date_range(start, periods=rows, freq=freq).astype(str),
            "a": rng.normal(size=rows).round(3),
            "b": np.arange(rows) * 0.5,
        }
    )


def write(path: Path, table: pd.DataFrame) -> str:
    table.to_csv(path, index=False)
    return str(path)


def task(**settings: object) -> TaskConfig:
    usual = {"inputs": ("a", "b"), "targets": ("b",), "time": "day", "horizon": 3}
    return TaskConfig(kind="forecasting", **(usual | settings))


def prepared(
    folder: Path, table: pd.DataFrame, *, of: dict[str, object] | None = None, **settings: object
) -> SequenceData:
    usual = {"format": "csv", "train": (write(folder / "train.csv", table),)}
    return prepare(DataConfig(**(usual | settings)), task(**(of or {})))


def changed(**cells: object) -> pd.DataFrame:
    """Change cells of column `name` in row `number` (from 1), given as name_number."""
    table = frame().astype(object)
    for place, value in cells.items():
        name, number = place.split("_")
        table.loc[int(number) - 1, name] = value
    return table


WRONG = [
    (changed(a_7="warm", a_9="x"), "'a' is 'warm', no number, in row 7 of .* and 1 more - mend"),
    (changed(b_7="nan"), r"inputs: column 'b' has no finite number in row 7 \(2012-01-07\) of "),
    (changed(a_7=None, a_9="NA"), r"'a' has no finite number in row 7 \(2012-01-07\).* and 1 more"),
    (changed(a_7="inf"), "column 'a' has no finite number in row 7"),
    (changed(day_7="01/02/2012"), "time: column 'day' is '01-02-2012', no ISO date, in row 7"),
    (changed(day_7=None), "task.time: column 'day' has no time in row 7"),
    (changed(day_7="now"), "column 'day' is 'now', no ISO date, in row 7"),
    (
        frame().drop(index=[10, 11, 30]),
        r"3 rows are missing at the frequency 'day', the first after row 10 \(2012-01-10\) of",
    ),
    (
        frame(freq="MS").drop(index=[5]),
        r"1 row is missing at the frequency 'month', the first after row 5 \(2012-05-01\) of",
    ),
    (
        changed(day_7="2012-01-06"),
        r"1 row has the time of another, the first row 7 \(2012-01-06\) of .*, that of row 6 ",
    ),
    (
        changed(day_7="2012-01-07 05:30"),
        r"row 7 \(2012-01-07 05:30\) of .* lies between two steps at the frequency 'day' - ",
    ),
    (frame()[["day", "a"]], "task.inputs: no column 'b' in .* - it has: day, a"),
    (frame(8), "^data.validation: 2 rows are too few for horizon 3 - give at least 3$"),
    (frame(1), "data.validation: 1 of 1 rows are held out and none is left"),
]


@pytest.mark.parametrize(("table", "line"), WRONG)
def test_what_is_wrong_is_said_with_row_date_count_and_cure(tmp_path, table, line) -> None:
    with pytest.raises(DataError, match=line):
        prepared(tmp_path, table)


def test_a_column_of_lists_holds_no_numbers(tmp_path) -> None:
    (tmp_path / "a.json").write_text('{"b": [1], "a": 1}\n' * 9)
    with pytest.raises(DataError, match=r"task.inputs: column 'b' .* holds list.*, not numbers"):
        prepare(DataConfig(format="json", train=(str(tmp_path / "a.json"),)), task(time=None))


def test_all_columns_with_problems_are_named_at_once(tmp_path) -> None:
    with pytest.raises(DataError) as raised:
        prepared(tmp_path, changed(a_3="x", b_4="y", day_5="z"))
    assert [line.partition(" is ")[0] for line in raised.value.problems] == [
        "task.inputs: column 'b'",
        "task.inputs: column 'a'",
        "task.time: column 'day'",
    ]


@pytest.mark.parametrize(
    ("settings_", "line"),
    [
        ({"inputs": ()}, "task.inputs: forecasting takes one column or more"),
        ({"targets": ()}, "task.targets: forecasting takes one column or more"),
        ({"calendar": ("year",)}, "task.calendar: no 'year' - use some of hour_of_day"),
        ({"calendar": ("month",), "time": None}, "task.calendar: needs task.time"),
        ({"time": "a"}, "task.time: 'a' is an input or target too"),
        ({"horizon": 0}, "task.horizon: got 0"),
        ({"season": 0}, "task.season: got 0"),
        ({"season": 50}, "data.train: 48 rows are too few for horizon 3 and season 50 - .* 51"),
        ({"horizon": 40}, "data.train: 48 rows are .*|data.validation: 12 rows are too few for h"),
    ],
)
def test_settings_that_no_file_could_mend(tmp_path, settings_, line) -> None:
    with pytest.raises(DataError, match=line):
        prepared(tmp_path, frame(), of=settings_)


@pytest.mark.parametrize(
    ("key", "of"), [("time", {"time": "row"}), ("targets", {"targets": ("row",)})]
)
def test_no_column_hides_the_row_numbers_of_predictions(tmp_path, key, of) -> None:
    table = frame().rename(columns={"day" if key == "time" else "b": "row"})
    with pytest.raises(DataError, match=f"task.{key}: a column named 'row' .* - rename the col"):
        prepared(tmp_path, table, of={"inputs": ("a",)} | of)


def test_an_unknown_task_lists_those_there_are() -> None:
    with pytest.raises(
        DataError, match=r"task.kind: no 'tagging' - use one of language-modeling, "
    ):
        prepare(
            DataConfig(format="csv", train=()),
            TaskConfig(kind="tagging", inputs=("a",)),  # type: ignore[arg-type] - the point
        )
