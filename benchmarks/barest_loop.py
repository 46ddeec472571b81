"""`fit` beside the barest loop that trains the same model on the same batches.

The barest loop is plain PyTorch and gets its batches ready made; `fit` gathers its own, keeps what
it needs to go on, sets the rate, hears wishes, and scores one row at the end of each turn.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from lstm_attn.batches import Batch
from lstm_attn.config import TaskKind, TrainingConfig
from lstm_attn.data import prepare
from lstm_attn.models import SequenceModel
from lstm_attn.precision import mixed
from lstm_attn.reports import EpochReport, Wish
from lstm_attn.run import load_tables
from lstm_attn.stream import Stream
from lstm_attn.tasks import task_for
from lstm_attn.training import fit, fresh_model
from search import spec

ROUNDS = 13
"""Turns of each, one after the other; the first is not counted."""


class Speed(NamedTuple):
    """How fast `fit` is, as a share of the barest loop."""

    wall: float
    """By the clock."""
    cpu: float
    """By the seconds that processors spent."""


class _Spent(NamedTuple):
    wall: float
    cpu: float


def speed(study: Path, *, steps: int, plainly: bool = False, device: str = "cpu") -> Speed:
    """Train a study's default model by turns, in `fit` and barely; give the median of the shares.

    Arguments:
        study: its file.
        steps: optimizer steps of a turn.
        plainly: whether the barest loop stays in float32, as one would write it, rather than using
            what `fit` computes in.
        device: as PyTorch names it.
    """
    torch.set_num_threads(1)
    where = torch.device(device)
    file = spec.load(study)
    data = prepare(file.data, file.task)
    resolved = spec.resolve(file, data, gpus=where.type == "cuda")
    model_config, training = resolved.space.configure(resolved.space.defaults()[0])
    training = replace(training, epochs=ROUNDS, epoch_steps=steps, validation_rows=1)
    tables = load_tables(data, device)
    task = task_for(data, resolved.objective)
    context = training.context
    stream = Stream(task, context=context, batch_size=training.batch_size, seed=0)
    precision = nullcontext if plainly else partial(mixed, where)
    model = fresh_model(model_config, 0).to(where)
    barely = _barest(model, training, data.task.kind, precision, where)
    events = fit(
        fresh_model(model_config, 0),  # same weights, same order
        data,
        training,
        seed=0,
        wish=Wish(),
        tables=tables,
        device=device,
    )
    shares: list[Speed] = []
    for turn in range(ROUNDS):
        positions = range(turn * steps, (turn + 1) * steps)
        batches = [task.batch(tables.train, stream.starts(at), context) for at in positions]
        ours = _spent(lambda: _report(next(events)))
        bare = _spent(lambda batches=batches: barely(batches))
        shares.append(Speed(bare.wall / ours.wall, bare.cpu / ours.cpu))
    return Speed(*map(median, zip(*shares[1:], strict=True)))


def _barest(
    model: SequenceModel,
    training: TrainingConfig,
    kind: TaskKind,
    precision: Callable[[], AbstractContextManager[None]],
    device: torch.device,
) -> Callable[[Iterable[Batch]], None]:
    """Give the loop that one would write by hand."""
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=training.learning_rate,
        weight_decay=training.weight_decay,
        fused=True,
    )
    loss_of = {
        "language-modeling": _next_token,
        "classification": _label,
        "forecasting": _change,
    }[kind]

    def train(batches: Iterable[Batch]) -> None:
        for batch in batches:
            optimizer.zero_grad()
            inputs = batch.inputs
            if training.noise:
                inputs = inputs + training.noise * torch.randn_like(inputs)
            with precision():
                outputs = model(inputs, batch.padding)
            loss = loss_of(outputs.float(), batch)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), training.clip)
            optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize()

    return train


def _next_token(outputs: Tensor, batch: Batch) -> Tensor:
    return F.cross_entropy(outputs.flatten(0, 1), batch.targets.flatten())


def _label(outputs: Tensor, batch: Batch) -> Tensor:
    if batch.padding is None:
        return F.cross_entropy(outputs.mean(dim=1), batch.targets)
    valid = ~batch.padding[..., None]
    return F.cross_entropy((outputs * valid).sum(dim=1) / valid.sum(dim=1), batch.targets)


def _change(outputs: Tensor, batch: Batch) -> Tensor:
    return F.l1_loss(outputs.view(batch.targets.shape), batch.targets)


def _report(event: object) -> None:
    assert isinstance(event, EpochReport)


def _spent(work: Callable[[], None]) -> _Spent:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return _Spent(time.perf_counter() - wall, time.process_time() - cpu)
