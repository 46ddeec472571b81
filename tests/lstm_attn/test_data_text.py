"""Continuous text: what is read, cut and fitted for language modeling."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lstm_attn.config import DataConfig, TaskConfig
from lstm_attn.data import default_context, prepare, read_rows
from lstm_attn.errors import DataError
from lstm_attn.sequences import SequenceData, Split

TASK = TaskConfig(kind="language-modeling", inputs=("text",))
TEXT = "".join(f"line {number}, and a line\n" for number in range(100))


def prepared(path: Path, content: str = TEXT, **settings: object) -> SequenceData:
    path.write_text(content, encoding="utf-8")
    given_settings = {"format": "text", "train": (str(path),), "validation": 0.1} | settings
    return prepare(DataConfig(**given_settings), TASK)


def decoded(data: SequenceData, split: Split | None) -> str:
    assert data.encoding.tokenizer is not None
    assert split is not None
    return data.encoding.tokenizer.decode(split.inputs)


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "a.txt"


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\ufeff"), min_size=20),
    st.sampled_from([0.1, 0.3]),
    st.sampled_from([None, 0.2]),
)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_splits_in_order_are_the_text(tmp_path, text, validation, test) -> None:
    data = prepared(tmp_path / "a.txt", text, validation=validation, test=test)
    parts = [data.train, data.validation, *([data.test] if data.test else [])]
    lengths = [len(part.inputs) for part in parts]
    assert sum(lengths) == len(text)
    assert lengths[1] == max(round(validation * len(text)), 1)
    assert (data.test is None) == (test is None)
    tokenizer = data.encoding.tokenizer
    assert tokenizer is not None
    assert tokenizer.size == 2 + len(set(text[: lengths[0]]))
    start = 0
    for part, length in zip(parts, lengths, strict=True):
        ids = tokenizer.encode(text[start : start + length])[0]
        np.testing.assert_array_equal(part.inputs, ids)
        np.testing.assert_array_equal(part.offsets, [0, length])
        np.testing.assert_array_equal(part.character_ends, np.arange(1, length + 1))
        start += length


def test_nothing_fitted_knows_what_is_held_out(path) -> None:
    held_out = len(TEXT) // 5
    plain = prepared(path, validation=0.1, test=0.1)
    other = prepared(path, TEXT[:-held_out] + "§" * held_out, validation=0.1, test=0.1)
    assert plain.encoding == other.encoding
    assert plain.fingerprint != other.fingerprint
    np.testing.assert_array_equal(plain.train.inputs, other.train.inputs)
    assert other.summary["share of unknown tokens in validation"] == 1.0


def test_a_number_counts_lines_from_the_end(path) -> None:
    data = prepared(path, validation=3, test=2)
    lines = TEXT.splitlines(keepends=True)
    assert decoded(data, data.test) == "".join(lines[-2:])
    assert decoded(data, data.validation) == "".join(lines[-5:-2])
    assert decoded(data, data.train) == "".join(lines[:-5])


def test_files_follow_each_other_and_hold_what_is_held_out(tmp_path) -> None:
    for name, content in (("1.txt", "abc"), ("2.txt", "cab\n"), ("v.txt", "a b"), ("t.txt", "c\n")):
        (tmp_path / name).write_text(content)
    data = prepare(
        DataConfig(
            format="text",
            train=(str(tmp_path / "[12].txt"),),
            validation=(str(tmp_path / "v.txt"),),
            test=(str(tmp_path / "t.txt"),),
        ),
        TASK,
    )
    assert decoded(data, data.train) == "abc\ncab\n"
    assert decoded(data, data.validation) == "a[UNK]b"
    assert decoded(data, data.test) == "c\n"


@pytest.mark.parametrize("data_format", ["csv", "json"])
def test_rows_of_a_column_are_joined_by_line_breaks(tmp_path, data_format) -> None:
    rows = ["one, two", "", "three\nfour", "x" * 20]
    path = tmp_path / "rows"
    if data_format == "csv":
        path.write_text("words\n" + "".join(f'"{row}"\n' for row in rows))
    else:
        path.write_text("".join(json.dumps({"words": row}) + "\n" for row in rows))
    data = prepare(
        DataConfig(format=data_format, train=(str(path),), validation=1),
        TaskConfig(kind="language-modeling", inputs=("words",)),
    )
    assert decoded(data, data.train) == "one, two\n\nthree\nfour\n"
    assert data.validation.character_ends[-1] == 20


def test_words_count_the_characters_of_the_raw_text(path) -> None:
    data = prepared(path, tokenizer="word", validation=0.1, vocabulary=6)
    assert data.encoding.tokenizer is not None
    assert data.encoding.tokenizer.size == 6
    assert data.train.character_ends[-1] == len(TEXT) - round(len(TEXT) * 0.1)
    assert data.train.character_ends[-1] == data.summary["training characters"]
    assert "line" in decoded(data, data.train)


def test_a_tokenizer_can_be_given(path) -> None:
    fitted = prepared(path).encoding.tokenizer
    assert fitted is not None
    saved = path.parent / "tokenizer.json"
    saved.write_text(fitted.json)
    data = prepared(path, tokenizer=str(saved))
    assert data.encoding.tokenizer is not None
    assert data.encoding.tokenizer.kind == "given"
    assert data.encoding.tokenizer.unknown == fitted.unknown
    np.testing.assert_array_equal(data.train.inputs, fitted.encode(TEXT)[0][: len(TEXT) * 9 // 10])


def test_the_default_context_is_128_or_what_the_text_allows(path) -> None:
    assert default_context(prepared(path)) == 128
    assert default_context(prepared(path, "abcdefghij", validation=0.2)) == 7


def test_the_summary_says_what_check_shows(path) -> None:
    data = prepared(path, "aab" * 100, validation=0.1, test=0.2)
    assert dict(data.summary) == {
        "training tokens": 210,
        "validation tokens": 30,
        "test tokens": 60,
        "tokenizer": "character",
        "vocabulary": 4,
        "share of unknown tokens in validation": 0.0,
    }


def test_new_text_is_encoded_as_training_was(path) -> None:
    data = prepared(path)
    (path.parent / "new.txt").write_text("a line\nof §")
    new = read_rows([str(path.parent / "new.txt")], data.task, data.encoding).split
    assert decoded(data, new) == "a line\n[UNK][UNK] [UNK]"
    np.testing.assert_array_equal(new.offsets, [0, 11])
    (path.parent / "new.csv").write_text("text\na line\nand\n")
    new = read_rows([str(path.parent / "new.csv")], data.task, data.encoding).split
    assert decoded(data, new) == "a line\nand"


def test_a_text_file_needs_no_column_name_when_it_is_new(path) -> None:
    data = prepared(path)
    task = TaskConfig(kind="language-modeling", inputs=("words",))
    assert len(read_rows([str(path)], task, data.encoding).split.inputs) == len(TEXT)


@pytest.mark.parametrize(
    ("content", "settings_", "line"),
    [
        ("ab", {"validation": 0.5}, "data.train: 1 tokens, and the first is not scored"),
        ("abcdef", {"validation": 1e-3}, "data.validation: 1 tokens, and"),
        ("a\nb\n", {"validation": 2}, "data.validation: 4 of 4 characters are held out"),
        ("a\nb\nc\n", {"validation": 2, "test": 2}, "data.validation: 6 of 6 characters"),
        ("abcdef", {"validation": "2014-01-01"}, "data.validation: a date needs forecasting"),
        ("abcdef", {"test": "2014-01-01"}, "data.test: a date needs forecasting"),
        ("abcdef", {"tokenizer": "bpe"}, "data.tokenizer: no tokenizer 'bpe'"),
        ("abcdef", {"vocabulary": 1}, "data.vocabulary: got 1"),
        ("abcdef", {"format": "xml"}, "data.format: no 'xml' - use one of csv, json"),
        (
            "abcdef",
            {"validation": 1.5, "test": 0},
            "data.validation: got 1.5.*\n.*data.test: got 0",
        ),
    ],
)
def test_what_is_wrong_is_said_with_what_would_do(path, content, settings_, line) -> None:
    with pytest.raises(DataError, match=line):
        prepared(path, content, **settings_)


def test_a_column_of_numbers_is_no_text(tmp_path) -> None:
    (tmp_path / "a.json").write_text('{"text": 1}\n{"text": 2}\n')
    with pytest.raises(DataError, match=r"task\.inputs: column 'text' .* holds int64, not text"):
        prepare(DataConfig(format="json", train=(str(tmp_path / "a.json"),)), TASK)


def test_a_row_without_text_is_named(tmp_path) -> None:
    (tmp_path / "a.json").write_text('{"text": "a"}\n{"text": null}\n{}\n')
    with pytest.raises(DataError, match=r"column 'text' has no text in row 2 of .* and 1 more"):
        prepare(DataConfig(format="json", train=(str(tmp_path / "a.json"),)), TASK)


def test_all_problems_that_can_be_found_are_said_at_once(tmp_path) -> None:
    with pytest.raises(DataError) as raised:
        prepare(
            DataConfig(
                format="texts",
                train=(str(tmp_path / "a"),),
                validation=0,
                test=(str(tmp_path / "b"),),
                tokenizer="byte",
            ),
            TaskConfig(kind="language-modeling", inputs=("a", "b"), targets=("c",), time="d"),
        )
    keys = [line.partition(":")[0] for line in raised.value.problems]
    assert keys == [
        "data.format",
        "task.inputs",
        "task.targets",
        "task.time",
        "data.tokenizer",
        "data.train",
        "data.validation",
        "data.test",
    ]
