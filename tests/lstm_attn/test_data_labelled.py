"""Rows with labels: texts and float sequences, divided by label, encoded row by row."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lstm_attn.config import DataConfig, TaskConfig
from lstm_attn.data import default_context, prepare, read_rows
from lstm_attn.errors import DataError
from lstm_attn.sequences import SequenceData, Split
from lstm_attn.splits import HeldOut, stratified

TASK = TaskConfig(kind="classification", inputs=("x",), targets=("y",))
Row = dict[str, object]


def write(path: Path, rows: list[Row]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def prepared(folder: Path, rows: list[Row], **settings: object) -> SequenceData:
    train = write(folder / "train.jsonl", rows)
    return prepare(DataConfig(**({"format": "json", "train": (train,)} | settings)), TASK)


def float_rows(count: int = 20, width: int = 2, seed: int = 0) -> list[Row]:
    rng = np.random.default_rng(seed)
    return [
        {"x": rng.normal(size=(1 + at % 5, width)).tolist(), "y": "ab"[at % 2]}
        for at in range(count)
    ]


def text_rows(count: int = 20) -> list[Row]:
    return [{"x": f"Good film number {at % 3}", "y": at % 2} for at in range(count)]


def row_of(split: Split, at: int) -> np.ndarray:
    return split.inputs[split.offsets[at] : split.offsets[at + 1]]


SEQUENCES = st.lists(
    st.lists(st.lists(st.floats(-9, 9, width=32), min_size=2, max_size=2), min_size=1, max_size=4),
    min_size=8,
    max_size=16,
)


@given(SEQUENCES, st.integers(0, 3))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_sequence_is_in_one_split_scaled_by_training_rows(tmp_path, sequences, seed) -> None:
    sequences = [[[float(at), 0.0], *steps] for at, steps in enumerate(sequences)]
    rows: list[Row] = [{"x": steps, "y": at % 2} for at, steps in enumerate(sequences)]
    data = prepared(tmp_path, rows, validation=2, test=2, seed=seed)
    assert data.test is not None
    assert data.encoding.scaler is not None
    mean, deviation = (
        np.array(part) for part in (data.encoding.scaler.mean, data.encoding.scaler.deviation)
    )
    found = []
    for split in (data.train, data.validation, data.test):
        assert split.inputs.dtype == np.float32
        for at in range(split.rows):
            steps = row_of(split, at) * deviation + mean
            number = round(float(steps[0, 0]))
            np.testing.assert_allclose(steps, sequences[number], atol=1e-4)
            assert data.encoding.labels[split.labels[at]] == number % 2
            found.append(number)
    assert sorted(found) == list(range(len(sequences)))
    training = np.concatenate([sequences[number] for number in found[: data.train.rows]])
    np.testing.assert_allclose(mean, training.mean(axis=0), atol=1e-9)


@pytest.mark.parametrize("kind", ["floats", "text"])
def test_nothing_fitted_knows_what_is_held_out(tmp_path, kind) -> None:
    rows = float_rows() if kind == "floats" else text_rows()
    changed = [[1e6, 0.0]] if kind == "floats" else "never seen never seen"
    share = HeldOut(key="data.validation", share=0.2)
    held_out = np.concatenate(stratified(np.arange(len(rows)) % 2, share, share, 0)[1:])
    others = [row | {"x": changed} if at in held_out else row for at, row in enumerate(rows)]
    plain, other = (prepared(tmp_path, some, validation=0.2, test=0.2) for some in (rows, others))
    assert plain.encoding == other.encoding
    np.testing.assert_array_equal(plain.train.inputs, other.train.inputs)
    assert plain.fingerprint != other.fingerprint


def test_lists_of_numbers_are_sequences_of_one_number_a_step(tmp_path) -> None:
    rows: list[Row] = [{"x": [1, 2.5, at], "y": at % 2 == 0} for at in range(10)]
    data = prepared(tmp_path, rows)
    assert data.train.inputs.shape == (3 * 8, 1)
    assert data.encoding.labels == (False, True)


def test_words_keep_their_order_and_case_is_one(tmp_path) -> None:
    rows: list[Row] = [{"x": "Good bad GOOD\nfilm", "y": at % 2} for at in range(10)]
    data = prepared(tmp_path, rows)
    tokenizer = data.encoding.tokenizer
    assert tokenizer is not None
    assert tokenizer.decode(row_of(data.train, 0)) == "good bad good\nfilm"
    assert data.train.inputs.dtype == np.int32


def test_a_text_without_a_token_becomes_the_unknown_one(tmp_path) -> None:
    rows = text_rows()
    write(tmp_path / "v.jsonl", [{"x": "", "y": 0}, {"x": "good", "y": 1}, {"x": " ", "y": 1}])
    data = prepared(tmp_path, rows, validation=(str(tmp_path / "v.jsonl"),))
    tokenizer = data.encoding.tokenizer
    assert tokenizer is not None
    good = int(tokenizer.encode("good")[0][0])
    assert data.validation.inputs.tolist() == [tokenizer.unknown, good, tokenizer.unknown]
    assert data.validation.offsets.tolist() == [0, 1, 2, 3]


def test_characters_can_be_asked_for(tmp_path) -> None:
    data = prepared(tmp_path, text_rows(), tokenizer="character")
    tokenizer = data.encoding.tokenizer
    assert tokenizer is not None
    assert tokenizer.decode(row_of(data.train, 0)).startswith("Good film")


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (["b", "a"], ("a", "b")),
        (["10", "9"], (9, 10)),
        ([10, 9], (9, 10)),
        ([1.0, 2.0], (1, 2)),
        (["1.0", "2"], (1, 2)),
        ([0.5, 2.0], (0.5, 2.0)),
        ([True, False], (False, True)),
        (["true", "False"], (False, True)),
        (["007", "7"], ("007", "7")),
        (["1", "one"], ("1", "one")),
        (["NA", "nan"], ("NA", "nan")),
    ],
)
def test_labels_are_what_they_look_like_all_of_one_kind(tmp_path, values, labels) -> None:
    rows: list[Row] = [{"x": [1.0, at], "y": values[at % 2]} for at in range(10)]
    data = prepared(tmp_path, rows)
    assert data.encoding.labels == labels
    assert [type(label) for label in data.encoding.labels] == [type(label) for label in labels]


def test_csv_labels_are_read_alike_and_match_those_of_json(tmp_path) -> None:
    (tmp_path / "a.csv").write_text("y,x\n" + "1,good film\n2,bad film\n" * 5)
    write(tmp_path / "v.csv", [])
    (tmp_path / "v.csv").write_text("x,y\nfilm,2.0\n")
    data = prepare(
        DataConfig(
            format="csv", train=(str(tmp_path / "a.csv"),), validation=(str(tmp_path / "v.csv"),)
        ),
        TASK,
    )
    assert data.encoding.labels == (1, 2)
    assert data.validation.labels.tolist() == [1]
    new = write(tmp_path / "new.json", [{"x": "film", "y": 2}, {"x": "film", "y": 1}])
    rows = read_rows([new], TASK, data.encoding, labelled=True)
    assert rows.split.labels.tolist() == [1, 0]


def test_a_parquet_of_categories_and_fixed_lists(tmp_path) -> None:
    table = pa.table(
        {
            "x": pa.array([[[1.0, 2.0]], [[3.0, 4.0]]] * 5, pa.list_(pa.list_(pa.float32(), 2))),
            "y": pa.array(["a", "b"] * 5).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    data = prepare(DataConfig(format="parquet", train=(str(tmp_path / "a.parquet"),)), TASK)
    assert data.encoding.labels == ("a", "b")
    assert data.train.inputs.shape == (8, 2)


def test_the_default_context_is_the_99th_percentile_of_training_lengths(tmp_path) -> None:
    rows: list[Row] = [{"x": [0.0] * (500 if at == 0 else 7), "y": at % 2} for at in range(400)]
    data = prepared(tmp_path, rows, validation=1)
    assert data.longest == default_context(data) == 7


def test_the_fingerprint_is_of_the_content_alone(tmp_path) -> None:
    prints = []
    for name, rows in (("1", float_rows()), ("2", float_rows()), ("3", float_rows(seed=1))):
        (tmp_path / name).mkdir()
        prints.append(prepared(tmp_path / name, rows).fingerprint)
    prints.append(prepared(tmp_path, float_rows(), seed=1).fingerprint)
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3
    assert len(prints[0]) == 64


def test_the_fingerprint_is_of_the_labels_too_and_the_same_on_every_machine(tmp_path) -> None:
    rows: list[Row] = [{"x": [0.1 * at], "y": "ab"[at % 2]} for at in range(10)]
    others = [row | {"y": f"{row['y']}'"} for row in rows]
    plain, other = prepared(tmp_path, rows), prepared(tmp_path, others)
    np.testing.assert_array_equal(plain.train.labels, other.train.labels)
    assert plain.fingerprint != other.fingerprint
    assert plain.fingerprint.startswith("efb2c67ff6e35fd7")


def test_the_summary_says_what_check_shows(tmp_path) -> None:
    assert dict(prepared(tmp_path, float_rows(), validation=0.2, test=2).summary) == {
        "training rows": 14,
        "validation rows": 4,
        "test rows": 2,
        "classes": 2,
        "training rows of each": "a: 7, b: 7",
        "steps": "1 to 5, 99 of 100 rows at most 5",
        "numbers a step": 2,
    }


def test_rows_of_one_length_are_said_to_be(tmp_path) -> None:
    rows: list[Row] = [{"x": [[0.5, 1.0]] * 3, "y": "ab"[at % 2]} for at in range(10)]
    assert prepared(tmp_path, rows).summary["steps"] == "3 in each row"


def test_new_rows_need_no_labels_unless_they_are_scored(tmp_path) -> None:
    data = prepared(tmp_path, float_rows())
    new = write(tmp_path / "new.jsonl", [{"x": [[0.0, 0.0]]}, {"x": [[1.0, 1.0]] * 2}])
    split = read_rows([new], TASK, data.encoding).split
    assert split.offsets.tolist() == [0, 1, 3]
    assert len(split.labels) == 0
    with pytest.raises(DataError, match=r"task\.target: no column 'y' in .* it has: x"):
        read_rows([new], TASK, data.encoding, labelled=True)


def test_new_texts_may_come_as_lines(tmp_path) -> None:
    data = prepared(tmp_path, text_rows())
    (tmp_path / "new.txt").write_text("good film\nfilm\n")
    split = read_rows([str(tmp_path / "new.txt")], TASK, data.encoding).split
    assert split.offsets.tolist() == [0, 2, 3]


WRONG = [
    ([{"x": [[1, 2]], "y": 0}, {"x": [[1, 2], [3]], "y": 1}], "has 1 numbers a step, .* row 2"),
    ([{"x": [[1]], "y": 0}, {"x": [], "y": 1}], "column 'x' has no steps in row 2"),
    ([{"x": [[1]], "y": 0}, {"x": None, "y": 1}], "column 'x' has no steps in row 2"),
    ([{"x": [[1], [None]], "y": 0}, {"x": [[2]], "y": 1}], "no finite number in row 1"),
    ([{"x": [1, float("nan")], "y": 0}, {"x": [2], "y": 1}], "no finite number in row 1"),
    ([{"x": [["a"]], "y": 0}, {"x": [["b"]], "y": 1}], "'x' .* holds sequences of string"),
    ([{"x": [[[1]]], "y": 0}, {"x": [[[1]]], "y": 1}], "'x' .* holds sequences of list"),
    ([{"x": 1, "y": 0}, {"x": 2, "y": 1}], "'x' .* holds int64 - name a column of text"),
    ([{"x": "a", "y": 0}, {"x": None, "y": 1}], "column 'x' has no text in row 2"),
    ([{"x": [1], "y": 0}, {"x": [1], "y": None}], "task.target: column 'y' has no label in row 2"),
    ([{"x": [1], "y": "a"}, {"x": [1], "y": " "}], "task.target: column 'y' has no label in row 2"),
    ([{"x": [1], "y": [0]}, {"x": [1], "y": [1]}], "'y' .* holds list.* not labels"),
    ([{"x": [1], "y": "a"}] * 9, "all training rows are labelled a - give rows of at least two"),
    ([{"x": [1], "y": 0}, {"x": [1], "y": 1}], "data.validation: 1 of 2 rows can't be held out"),
    ([{"x": [1], "z": 0}] * 9, "task.target: no column 'y' in .* - it has: x, z"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "line"), WRONG)
def test_what_is_wrong_is_said_with_its_row(tmp_path, rows, line) -> None:
    with pytest.raises(DataError, match=line):
        prepared(tmp_path, rows, validation=1)


def test_labels_that_training_never_saw_are_named_in_both(tmp_path) -> None:
    held = {
        name: (write(tmp_path / f"{name}.jsonl", [{"x": [[0, 0]], "y": label}] * count),)
        for name, label, count in (("validation", "c", 2), ("test", 5, 1))
    }
    with pytest.raises(DataError) as raised:
        prepared(tmp_path, float_rows(), **held)
    assert [line.partition(" - ")[0] for line in raised.value.problems] == [
        "data.validation: training rows have no label 'c' (2 rows)",
        "data.test: training rows have no label 5 (1 row)",
    ]
    assert "it has 'a', 'b'" in raised.value.problems[0]


def test_files_of_different_widths_or_kinds_are_refused(tmp_path) -> None:
    wide = (write(tmp_path / "wide.jsonl", float_rows(4, width=3)),)
    with pytest.raises(DataError, match=r"data\.test: .* 3 numbers a step, those of training 2"):
        prepared(tmp_path, float_rows(), test=wide)
    with pytest.raises(DataError, match="a step is 2 numbers in one file, 3 numbers in another"):
        prepared(tmp_path, [], train=(write(tmp_path / "two.jsonl", float_rows(4)), *wide))
    words = (write(tmp_path / "words.jsonl", [{"x": "a", "y": "a"}]),)
    with pytest.raises(DataError, match=r"data.test: its rows are text, training rows are floats"):
        prepared(tmp_path, float_rows(), test=words)


def test_all_columns_that_are_missing_are_said_at_once_with_their_file(tmp_path) -> None:
    test = write(tmp_path / "test.jsonl", [{"z": 1}])
    with pytest.raises(DataError) as raised:
        prepared(tmp_path, [{"x": [1.0]}], test=(test,))
    assert [line.partition(" in ")[0] for line in raised.value.problems] == [
        "task.target: no column 'y'",
        "task.target: no column 'y'",
        "task.inputs: no column 'x'",
    ]
