"""One series in time order: origins, scalers, gaps, seasons."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lstm_attn.config import DataConfig, TaskConfig
from lstm_attn.data import default_context, prepare, read_rows
from lstm_attn.errors import DataError
from lstm_attn.sequences import SequenceData

NO_TIME: dict[str, object] = {"time": None, "calendar": ()}


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


SHARES = st.one_of(st.floats(0.1, 0.3), st.integers(4, 12))


@given(st.integers(40, 90), SHARES, st.one_of(st.none(), SHARES), st.integers(1, 4))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_targets_of_an_origin_never_cross_a_border(
    tmp_path, rows, validation, test, horizon
) -> None:
    data = prepared(
        tmp_path, frame(rows), validation=validation, test=test, of={"horizon": horizon}
    )
    splits = [data.train, data.validation, *([data.test] if data.test else [])]
    owners = np.full(rows, -1)
    names = ["training rows", "validation rows", "test rows"]
    sizes = [int(data.summary[name]) for name in names[: len(splits)]]
    owners[:] = np.repeat(np.arange(len(splits)), sizes)
    for number, split in enumerate(splits):
        expected = [
            row
            for row in range(rows - horizon)
            if all(owners[row + ahead] == number for ahead in range(1, horizon + 1))
        ]
        assert split.origins.tolist() == expected
        assert split.inputs is data.train.inputs
        assert split.targets is data.train.targets
    assert data.training_end == sizes[0]


@given(st.integers(0, 59), st.sampled_from(["a", "b"]))
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_only_training_rows_change_what_is_fitted(tmp_path, row, column) -> None:
    table = frame()
    plain = prepared(tmp_path, table, validation=10, test=10)
    table.loc[row, column] += 1000.0
    other = prepared(tmp_path, table, validation=10, test=10)
    is_training = row < 40
    assert plain.training_end == 40
    assert (plain.encoding == other.encoding) != is_training
    if not is_training:
        np.testing.assert_array_equal(plain.naive_error, other.naive_error)
        np.testing.assert_array_equal(plain.train.inputs[:40], other.train.inputs[:40])
    assert plain.fingerprint != other.fingerprint


def test_inputs_are_scaled_and_the_calendar_stands_beside_them(tmp_path) -> None:
    table = frame()
    data = prepared(tmp_path, table, of={"calendar": ("day_of_week",)}, validation=10)
    training = table[["a", "b"]].to_numpy()[:50]
    expected = (table[["a", "b"]].to_numpy() - training.mean(axis=0)) / training.std(axis=0)
    np.testing.assert_allclose(data.train.inputs[:, :2], expected, rtol=1e-4, atol=1e-5)
    angle = 2 * np.pi * pd.to_datetime(table["day"]).dt.day_of_week.to_numpy() / 7
    np.testing.assert_allclose(data.train.inputs[:, 2], np.sin(angle), atol=1e-6)
    np.testing.assert_allclose(data.train.inputs[:, 3], np.cos(angle), atol=1e-6)
    np.testing.assert_array_equal(data.train.targets[:, 0], table["b"])
    assert data.encoding.target_scaler is not None
    np.testing.assert_allclose(data.encoding.target_scaler.mean, training[:, 1].mean())


def test_the_naive_error_is_that_of_a_season_before_within_training_rows(tmp_path) -> None:
    table = frame()
    data = prepared(tmp_path, table, of={"targets": ("b", "a"), "season": 5}, validation=10)
    for at, name in enumerate(("b", "a")):
        truth = table[name].to_numpy()
        errors = [abs(truth[row] - truth[row - 5]) for row in range(5, 50)]
        np.testing.assert_allclose(data.naive_error[at], np.mean(errors))


@pytest.mark.parametrize(
    ("freq", "frequency", "season"),
    [
        ("h", "hour", 24),
        ("D", "day", 7),
        ("B", "business day", 5),
        ("W", "week", 52),
        ("MS", "month", 12),
        ("ME", "month end", 12),
        ("QS", "quarter", 4),
        ("YS", "year", 1),
    ],
)
def test_the_season_follows_the_frequency(tmp_path, freq, frequency, season) -> None:
    data = prepared(tmp_path, frame(90, freq))
    assert data.encoding.frequency == frequency
    assert data.task.season == season
    assert default_context(data) == min(max(9, season), 72 - 3)


def test_a_season_given_is_kept_and_an_unusual_frequency_needs_one(tmp_path) -> None:
    assert prepared(tmp_path, frame(), of={"season": 2}).task.season == 2
    with pytest.raises(DataError, match=r"task.season: no default for rows 15 minutes apart"):
        prepared(tmp_path, frame(freq="15min"))
    assert prepared(tmp_path, frame(freq="15min"), of={"season": 4}).task.season == 4


def test_a_default_season_that_needs_more_rows_than_there_are_is_1(tmp_path) -> None:
    data = prepared(tmp_path, frame(60, "W"))
    assert data.task.season == 1
    assert data.summary["rows a season"] == 1
    assert "too few for the usual 52 rows a season" in str(data.summary["note"])
    np.testing.assert_allclose(data.naive_error, 0.5)
    enough = prepared(tmp_path, frame(65, "W"), validation=12)
    assert enough.task.season == 52
    assert "note" not in enough.summary
    mixed = prepared(tmp_path, frame(60, "W").iloc[::-1])
    assert "sorted; training rows are too few" in str(mixed.summary["note"])


def test_without_time_rows_are_taken_as_they_come(tmp_path) -> None:
    table = frame().drop(columns="day")
    data = prepared(tmp_path, table, of=NO_TIME, validation=10)
    assert data.task.season == 1
    assert data.encoding.frequency is None
    np.testing.assert_array_equal(data.train.targets[:, 0], table["b"])
    with pytest.raises(DataError, match=r"data\.validation: a date needs forecasting with task"):
        prepared(tmp_path, table, of=NO_TIME, validation="2012-01-05")


def test_dates_divide_and_show_in_the_summary(tmp_path) -> None:
    data = prepared(tmp_path, frame(), validation="2012-02-01", test="2012-02-15")
    assert dict(data.summary) == {
        "training rows": 31,
        "validation rows": 14,
        "test rows": 15,
        "first date": "2012-01-01",
        "last date": "2012-02-29",
        "validation from": "2012-02-01",
        "test from": "2012-02-15",
        "frequency": "day",
        "rows a season": 7,
    }


@given(st.permutations(list(range(30))))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_rows_are_brought_in_time_order_and_the_summary_says_so(tmp_path, order) -> None:
    assume(order != sorted(order))
    plain = prepared(tmp_path, frame(30))
    mixed = prepared(tmp_path, frame(30).iloc[order])
    assert mixed.fingerprint == plain.fingerprint
    assert "sorted" in str(mixed.summary["note"])
    assert "note" not in plain.summary


@pytest.mark.parametrize("form", ["%Y/%m/%d", "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%SZ"])
def test_dates_may_be_written_in_every_iso_way(tmp_path, form) -> None:
    table = frame()
    plain = prepared(tmp_path, table)
    table["day"] = pd.to_datetime(table["day"]).dt.strftime(form)
    assert prepared(tmp_path, table).fingerprint == plain.fingerprint


def test_parquet_times_and_json_years_are_read(tmp_path) -> None:
    table = frame()
    table["day"] = pd.to_datetime(table["day"])
    table.to_parquet(tmp_path / "a.parquet")
    data = prepare(DataConfig(format="parquet", train=(str(tmp_path / "a.parquet"),)), task())
    assert data.encoding.frequency == "day"
    table["day"] = np.arange(1960, 2020)
    table.to_json(tmp_path / "a.json", orient="records", lines=True)
    data = prepare(DataConfig(format="json", train=(str(tmp_path / "a.json"),)), task())
    assert data.encoding.frequency == "year"


def test_files_of_their_own_go_on_with_the_series(tmp_path) -> None:
    table = frame()
    whole = prepared(tmp_path, table, validation=12, test=10)
    own = {
        name: (write(tmp_path / f"{name}.csv", part),)
        for name, part in (("validation", table[38:50]), ("test", table[50:]))
    }
    apart = prepared(tmp_path, table[:38], **own)
    assert apart.fingerprint == whole.fingerprint
    only_test = prepared(tmp_path, table[:50], validation=12, test=own["test"])
    assert only_test.fingerprint == whole.fingerprint


@pytest.mark.parametrize(
    ("settings_", "line"),
    [
        ({"test": 5}, "data.test: test comes last, and validation has a file - name a file for"),
        ({}, r"row 20 \(2012-01-20\) of .*early.csv comes before row 1 \(2012-01-21\) of .*train"),
    ],
)
def test_validation_files_come_after_training_files(tmp_path, settings_, line) -> None:
    early = (write(tmp_path / "early.csv", frame()[:20]),)
    with pytest.raises(DataError, match=line):
        prepared(tmp_path, frame()[20:], validation=early, **settings_)


def test_a_new_series_is_scaled_as_training_was_and_owns_the_origins_a_window_reaches(
    tmp_path,
) -> None:
    table = frame()
    data = prepared(tmp_path, table, of={"calendar": ("month",)})
    new = read_rows([write(tmp_path / "new.csv", table)], data.task, data.encoding, context=10)
    np.testing.assert_array_equal(new.split.inputs, data.train.inputs)
    np.testing.assert_array_equal(new.split.targets, data.train.targets)
    assert new.split.origins.tolist() == list(range(9, 57))
    assert new.stamps is not None
    assert new.stamps[-1] == np.datetime64("2012-02-29")


def test_a_new_series_has_the_frequency_of_training(tmp_path) -> None:
    data = prepared(tmp_path, frame())
    hours = write(tmp_path / "new.csv", frame(freq="h"))
    with pytest.raises(DataError, match="lies between two steps at the frequency 'day'"):
        read_rows([hours], data.task, data.encoding)
    gap = write(tmp_path / "gap.csv", frame().drop(index=4))
    with pytest.raises(DataError, match="1 rows are missing at the frequency 'day'"):
        read_rows([gap], data.task, data.encoding)


def test_the_weather_of_seattle_is_one_regular_series() -> None:
    path = Path(__file__).parents[2] / "studies/data/seattle_weather.csv"
    data = prepare(
        DataConfig(format="csv", train=(str(path),), validation="2014-01-01", test="2015-01-01"),
        TaskConfig(
            kind="forecasting",
            time="date",
            inputs=("precipitation", "temp_max", "temp_min", "wind"),
            calendar=("day_of_year",),
            targets=("temp_max",),
            horizon=7,
        ),
    )
    assert data.test is not None
    assert (data.training_end, data.task.season, data.encoding.frequency) == (731, 7, "day")
    assert (len(data.validation.origins), len(data.test.origins)) == (359, 359)
    assert data.train.inputs.shape == (1461, 6)
