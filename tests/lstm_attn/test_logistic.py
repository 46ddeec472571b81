import warnings
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from lstm_attn.config import METRICS, TaskConfig
from lstm_attn.encoding import Encoding, Scaler, TextEncoding
from lstm_attn.logistic import channels, logistic_regression, words
from lstm_attn.sequences import SequenceData, Split

lengths_of_rows = st.lists(st.integers(1, 9), min_size=1, max_size=12)


def rows_of(rows, labels):
    inputs = np.concatenate(rows)
    inputs.flags.writeable = False
    return Split(
        inputs=inputs,
        offsets=np.cumsum([0, *map(len, rows)]),
        labels=np.array(labels),
        targets=np.zeros((0, 0)),
        origins=np.zeros(0, np.int64),
        character_ends=np.zeros(0, np.int64),
    )


def data_of(train, validation, classes, vocabulary=None):
    tokenizer = None
    if vocabulary:
        names = {str(number): number for number in range(vocabulary)}
        json = Tokenizer(WordLevel(names, unk_token="1")).to_str()
        tokenizer = TextEncoding(kind="word", json=json, padding=0, unknown=1)
    return SequenceData(
        task=TaskConfig(kind="classification", inputs=("x",), targets=("y",)),
        encoding=Encoding(
            tokenizer=tokenizer,
            scaler=None if tokenizer else Scaler(mean=(0.0, 0.0), deviation=(1.0, 1.0)),
            labels=tuple(range(classes)),
        ),
        train=train,
        validation=validation,
        test=None,
        training_end=0,
        naive_error=np.zeros(0),
        longest=9,
        fingerprint="",
        summary={},
    )


def vowels(rows, classes, seed):
    """Make float sequences whose class is in their mean, or in how they begin."""
    rng = np.random.default_rng(seed)
    labels = np.arange(rows) % classes
    made = []
    for label in labels:
        row = rng.normal(0, 0.3, (rng.integers(3, 9), 2))
        row[0, label % 2] += label
        made.append(row.astype(np.float32))
    return rows_of(made, labels)


def sentences(rows, classes, seed):
    """Make texts in which a word of the class stands among common ones."""
    rng = np.random.default_rng(seed)
    labels = np.arange(rows) % classes
    made = []
    for label in labels:
        row = rng.integers(10, 40, rng.integers(5, 20))
        row[rng.integers(len(row))] = 2 + label
        made.append(row.astype(np.int32))
    return rows_of(made, labels)


@given(lengths_of_rows, st.integers(1, 10), st.integers(0, 9))
def test_channels_are_described_by_mean_deviation_first_middle_and_last(lengths, context, seed):
    rng = np.random.default_rng(seed)
    rows = [rng.normal(3, 2, (length, 2)).astype(np.float32) for length in lengths]
    chosen = rng.permutation(len(rows))
    found = channels(rows_of(rows, [0] * len(rows)), chosen, context=context)
    for place, row in enumerate(chosen):
        seen = rows[row][:context].astype(np.float64)
        expected = [seen.mean(0), seen.std(0), seen[0], seen[len(seen) // 2], seen[-1]]
        assert found[place] == pytest.approx(np.concatenate(expected), abs=1e-6)


@given(lengths_of_rows, st.integers(1, 10), st.integers(0, 9))
def test_words_are_counted(lengths, context, seed):
    rng = np.random.default_rng(seed)
    rows = [rng.integers(0, 4, length).astype(np.int32) for length in lengths]
    chosen = rng.permutation(len(rows))
    found = words(rows_of(rows, [0] * len(rows)), chosen, context=context, vocabulary=6).toarray()
    for place, row in enumerate(chosen):
        assert found[place].tolist() == np.bincount(rows[row][:context], minlength=6).tolist()


@pytest.mark.parametrize("objective", METRICS["classification"])
@pytest.mark.parametrize(
    ("make", "vocabulary", "classes"),
    [(vowels, None, 4), (vowels, None, 2), (sentences, 40, 3), (sentences, 40, 2)],
)
def test_it_learns_what_is_plain_and_gives_probabilities(make, vocabulary, classes, objective):
    data = data_of(make(120, classes, 0), make(60, classes, 1), classes, vocabulary)
    predict = logistic_regression(data, objective=objective, context=20)
    predictions = predict(data.validation, None)
    assert np.exp(predictions.log_probabilities).sum(axis=1) == pytest.approx(np.ones(60))
    assert predictions.metrics()["accuracy"] > 0.9
    some = predict(data.validation, 20)
    assert len(some) == 20
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(some.labels, predictions.labels[:20])


def test_rare_and_single_labels_are_no_obstacle():
    common = vowels(8, 2, 0)
    rare = rows_of(
        [common.inputs[first:last] for first, last in pairwise(common.offsets)],
        [0, 1, 0, 1, 0, 1, 0, 2],
    )
    one = rows_of([common.inputs[:3]], [1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for train in (rare, one):
            data = data_of(train, common, 4)
            predict = logistic_regression(data, objective="accuracy", context=9)
            assert np.isfinite(predict(common, None).metrics()["cross_entropy"])
