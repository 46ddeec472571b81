"""Text to tokens and back, scalers, and what an encoding is saved as."""

import json
import pickle
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from lstm_attn import vocabulary
from lstm_attn.encoding import Encoding, Scaler, TextEncoding
from lstm_attn.errors import CheckpointError, DataError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
PROSE = "The cat sat.\nThe dog sat, too.\nThe cat's dog (the one) sat.\nthe end"


def words(*texts: str, vocabulary_size: int = 100, lowercase: bool = False) -> TextEncoding:
    return vocabulary.fit_words(texts, vocabulary=vocabulary_size, lowercase=lowercase)


@given(TEXT)
def test_characters_decode_to_the_text_they_were(text: str) -> None:
    encoding = vocabulary.fit_characters([text])
    assert encoding.decode(encoding.encode(text)[0]) == text


@given(TEXT)
def test_a_character_token_ends_one_character_after_the_one_before(text: str) -> None:
    ids, ends = vocabulary.fit_characters([text]).encode(text)
    assert ends.tolist() == list(range(1, len(text) + 1))
    assert len(ids) == len(text)
    assert ids.dtype == np.int32
    assert ends.dtype == np.int64


@given(TEXT, TEXT)
def test_what_training_never_saw_is_unknown_and_nothing_else_is(seen: str, other: str) -> None:
    encoding = vocabulary.fit_characters([seen])
    is_unknown = encoding.encode(other)[0] == encoding.unknown
    assert is_unknown.tolist() == [character not in seen for character in other]


@given(TEXT)
def test_each_character_of_a_text_belongs_to_one_word_token(text: str) -> None:
    encoding = words("a b a b . . \n \n")
    ids, ends = encoding.encode(text)
    assert len(ids) == len(ends)
    assert (np.diff(ends, prepend=0) >= 0).all()
    if len(ids):
        assert ends[-1] == len(text)


def test_word_tokens_end_where_the_words_end() -> None:
    text = "The cat, \n sat."
    ids, ends = words(PROSE, PROSE).encode(text)
    assert ends.tolist() == [3, 7, 8, 10, 14, 15]
    assert (ids != 1).all()


def test_long_texts_are_cut_into_pieces_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    text = PROSE * 3 + "\u00e9 😀\n" * 5
    for encoding in (vocabulary.fit_characters([text]), words(text)):
        whole = encoding.encode(text)
        with monkeypatch.context() as patch:
            patch.setattr("lstm_attn.encoding._PIECE", 7)
            patch.setattr("lstm_attn.encoding._GROUP", 2)
            pieces = encoding.encode(text)
        for some, all_at_once in zip(pieces, whole, strict=True):
            np.testing.assert_array_equal(some, all_at_once)


@given(TEXT, TEXT)
def test_characters_are_the_tokens_that_the_library_gives(seen: str, text: str) -> None:
    encoding = vocabulary.fit_characters([seen])
    library = Tokenizer.from_str(encoding.json).encode(text + "[UNK]", add_special_tokens=False)
    assert encoding.encode(text + "[UNK]")[0].tolist() == library.ids


def test_special_names_in_a_text_are_only_text() -> None:
    text = "[PAD] [UNK] [PAD] [UNK]"
    for encoding in (vocabulary.fit_characters([text]), words(text)):
        ids, _ = encoding.encode(text)
        assert not set(ids.tolist()) & {encoding.padding, encoding.unknown}


def test_words_keep_line_breaks_and_decode_to_readable_text() -> None:
    encoding = words(PROSE, PROSE)
    assert encoding.decode(encoding.encode(PROSE)[0]) == PROSE


def test_a_word_seen_once_is_unknown_and_the_vocabulary_keeps_its_cap() -> None:
    encoding = words("a a a b b c", vocabulary_size=3)
    assert encoding.size == 3
    assert encoding.decode(encoding.encode("a b c")[0]) == "a [UNK] [UNK]"
    assert words("a a a b b c").size == 4


def test_upper_case_is_lower_case_where_asked() -> None:
    encoding = words("Good good", lowercase=True)
    assert encoding.decode(encoding.encode("GOOD")[0]) == "good"


def test_no_word_seen_twice_is_an_error_that_names_the_cure() -> None:
    with pytest.raises(DataError, match=r'no word is seen twice.*tokenizer = "character"'):
        words("each word once")


@given(st.lists(TEXT, max_size=5))
def test_rows_are_encoded_as_each_alone(rows: list[str]) -> None:
    encoding = vocabulary.fit_characters(rows)
    ids, offsets = encoding.encode_rows(rows)
    assert offsets[0] == 0
    assert offsets[-1] == len(ids)
    for row, (start, end) in zip(rows, pairwise(offsets), strict=True):
        assert encoding.decode(ids[start:end]) == row


def test_an_encoding_pickles_as_its_json_and_works_on_the_other_side() -> None:
    encoding = vocabulary.fit_characters(["abc"])
    encoding.encode("abc")
    packed = pickle.dumps(encoding)
    assert len(packed) < len(encoding.json) + 500
    assert pickle.loads(packed) == encoding


def test_a_given_tokenizer_keeps_its_ids_and_gets_what_it_lacks(tmp_path) -> None:
    bare = Tokenizer(models.WordLevel({"<unk>": 0, "hello": 1}, unk_token="<unk>"))
    bare.pre_tokenizer = pre_tokenizers.Whitespace()
    bare.enable_truncation(1)
    bare.save(str(tmp_path / "tokenizer.json"))
    encoding = vocabulary.given(str(tmp_path / "tokenizer.json"))
    ids, ends = encoding.encode("hello  you")
    assert ids.tolist() == [1, 0]
    assert ends.tolist() == [5, 10]
    assert (encoding.unknown, encoding.padding, encoding.size) == (0, 2, 3)


def test_tokens_that_share_a_character_never_end_before_it(tmp_path) -> None:
    bytes_ = Tokenizer(
        models.BPE({char: at for at, char in enumerate(pre_tokenizers.ByteLevel.alphabet())}, [])
    )
    bytes_.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_.decoder = decoders.ByteLevel()
    bytes_.save(str(tmp_path / "tokenizer.json"))
    encoding = vocabulary.given(str(tmp_path / "tokenizer.json"))
    ids, ends = encoding.encode("aé😀")
    assert len(ids) == 1 + 2 + 4
    assert ends[[0, -1]].tolist() == [1, 3]
    assert (np.diff(ends) >= 0).all()
    assert encoding.decode(ids) == "aé😀"


@pytest.mark.parametrize("content", ["{}", "no json"])
def test_what_is_no_tokenizer_is_an_error_with_its_path(tmp_path, content: str) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(content)
    with pytest.raises(DataError, match=f"data.tokenizer: {path} is no tokenizer.json"):
        vocabulary.given(str(path))
    with pytest.raises(DataError, match=r"use character, word or a tokenizer.json"):
        vocabulary.given(str(tmp_path / "words"))


def test_a_scaler_gives_mean_zero_and_deviation_one() -> None:
    rows = np.random.default_rng(0).normal(5.0, 3.0, (40, 2)) * [1.0, 1e6]
    scaler = Scaler.fit(rows)
    np.testing.assert_allclose(scaler.mean, rows.mean(axis=0))
    np.testing.assert_allclose(scaler.deviation, rows.std(axis=0))
    scaled = scaler.apply(rows)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(axis=0), 1, atol=1e-6)


@given(st.floats(-1e6, 1e6), st.integers(1, 30))
def test_a_constant_column_becomes_zeros(value: float, rows: int) -> None:
    scaler = Scaler.fit(np.full((rows, 1), value))
    assert scaler.deviation == (1.0,)
    assert not scaler.apply(np.full((rows, 1), value)).round(5).any()


@settings(max_examples=20)
@given(st.floats(1e-9, 1e15), st.integers(1, 50))
def test_rounding_is_not_scaled_up(value: float, rows: int) -> None:
    column = np.array([[value], [np.nextafter(value, np.inf)]] * rows)
    scaler = Scaler.fit(column)
    assert scaler.deviation == (1.0,)
    assert np.abs(scaler.apply(column)).max() <= 1.0
    apart = np.array([[value], [value * (1 + 1e-9)]] * rows)
    np.testing.assert_allclose(Scaler.fit(apart).apply(apart).std(), 1, rtol=1e-3)


@given(st.permutations(list(range(12))))
def test_a_scaler_does_not_depend_on_the_order_of_rows(order: list[int]) -> None:
    rows = np.random.default_rng(1).normal(size=(12, 2))
    assert Scaler.fit(rows) == Scaler.fit(rows[order])


@pytest.mark.parametrize("labels", [(1, 2), (False, True), ("a", "b"), (0.5, 1.5), ()])
def test_an_encoding_is_the_same_after_json(labels: tuple[object, ...]) -> None:
    encoding = Encoding(
        tokenizer=vocabulary.fit_characters(["é"]),
        scaler=Scaler(mean=(0.1,), deviation=(1 / 3,)),
        target_scaler=None,
        labels=labels,  # type: ignore[arg-type] - each is a tuple of labels
        frequency="day",
    )
    again = Encoding.from_json(json.loads(json.dumps(encoding.to_json())))
    assert again == encoding
    assert [type(label) for label in again.labels] == [type(label) for label in labels]


@pytest.mark.parametrize("plain", [{}, {"tokenizer": {}}, {"tokenizer": None, "labels": 3}])
def test_what_is_no_encoding_is_a_checkpoint_error(plain: dict[str, object]) -> None:
    with pytest.raises(CheckpointError, match="encoding: not what an export writes"):
        Encoding.from_json(plain)


def test_encoding_knows_neither_torch_nor_datasets() -> None:
    code = (
        "import sys, lstm_attn.encoding, lstm_attn.sequences, lstm_attn.frequency\n"
        "assert not {'torch', 'datasets', 'pandas'} & set(sys.modules), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
