"""Strings of JSON stay what they are: dates too are text, labels and lines."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lstm_attn.columns import Column, labels, sequences
from lstm_attn.config import DataConfig, TaskConfig
from lstm_attn.data import prepare
from lstm_attn.errors import DataError
from lstm_attn.reading import read_table

DATES = ["2020-01-01", "2020-01-01 10:00:00", "2020-01-02T10:00:00Z"]
CLASSIFICATION = TaskConfig(kind="classification", inputs=("x",), targets=("y",))


def write_lines(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("\ufeff" + "\n\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")


def write_array(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text(json.dumps(rows, indent=1))


def write_packed(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))


@pytest.mark.parametrize(
    ("name", "write"),
    [("a.jsonl", write_lines), ("a.json", write_array), ("a.json.gz", write_packed)],
)
@pytest.mark.parametrize("date", DATES)
def test_a_string_like_a_date_is_read_as_it_is_written(tmp_path, name, write, date) -> None:
    write(tmp_path / name, [{"x": date, "y": 0.5}, {"x": None, "y": 1.5}, {"y": 2.5}])
    table = read_table(tmp_path / name, "json", {"y": "task.targets", "x": "task.inputs"})
    assert table["x"].to_pylist() == [date, None, None]
    assert table["y"].to_pylist() == [0.5, 1.5, 2.5]


@pytest.mark.parametrize("date", DATES)
def test_dates_are_texts_and_labels_of_classification(tmp_path, date) -> None:
    write_lines(
        tmp_path / "a.jsonl",
        [{"x": date, "y": date if at % 2 else "2019-12-31"} for at in range(20)],
    )
    config = DataConfig(format="json", train=(str(tmp_path / "a.jsonl"),), tokenizer="character")
    data = prepare(config, CLASSIFICATION)
    assert data.encoding.labels == ("2019-12-31", date)
    assert data.encoding.tokenizer is not None
    assert data.longest == len(date)
    assert data.encoding.tokenizer.decode(data.train.inputs[: len(date)]) == date


@pytest.mark.parametrize("date", DATES)
def test_dates_are_lines_of_language_modeling(tmp_path, date) -> None:
    write_lines(tmp_path / "a.jsonl", [{"x": date}] * 20)
    config = DataConfig(format="json", train=(str(tmp_path / "a.jsonl"),), validation=5)
    data = prepare(config, TaskConfig(kind="language-modeling", inputs=("x",)))
    assert data.encoding.tokenizer is not None
    assert data.encoding.tokenizer.decode(data.train.inputs) == f"{date}\n" * 15


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary(1)])
def test_bytes_are_no_labels(tmp_path, kind) -> None:
    table = pa.table({"x": ["a", "b"] * 9, "y": pa.array([b"a", b"b"] * 9, kind)})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"task.target: column 'y' .* holds .*, not labels"):
        prepare(DataConfig(format="parquet", train=(str(tmp_path / "a.parquet"),)), CLASSIFICATION)


def test_objects_are_no_labels() -> None:
    with pytest.raises(DataError, match=r"holds struct.*, not labels"):
        labels(column([{"a": 1}]))


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ([[[]], [[1.0]]], "column 'x' is empty, with a step of no numbers, in row 1 of a"),
        ([[[]], [[]]], "is empty, with a step of no numbers, in row 1 of a.jsonl and 1 more -"),
        ([[[1.0]], [[2.0], []]], "is empty, with a step of no numbers, in row 2 of a.jsonl -"),
    ],
)
def test_a_step_of_no_numbers_is_said_to_be_empty(rows, line) -> None:
    with pytest.raises(DataError, match=line):
        sequences(column(rows))


def column(values: list[object]) -> Column:
    chunked = pa.chunked_array([pa.array(values)])
    return Column(values=chunked, name="x", path=Path("a.jsonl"), key="task.inputs")
