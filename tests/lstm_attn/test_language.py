import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from torch import nn

from lstm_attn.batches import Table
from lstm_attn.config import ModelConfig, TaskConfig
from lstm_attn.encoding import Encoding, TextEncoding
from lstm_attn.errors import DataError
from lstm_attn.models import build
from lstm_attn.sequences import SequenceData, Split
from lstm_attn.tasks import task_for

VOCABULARY = 7


def text(tokens):
    """Make a stream in which token i has i + 1 characters."""
    tokens = np.array(tokens, dtype=np.int32)
    tokens.flags.writeable = False
    none = np.zeros(0, np.int64)
    return Split(
        inputs=tokens,
        offsets=np.array([0, len(tokens)]),
        labels=none,
        targets=np.zeros((0, 0)),
        origins=none,
        character_ends=np.cumsum(np.arange(1, len(tokens) + 1)),
    )


def some_text(length):
    return text(np.random.default_rng(length).integers(2, VOCABULARY, length))


def data_of(train, validation=None):
    json = Tokenizer(
        WordLevel({str(number): number for number in range(VOCABULARY)}, unk_token="1")
    ).to_str()
    return SequenceData(
        task=TaskConfig(kind="language-modeling", inputs=("text",)),
        encoding=Encoding(
            tokenizer=TextEncoding(kind="character", json=json, padding=0, unknown=1)
        ),
        train=train,
        validation=validation or train,
        test=None,
        training_end=0,
        naive_error=np.zeros(0),
        longest=0,
        fingerprint="",
        summary={},
    )


def model_of(seed=0):
    torch.manual_seed(seed)
    return build(
        ModelConfig(
            variant="embed",
            input_size=VOCABULARY,
            output_size=VOCABULARY,
            tokens=True,
            causal=True,
            hidden_size=8,
            heads=2,
            embedding_dim=4,
        )
    )


class Running(nn.Module):
    """Gives logits that tell all tokens since the window's start apart, and keeps what it read."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.arange(VOCABULARY) / 3.0)
        self.read = []

    def forward(self, x, padding=None):
        assert padding is None
        self.read += [window.tolist() for window in x]
        return torch.sin(torch.cumsum(x, dim=1)[..., None] * (1 + self.weight))


def by_hand(tokens, context, scored):
    """Score one token at a time: windows in turn, each from its own start."""
    logits = Running()
    nats = 0.0
    for position in range(1, scored + 1):
        start = (position - 1) // context * context
        outputs = logits(torch.tensor([tokens[start:position].tolist()]))[0, -1].double()
        nats -= float(outputs.detach().log_softmax(0)[tokens[position]])
    return nats


def test_a_model_gives_each_token_and_sees_no_later_one():
    task = task_for(data_of(some_text(50)), "cross_entropy")
    assert (task.kind, task.output_size, task.causal) == ("language-modeling", VOCABULARY, True)
    assert task.tokens_per_row(12) == 12


@given(st.integers(2, 60), st.integers(1, 12))
def test_each_token_but_the_first_is_scored_once_from_a_zero_state_in_windows_that_do_not_overlap(
    length, context
):
    split = some_text(length)
    task = task_for(data_of(some_text(80)), "cross_entropy")
    model = Running()
    predictions = task.predict(model, Table(split), context)
    read = [token for window in sorted(model.read, key=len, reverse=True) for token in window]
    assert read == split.inputs[:-1].tolist()
    assert {len(window) for window in model.read} <= {context, (length - 1) % context}
    assert predictions.tokens.sum() == length - 1
    assert predictions.nats.sum() == pytest.approx(
        by_hand(split.inputs, context, length - 1), rel=1e-5
    )


@given(st.integers(20, 60), st.integers(1, 12), st.integers(1, 70))
def test_a_cap_scores_so_many_first_tokens_for_every_context(length, context, rows):
    split = some_text(length)
    task = task_for(data_of(some_text(80)), "cross_entropy")
    capped = task.predict(Running(), Table(split), context, rows)
    scored = min(rows, length - 1)
    assert capped.tokens.sum() == scored
    assert capped.nats.sum() == pytest.approx(by_hand(split.inputs, context, scored), rel=1e-5)


@given(st.integers(2, 60), st.integers(1, 12))
def test_characters_are_those_spanned_by_scored_tokens(length, context):
    split = some_text(length)
    task = task_for(data_of(some_text(80)), "cross_entropy")
    predictions = task.predict(Running(), Table(split), context)
    assert predictions.characters.sum() == sum(range(2, length + 1))
    ends = np.cumsum(predictions.tokens)
    first = predictions.characters[0]
    assert first == sum(range(2, 2 + predictions.tokens[0]))
    assert ends[-1] == length - 1


def test_nats_are_summed_in_float64():
    class Even(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(VOCABULARY))

        def forward(self, x):
            return self.weight.expand(*x.shape, VOCABULARY)

    length = 200_001
    predictions = task_for(data_of(some_text(80)), "cross_entropy").predict(
        Even(), Table(text(np.full(length, 3))), length - 1
    )
    one = float(-torch.log_softmax(torch.zeros(VOCABULARY), 0)[0])
    assert predictions.nats.dtype == np.float64
    assert predictions.nats[0] == pytest.approx(one * (length - 1), rel=1e-12)


def test_a_score_does_not_depend_on_which_windows_are_read_together(monkeypatch):
    task, table, model = task_for(data_of(some_text(80)), "x"), Table(some_text(300)), model_of()
    together = task.predict(model, table, 5)
    monkeypatch.setattr("lstm_attn.language.EVALUATION_BATCH", 3)
    assert task.predict(model, table, 5).nats == pytest.approx(together.nats, rel=1e-5)


@given(st.integers(2, 70), st.integers(1, 30), st.integers(0, 100))
def test_a_pass_cuts_as_many_windows_as_it_says_one_after_another(tokens, context, seed):
    task = task_for(data_of(some_text(tokens)), "cross_entropy")
    if context >= tokens:
        with pytest.raises(DataError, match=f"use at most {tokens - 1}"):
            task.row_count(context)
        return
    starts = task.draw_pass(np.random.default_rng(seed), context)
    assert len(starts) == task.row_count(context)
    in_order = np.sort(starts)
    assert (np.diff(in_order) == context).all()
    assert in_order[0] >= 0
    assert in_order[-1] + context + 1 <= tokens
    assert tokens - len(starts) * context < 2 * context + 1


def test_each_pass_has_an_offset_and_an_order_of_its_own():
    task = task_for(data_of(some_text(200)), "cross_entropy")
    passes = [task.draw_pass(np.random.default_rng(seed), 10) for seed in range(200)]
    assert {int(starts.min()) for starts in passes} == set(range(10))
    assert len({starts.tobytes() for starts in passes}) > 150
    again = task.draw_pass(np.random.default_rng(7), 10)
    assert np.array_equal(again, passes[7])


def test_a_batch_pairs_each_token_with_the_next():
    split = some_text(60)
    task = task_for(data_of(split), "cross_entropy")
    batch = task.batch(Table(split), np.array([40, 3, 11]), 9)
    assert batch.padding is None
    assert batch.inputs.dtype == batch.targets.dtype == torch.int64
    for row, start in enumerate((40, 3, 11)):
        assert batch.inputs[row].tolist() == split.inputs[start : start + 9].tolist()
        assert batch.targets[row].tolist() == split.inputs[start + 1 : start + 10].tolist()


def test_the_training_loss_is_the_mean_cross_entropy_and_equals_the_score():
    split = some_text(41)
    task, table, model = task_for(data_of(split), "cross_entropy"), Table(split), model_of().eval()
    batch = task.batch(table, np.arange(0, 40, 8), 8)
    loss = task.loss(model(batch.inputs, batch.padding), batch)
    assert loss.shape == ()
    score = task.predict(model, table, 8).metrics()["cross_entropy"]
    assert loss.item() == pytest.approx(score, rel=1e-5)
    assert score == pytest.approx(math.log(VOCABULARY), rel=0.2)


def test_a_window_as_long_as_the_text_but_for_one_token_will_do():
    task = task_for(data_of(some_text(9)), "cross_entropy")
    assert task.row_count(8) == 1
    assert task.draw_pass(np.random.default_rng(0), 8).tolist() == [0]
