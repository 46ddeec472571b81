"""Numbers that no scaler brings into range are refused by name, with nothing on stderr."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lstm_attn.config import DataConfig, TaskConfig
from lstm_attn.data import prepare, read_rows
from lstm_attn.encoding import Scaler
from lstm_attn.errors import DataError

FORECAST = TaskConfig(kind="forecasting", inputs=("a",), targets=("y",), season=1)
LABELLED = TaskConfig(kind="classification", inputs=("x",), targets=("y",))


@pytest.mark.parametrize("rows", [[1e308, 1e308, 0], [1e200, -1e200, 1], [0, 1e160, 1]])
def test_a_mean_or_deviation_out_of_range_names_the_largest(rows) -> None:
    table = np.column_stack([[1.0, 2.0, 3.0], rows])
    largest = int(np.abs(rows).argmax())
    with pytest.raises(DataError, match=rf"^row {largest + 1}, column 2: 1e\+\d+ is too large"):
        Scaler.fit(table)


def test_a_number_out_of_range_of_a_scaler_is_named() -> None:
    scaler = Scaler(mean=(0.0, -1e308), deviation=(1.0, 1e-9))
    with pytest.raises(DataError) as raised:
        scaler.apply(np.array([[3.0, 0.0], [-1e39, 1e308]]))
    assert list(raised.value.problems) == [
        f"row 2, column {column}: {value} is too large to scale - "
        "mend it, or write the column in another unit"
        for column, value in ((1, "-1e+39"), (2, "1e+308"))
    ]


def test_large_numbers_that_can_be_scaled_are() -> None:
    rows = np.random.default_rng(0).normal(size=(30, 1)) * 1e100
    np.testing.assert_allclose(Scaler.fit(rows).apply(rows).std(), 1, rtol=1e-5)


@pytest.mark.parametrize("name", ["a", "y"])
@pytest.mark.parametrize("at", [3, 39])
def test_a_spike_in_a_series_is_named_with_column_and_row(tmp_path, capfd, name, at) -> None:
    values = {"a": [f"{row % 7}" for row in range(40)], "y": [f"{row % 5}" for row in range(40)]}
    values[name][at] = "1e300"
    path = tmp_path / "a.csv"
    path.write_text("a,y\n" + "".join(f"{a},{y}\n" for a, y in zip(*values.values(), strict=True)))
    key = "task.inputs" if name == "a" else "task.targets"
    line = rf"^{key}: column '{name}' in row {at + 1} of {path}: 1e\+300 is too large"
    with pytest.raises(DataError, match=line):
        prepare(DataConfig(format="csv", train=(str(path),), validation=8), FORECAST)
    assert capfd.readouterr() == ("", "")


def test_a_huge_number_in_a_sequence_is_named(tmp_path) -> None:
    rows = [{"x": [[1.0, float(at)]], "y": at % 2} for at in range(8)]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = DataConfig(format="json", train=(str(path),), validation=2)
    encoding = prepare(source, LABELLED).encoding
    rows[3]["x"] = [[1.0, 0.0], [1.0, 1e300]]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    line = r"task.inputs: number 2 of a step: 1e\+300 is too large"
    with pytest.raises(DataError, match=line):
        read_rows([str(path)], LABELLED, encoding)
    with pytest.raises(DataError, match=line):
        prepare(source, LABELLED)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_an_infinite_label_is_refused(tmp_path, value) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": ["a b"] * 8, "y": [1.0, value] * 4}), path)
    with pytest.raises(DataError, match=f"task.target: got the label {value} - "):
        prepare(DataConfig(format="parquet", train=(str(path),), validation=2), LABELLED)
