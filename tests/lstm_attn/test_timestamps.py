"""Points in time: hours follow each other over a clock change, whatever they were written in."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_attn.columns import Column
from lstm_attn.config import DataConfig, TaskConfig
from lstm_attn.data import prepare, read_rows
from lstm_attn.errors import DataError
from lstm_attn.sequences import SequenceData
from lstm_attn.series import written
from lstm_attn.timestamps import Timestamps, timestamps

TASK = TaskConfig(
    kind="forecasting",
    inputs=("y",),
    targets=("y",),
    time="t",
    calendar=("hour_of_day",),
    horizon=3,
)
BERLIN = pd.date_range("2012-10-25", periods=144, freq="h", tz="Europe/Berlin")
"""Clocks go back on October 28."""
UTC = BERLIN.tz_convert("UTC").tz_localize(None)


def column(values: Sequence[object], kind: pa.DataType | None = None) -> Column:
    chunked = pa.chunked_array([pa.array(values, kind)])
    return Column(values=chunked, name="t", path=Path("a.csv"), key="task.time")


def read(values: Sequence[object], kind: pa.DataType | None = None) -> Timestamps:
    return timestamps(column(values, kind))


def table(times: pd.DatetimeIndex) -> pd.DataFrame:
    return pd.DataFrame({"t": times, "y": np.arange(len(times)) % 24 * 1.0})


def write_csv(path: Path, times: pd.DatetimeIndex) -> None:
    table(times).to_csv(path, index=False)


def write_json(path: Path, times: pd.DatetimeIndex) -> None:
    rows = [{"t": time.isoformat(), "y": at % 24 * 1.0} for at, time in enumerate(times)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_parquet(path: Path, times: pd.DatetimeIndex) -> None:
    table(times).to_parquet(path)


WRITERS = [("csv", write_csv), ("json", write_json), ("parquet", write_parquet)]


def prepared(data_format: str, *files: Path, **settings: object) -> SequenceData:
    train = tuple(str(file) for file in files)
    return prepare(DataConfig(**{"format": data_format, "train": train} | settings), TASK)


@pytest.mark.parametrize(("data_format", "write"), WRITERS)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "Asia/Kolkata"])
def test_hours_over_a_clock_change_are_those_of_utc_in_every_format(
    tmp_path, data_format: str, write: Callable[[Path, pd.DatetimeIndex], None], zone: str
) -> None:
    whole, plain = tmp_path / f"a.{data_format}", tmp_path / "b.csv"
    write(whole, BERLIN.tz_convert(zone))
    write_csv(plain, UTC)
    data, expected = prepared(data_format, whole), prepared("csv", plain)
    assert data.fingerprint == expected.fingerprint
    assert data.encoding.frequency == "hour"
    assert data.summary["time zone"] == "UTC"
    assert data.summary["first date"] == "2012-10-24 22:00"
    assert "time zone" not in expected.summary


@pytest.mark.parametrize(("data_format", "write"), WRITERS)
def test_files_of_summer_and_winter_agree_with_each_other_and_with_new_ones(
    tmp_path, data_format, write
) -> None:
    summer, winter, whole = (tmp_path / f"{name}.{data_format}" for name in ("1", "2", "12"))
    write(summer, BERLIN[:75])
    write(winter, BERLIN[75:])
    write(whole, BERLIN)
    apart = prepared(data_format, summer, winter)
    np.testing.assert_array_equal(
        apart.train.inputs[:, 1:], prepared(data_format, whole).train.inputs[:, 1:]
    )
    new = read_rows([str(winter)], TASK, apart.encoding)
    np.testing.assert_array_equal(new.split.inputs, apart.train.inputs[75:])


def test_a_border_is_in_utc_as_the_rows_are(tmp_path) -> None:
    write_csv(tmp_path / "a.csv", BERLIN)
    data = prepared("csv", tmp_path / "a.csv", validation="2012-10-28T02:00+01:00")
    assert data.summary["validation from"] == "2012-10-28 01:00"
    assert data.training_end == np.flatnonzero(pd.Index(UTC) == "2012-10-28 01:00")[0]


@pytest.mark.parametrize("part", ["validation", "test"])
def test_a_border_with_a_time_zone_is_refused_where_the_rows_have_none(tmp_path, part) -> None:
    write_csv(tmp_path / "a.csv", UTC)
    with pytest.raises(
        DataError, match=rf"data.{part}: the date has a time zone, row 1 .* has non"
    ):
        prepared("csv", tmp_path / "a.csv", **{part: "2012-10-28T02:00-05:00"})


def test_times_without_a_zone_stay_as_they_are() -> None:
    for found in (
        read(["2012-03-25 02:30", "2012/03/25"]),
        read([datetime(2012, 3, 25, 2, 30), datetime(2012, 3, 25)], pa.timestamp("ns")),  # noqa: DTZ001 - the point
    ):
        assert found.stamps.astype(str).tolist() == [
            "2012-03-25T02:30:00.000000", "2012-03-25T00:00:00.000000",
        ]  # fmt: skip
        assert not found.in_utc


ZONED = [
    "2012-01-31T14:00Z",
    "2012-01-31 14:00:00.5+01:00",
    "20120131T1400-0530",
    "2012-01-31T14-05",
]
PLAIN = ["2012-01-31", "2012-01", "2012", "20120131", "2012-01-31 14", "2012-01-31T14:00:00.25"]


@given(st.sampled_from(ZONED + PLAIN), st.booleans())
def test_a_zone_is_seen_where_pandas_sees_one(text, with_slashes) -> None:
    stamp = pd.Timestamp(text)
    head, tail = text[:8], text[8:]
    found = read([head.replace("-", "/") + tail if with_slashes else text])
    assert found.in_utc == (stamp.tzinfo is not None)
    naive = stamp.tz_convert("UTC").tz_localize(None) if found.in_utc else stamp
    assert found.stamps[0] == naive.to_datetime64()


@pytest.mark.parametrize(
    ("first", "third", "line"),
    [
        ("2012-01-01T00:00Z", "2012-01-01T02:00", "has no time zone, unlike row 1, in row 3 of a"),
        ("2012-01-01T00:00", "2012-01-01T02:00+01:00", "has a time zone, unlike row 1, in row 3"),
    ],
)
def test_rows_with_and_without_a_zone_are_refused_with_the_row(first, third, line) -> None:
    with pytest.raises(DataError, match=f"task.time: column 't' {line}"):
        read([first, first, third])


def test_files_with_and_without_a_zone_are_refused(tmp_path) -> None:
    one, other = tmp_path / "1.csv", tmp_path / "2.csv"
    write_csv(one, UTC[:72])
    write_csv(other, BERLIN[72:])
    with pytest.raises(DataError, match=r"row 1 of .*1.csv has no time zone, row 1 of .*2.csv has"):
        prepared("csv", one, other)


def test_local_days_over_a_clock_change_get_a_cure_that_does(tmp_path) -> None:
    write_csv(tmp_path / "a.csv", pd.date_range("2012-10-01", periods=60, tz="Europe/Berlin"))
    with pytest.raises(DataError, match="write days without a time zone"):
        prepared("csv", tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("values", "kind"),
    [([[1], [2]], None), ([{"a": 1}], None), ([b"2012"], None), ([1], pa.duration("s"))],
)
def test_what_holds_no_points_in_time_is_refused(values, kind) -> None:
    with pytest.raises(DataError, match=r"task.time: column 't' of a.csv holds .*, not points in"):
        read(values, kind)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1_325_376_000_000_000_000, 1_325_376_000_000_000_100], pa.timestamp("ns")),
        ([1_325_376_000_000_000_000, 1_325_376_000_000_000_100], pa.timestamp("ns", "UTC")),
        (["2012-01-01T00:00:00", "2012-01-01T00:00:00.0000001"], pa.string()),
    ],
)
def test_times_that_microseconds_would_make_equal_are_refused(values, kind) -> None:
    with pytest.raises(DataError, match=r"column 't' is finer than a microsecond in row 2 of a"):
        read(values, kind)


@pytest.mark.parametrize(
    ("value", "kind"), [(10**15, pa.timestamp("s")), (-(10**17), pa.timestamp("ms"))]
)
def test_a_time_that_would_come_out_as_another_is_refused(value, kind) -> None:
    with pytest.raises(DataError, match=r"column 't' of a.csv has a time too far away \("):
        read([0, value], kind)


def test_nested_times_of_a_file_are_refused(tmp_path) -> None:
    rows = [{"t": [at], "y": 1.0} for at in range(9)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"holds list.*, not points in time"):
        prepared("parquet", tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2012-01-01", "2012-01-01"),
        ("2012-01-01T05:00", "2012-01-01 05:00"),
        ("2012-01-01T05:00:07", "2012-01-01 05:00:07"),
        ("2012-01-01T00:00:00.250", "2012-01-01 00:00:00.25"),
        ("2012-01-01T00:00:00.000001", "2012-01-01 00:00:00.000001"),
    ],
)
def test_a_moment_is_written_with_as_many_digits_as_it_has(moment, text) -> None:
    assert written(np.datetime64(moment, "us")) == text


@given(st.integers(0, 10**15) | st.integers(0, 10**4).map(lambda day: day * 86_400_000_000))
def test_what_is_written_reads_as_the_same_moment(microseconds) -> None:
    moment = np.datetime64(microseconds, "us")
    for in_utc in (False, True):
        found = read([written(moment, in_utc=in_utc)])
        assert (found.stamps[0], found.in_utc) == (moment, in_utc)
