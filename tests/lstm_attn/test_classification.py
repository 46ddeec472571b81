import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from torch import nn

from lstm_attn.batches import Table
from lstm_attn.classification import pooled
from lstm_attn.config import ModelConfig, TaskConfig
from lstm_attn.encoding import Encoding, Scaler, TextEncoding
from lstm_attn.errors import DataError
from lstm_attn.models import build
from lstm_attn.sequences import SequenceData, Split
from lstm_attn.tasks import task_for

CLASSES = 3
PADDING = 4
lengths_of_rows = st.lists(st.integers(1, 9), min_size=1, max_size=12)


def rows_of(lengths, *, tokens=False):
    rng = np.random.default_rng(sum(lengths))
    steps = sum(lengths)
    inputs = (
        rng.integers(0, PADDING, steps).astype(np.int32)
        if tokens
        else rng.normal(size=(steps, 2)).astype(np.float32)
    )
    inputs.flags.writeable = False
    return Split(
        inputs=inputs,
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        labels=rng.integers(0, CLASSES, len(lengths)),
        targets=np.zeros((0, 0)),
        origins=np.zeros(0, np.int64),
        character_ends=np.zeros(0, np.int64),
    )


def data_of(train):
    tokenizer = None
    if train.inputs.ndim == 1:
        names = {"a": 0, "b": 1, "c": 2, "[UNK]": 3, "[PAD]": PADDING}
        json = Tokenizer(WordLevel(names, unk_token="[UNK]")).to_str()
        tokenizer = TextEncoding(kind="word", json=json, padding=PADDING, unknown=3)
    return SequenceData(
        task=TaskConfig(kind="classification", inputs=("x",), targets=("y",)),
        encoding=Encoding(
            tokenizer=tokenizer,
            scaler=None if tokenizer else Scaler(mean=(0.0, 0.0), deviation=(1.0, 1.0)),
            labels=("one", "two", "three"),
        ),
        train=train,
        validation=train,
        test=None,
        training_end=0,
        naive_error=np.zeros(0),
        longest=9,
        fingerprint="",
        summary={},
    )


def model_of(*, tokens=False):
    torch.manual_seed(1)
    return build(
        ModelConfig(
            variant="embed_ffn" if tokens else "ffn",
            input_size=5 if tokens else 2,
            output_size=CLASSES,
            tokens=tokens,
            causal=False,
            hidden_size=8,
            heads=2,
            ffn_width=6,
            embedding_dim=4 if tokens else None,
        )
    )


def steps_of(split, row):
    return split.inputs[split.offsets[row] : split.offsets[row + 1]]


def test_a_model_gives_each_class_and_sees_the_whole_sequence():
    task = task_for(data_of(rows_of([3, 4])), "accuracy")
    assert (task.kind, task.output_size, task.causal) == ("classification", CLASSES, False)
    assert (task.row_count(5), task.tokens_per_row(5)) == (2, 1)


@given(lengths_of_rows, st.integers(0, 50))
def test_a_pass_takes_each_sequence_once(lengths, seed):
    task = task_for(data_of(rows_of(lengths)), "accuracy")
    drawn = task.draw_pass(np.random.default_rng(seed), 4)
    assert sorted(drawn.tolist()) == list(range(len(lengths)))


@pytest.mark.parametrize("tokens", [False, True])
@given(lengths=lengths_of_rows, context=st.integers(1, 10), seed=st.integers(0, 50))
def test_a_batch_holds_the_first_steps_padded_on_the_right_to_the_longest(
    tokens, lengths, context, seed
):
    split = rows_of(lengths, tokens=tokens)
    rows = np.random.default_rng(seed).permutation(len(lengths))
    batch = task_for(data_of(split), "accuracy").batch(Table(split), rows, context)
    longest = min(max(lengths), context)
    assert batch.inputs.shape == (len(rows), longest, *split.inputs.shape[1:])
    assert batch.inputs.dtype == (torch.int64 if tokens else torch.float32)
    assert batch.targets.tolist() == split.labels[rows].tolist()
    assert (batch.padding is None) == all(min(length, context) == longest for length in lengths)
    for place, row in enumerate(rows):
        kept = min(lengths[row], context)
        assert np.array_equal(batch.inputs[place, :kept].numpy(), steps_of(split, row)[:kept])
        if batch.padding is not None:
            expected = [False] * kept + [True] * (longest - kept)
            assert batch.padding[place].tolist() == expected
            assert (batch.inputs[place, kept:] == (PADDING if tokens else 0.0)).all()


def test_logits_are_averaged_over_valid_steps():
    outputs = torch.tensor([[[1.0], [3.0], [torch.nan]], [[2.0], [4.0], [9.0]]])
    padding = torch.tensor([[False, False, True], [False, False, False]])
    assert pooled(outputs, padding).tolist() == [[2.0], [5.0]]
    assert pooled(outputs[1:], None).tolist() == [[5.0]]


@pytest.mark.parametrize("tokens", [False, True])
def test_each_sequence_is_scored_once_and_alone(tokens):
    split = rows_of([3, 9, 1, 5, 5, 7] * 30, tokens=tokens)
    task, model = task_for(data_of(split), "accuracy"), model_of(tokens=tokens).eval()
    predictions = task.predict(model, Table(split), 6)
    assert predictions.labels.tolist() == split.labels.tolist()
    for row in range(split.rows):
        x = torch.tensor(steps_of(split, row)[:6].copy())[None]
        with torch.no_grad():
            alone = model(x.long() if tokens else x)[0].mean(dim=0).double().log_softmax(0)
        assert predictions.log_probabilities[row] == pytest.approx(alone.numpy(), abs=1e-5)


def test_a_cap_scores_always_the_same_sequences():
    split = rows_of([2, 3, 4] * 40)
    task, model = task_for(data_of(split), "accuracy"), model_of()
    whole = task.predict(model, Table(split), 9)
    some = task.predict(model, Table(split), 9, 50)
    again = task.predict(model, Table(split), 3, 50)
    assert len(some) == 50
    assert np.array_equal(some.labels, again.labels)
    rows = [
        int(np.flatnonzero(np.isclose(whole.log_probabilities, row, atol=1e-6).all(axis=1))[0])
        for row in some.log_probabilities
    ]
    assert rows == sorted(set(rows))


def test_the_training_loss_is_the_cross_entropy_of_the_pooled_logits():
    split = rows_of([4, 2, 6, 3])
    task, model = task_for(data_of(split), "accuracy"), model_of().eval()
    batch = task.batch(Table(split), np.arange(4), 9)
    loss = task.loss(model(batch.inputs, batch.padding), batch)
    assert loss.shape == ()
    score = task.predict(model, Table(split), 9).metrics()["cross_entropy"]
    assert loss.item() == pytest.approx(score, rel=1e-5)


def test_sequences_whose_label_is_unknown_are_predicted():
    split = rows_of([4, 2, 6, 3])
    task, model = task_for(data_of(split), "accuracy"), model_of()
    probabilities = np.exp(task.log_probabilities(model, Table(split), np.array([2, 0]), 9))
    known = np.exp(task.predict(model, Table(split), 9).log_probabilities)
    assert probabilities == pytest.approx(known[[2, 0]], abs=1e-6)
    assert probabilities.sum(axis=1) == pytest.approx([1.0, 1.0])


def test_a_sequence_without_steps_is_an_error_that_names_it():
    split = rows_of([3, 2])
    empty = Split(
        inputs=split.inputs,
        offsets=np.array([0, 3, 3, 5]),
        labels=np.array([0, 1, 2]),
        targets=split.targets,
        origins=split.origins,
        character_ends=split.character_ends,
    )
    task = task_for(data_of(split), "accuracy")
    with pytest.raises(DataError, match="row 1: has no steps"):
        task.predict(model_of(), Table(empty), 4)


def test_a_context_of_no_steps_is_an_error():
    task = task_for(data_of(rows_of([3, 2])), "accuracy")
    with pytest.raises(DataError, match="context: got 0 - use 1 or more"):
        task.row_count(0)


class Watching(nn.Module):
    """Notes under which settings it is called."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(CLASSES))
        self.seen = []

    def forward(self, x, padding=None):
        settings = torch.backends.cuda.matmul, torch.backends.cudnn.rnn
        self.seen.append(
            (
                self.training,
                torch.is_inference_mode_enabled(),
                torch.is_autocast_enabled("cpu"),
                *(one.fp32_precision for one in settings),
            )
        )
        return self.weight.expand(*x.shape[:2], CLASSES)


@pytest.mark.parametrize("training", [True, False])
def test_a_score_is_taken_in_float32_without_autocast_tf32_dropout_or_gradients(training):
    split, model = rows_of([3, 2]), Watching().train(training)
    with torch.autocast("cpu", torch.bfloat16):
        task_for(data_of(split), "accuracy").predict(model, Table(split), 4)
        assert torch.is_autocast_enabled("cpu")
    assert model.seen == [(False, True, False, "ieee", "ieee")]
    assert model.training == training
    assert not torch.is_inference_mode_enabled()


def test_a_model_that_fails_while_it_is_scored_is_left_as_it_was():
    class Failing(Watching):
        def forward(self, x, padding=None):
            raise ArithmeticError

    split, model = rows_of([3, 2]), Failing().train()
    with pytest.raises(ArithmeticError):
        task_for(data_of(split), "accuracy").predict(model, Table(split), 4)
    assert model.training
    assert not torch.is_inference_mode_enabled()
