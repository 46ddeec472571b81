"""Columns of a file: whatever Arrow calls them, the same values."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from lstm_attn.columns import Column, labels, numbers, texts
from lstm_attn.config import DataConfig, TaskConfig
from lstm_attn.data import prepare
from lstm_attn.timestamps import timestamps

KINDS = [
    pa.string(),
    pa.large_string(),
    pa.string_view(),
    pa.dictionary(pa.int8(), pa.string()),
    pa.dictionary(pa.uint32(), pa.large_string()),
]


def column(values: list[object], kind: pa.DataType) -> Column:
    made = pa.array(values, kind.value_type if pa.types.is_dictionary(kind) else kind)
    made = made.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else made
    return Column(values=pa.chunked_array([made]), name="x", path=Path("a.arrow"), key="task.x")


@pytest.mark.parametrize("kind", KINDS)
def test_text_is_text_however_arrow_holds_it(kind) -> None:
    assert texts(column(["a", "é"], kind)) == ["a", "é"]
    assert labels(column(["a", "b"], kind))[0] == ["a", "b"]
    np.testing.assert_array_equal(numbers(column(["1.5", " NA"], kind)), [1.5, np.nan])
    assert timestamps(column(["2012-01-31"], kind)).stamps[0] == np.datetime64("2012-01-31")


def test_a_file_of_string_views_is_a_data_set(tmp_path) -> None:
    table = pa.table(
        {
            "x": pa.array(["good film", "bad film"] * 9, pa.string_view()),
            "y": pa.array(["a", "b"] * 9, pa.string_view()),
        }
    )
    with pa.ipc.new_file(tmp_path / "a.arrow", table.schema) as file:
        file.write_table(table)
    data = prepare(
        DataConfig(format="arrow", train=(str(tmp_path / "a.arrow"),)),
        TaskConfig(kind="classification", inputs=("x",), targets=("y",)),
    )
    assert data.encoding.labels == ("a", "b")
    assert data.tokens
