"""Columns of a file: whatever Arrow calls them, the same values."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_attn.columns import Column, labels, numbers, sequences, texts
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


WHOLE = st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1)


@given(WHOLE)
def test_whole_numbers_are_rounded_as_those_of_a_csv(values) -> None:
    nearest = [float(value) for value in values]
    np.testing.assert_array_equal(numbers(column(values, pa.int64())), nearest)
    written = [str(value) for value in values]
    np.testing.assert_array_equal(numbers(column(written, pa.string())), nearest)
    steps, _ = sequences(column([values], pa.list_(pa.int64())))
    np.testing.assert_array_equal(steps[:, 0], nearest)


def test_the_largest_whole_numbers_are_numbers_too() -> None:
    assert numbers(column([2**64 - 1, 2**53 + 1], pa.uint64())).tolist() == [2.0**64, 2.0**53]


@given(WHOLE)
def test_labels_keep_every_digit(values) -> None:
    found, places = labels(column(values, pa.int64()))
    assert [found[place] for place in places] == values
