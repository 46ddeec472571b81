"""Tiny data of each task, a model that fits and a way to train it: a run of a dozen batches."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from lstm_attn import precision
from lstm_attn.config import (
    METRICS,
    TASK_KINDS,
    ModelConfig,
    TaskConfig,
    TaskKind,
    TrainingConfig,
    loss_metric,
)
from lstm_attn.encoding import Encoding, Scaler, TextEncoding
from lstm_attn.reports import EpochReport, Wish
from lstm_attn.sequences import SequenceData, Split
from lstm_attn.state import TrainingState
from lstm_attn.training import Event, fit, fresh_model


@dataclass(frozen=True)
class Tiny:
    """Data with a model and a training configuration for it."""

    data: SequenceData
    model: ModelConfig
    training: TrainingConfig

    def changed(self, **training: Any) -> "Tiny":
        return replace(self, training=replace(self.training, **training))

    def fit(
        self, *, wish: Wish | None = None, state: TrainingState | None = None, **options: Any
    ) -> Iterator[Event]:
        """Train from a fresh model, with a clock that counts how often it is asked."""
        given = {"seed": 3, "clock": itertools.count().__next__, **options}
        model = given.pop("model", None) or fresh_model(self.model, given["seed"])
        return fit(model, self.data, self.training, wish=wish or Wish(), state=state, **given)

    def best_of(self, reports: Iterable[EpochReport]) -> EpochReport | None:
        """Sort epochs by objective, loss and number: another way to find the best."""
        kind, objective = self.data.task.kind, self.training.objective
        sign = -1 if METRICS[kind][objective] == "maximize" else 1

        def rank(report: EpochReport) -> tuple[float, float, int]:
            loss = report.metrics[loss_metric(kind, objective)]
            return sign * report.metrics[objective], loss, report.epoch

        return min(reports, key=rank, default=None)


def split(inputs: np.ndarray, offsets: list[int], **arrays: np.ndarray) -> Split:
    none = {
        "labels": np.zeros(0, np.int64),
        "targets": np.zeros((0, 0)),
        "origins": np.zeros(0, np.int64),
        "character_ends": np.zeros(0, np.int64),
    }
    for array in (inputs, *arrays.values()):
        array.flags.writeable = False  # as in memory that workers share
    return Split(inputs=inputs, offsets=np.array(offsets), **{**none, **arrays})


def make_tiny(kind: TaskKind) -> Tiny:
    """Make a dozen batches' worth of a task: 3 epochs of 4 steps, passes of 3 or more."""
    rng = np.random.default_rng(11)
    shared: dict[str, Any] = {"test": None, "fingerprint": "", "summary": {}, "longest": 0}
    layers = 1
    match kind:
        case "language-modeling":
            splits = []
            for tokens in (52, 23):
                inputs = rng.integers(2, 7, tokens).astype(np.int32)
                ends = np.arange(1, tokens + 1)
                splits.append(split(inputs, [0, tokens], character_ends=ends))
            words = {"[PAD]": 0, "[UNK]": 1, **{letter: 2 + i for i, letter in enumerate("abcde")}}
            text = Tokenizer(WordLevel(words, unk_token="[UNK]")).to_str()
            tokenizer = TextEncoding(kind="word", json=text, padding=0, unknown=1)
            encoding = Encoding(tokenizer=tokenizer)
            task = TaskConfig(kind=kind, inputs=("text",))
            variant, size, outputs = "embed_ffn", len(words), len(words)
        case "classification":
            splits = []
            for rows in (11, 6):
                lengths = rng.integers(2, 6, rows)
                labels = np.arange(rows) % 3
                inputs = rng.normal(np.repeat(labels, lengths)[:, None], 1.0, (lengths.sum(), 2))
                offsets = [0, *np.cumsum(lengths).tolist()]
                splits.append(split(inputs.astype(np.float32), offsets, labels=labels))
            encoding = Encoding(
                scaler=Scaler(mean=(0.0, 0.0), deviation=(1.0, 1.0)), labels=("a", "b", "c")
            )
            task = TaskConfig(kind=kind, inputs=("x",), targets=("y",))
            variant, size, outputs, layers = "ffn", 2, 3, 2
        case "forecasting":
            targets = np.sin(np.arange(40.0))[:, None] * 3 + rng.normal(0, 0.5, (40, 1))
            inputs = np.concatenate([targets, rng.normal(0, 1, (40, 1))], axis=1)
            inputs = inputs.astype(np.float32)
            splits = [
                split(inputs, [0, 40], targets=targets, origins=np.arange(first, last))
                for first, last in ((3, 23), (24, 38))
            ]
            scaler = Scaler(mean=(0.0,), deviation=(2.0,))
            encoding = Encoding(
                scaler=Scaler(mean=(0.0, 0.0), deviation=(1.0, 1.0)), target_scaler=scaler
            )
            task = TaskConfig(kind=kind, inputs=("x", "z"), targets=("x",), horizon=2, season=6)
            variant, size, outputs = "attention", 2, 2
    data = SequenceData(
        task=task,
        encoding=encoding,
        train=splits[0],
        validation=splits[1],
        training_end=25 if kind == "forecasting" else 0,
        naive_error=np.ones(1 if kind == "forecasting" else 0),
        **shared,
    )
    return Tiny(
        data=data,
        model=ModelConfig(
            variant=variant,
            input_size=size,
            output_size=outputs,
            tokens=kind == "language-modeling",
            causal=kind != "classification",
            hidden_size=6,
            layers=layers,
            heads=2,
            ffn_width=5 if variant.endswith("ffn") else None,
            embedding_dim=4 if variant.startswith("embed") else None,
            dropout=0.3,
        ),
        training=TrainingConfig(
            epochs=3,
            batch_size=4,
            learning_rate=0.03,
            weight_decay=0.1,
            objective=next(iter(METRICS[kind])),
            context=4,
            epoch_steps=4,
        ),
    )


def are_same(one: Any, other: Any) -> bool:
    """Compare values to the last bit, whatever they are made of."""
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if is_dataclass(one):
        names = [spec.name for spec in fields(one)]
        return all(are_same(getattr(one, name), getattr(other, name)) for name in names)
    if isinstance(one, dict):
        return list(one) == list(other) and all(are_same(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(are_same, one, other))
    return bool(one == other)


@pytest.fixture
def tiny_of() -> Callable[[TaskKind], Tiny]:
    """Give tiny data of a task that the test names."""
    return make_tiny


@pytest.fixture(params=TASK_KINDS)
def tiny(request: pytest.FixtureRequest) -> Tiny:
    """Give tiny data of each task in turn."""
    return make_tiny(request.param)


@pytest.fixture(scope="session")
def same() -> Callable[[Any, Any], bool]:
    """Give the comparison to the last bit."""
    return are_same


@pytest.fixture
def in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have training computed alike on every CPU."""
    monkeypatch.setattr(precision, "multiplies_bfloat16", lambda _: False)
