"""A study looked at before it is launched: data, baselines, sizes, and what it will cost."""

import os
import time
from collections.abc import Mapping

import torch

from lstm_attn.data import prepare
from lstm_attn.models import parameter_count
from lstm_attn.run import Run, load_tables
from lstm_attn.sequences import SequenceData
from lstm_attn.tasks import task_for
from lstm_attn.training import fresh_model
from search import spec
from search.errors import WrongUse
from search.reckoning import remarks, score_baselines, steps_of_epoch
from search.records import CheckReport, ModelCost, Params
from search.spec import SpecFile, StudySpec
from search.trial import is_out_of_memory

TIMED_BATCHES = 3
"""Batches that are timed of each model, after one that isn't."""
TIMED_ROWS = 512
"""Validation rows that are timed of each model; text takes them as tokens, a window at least."""


def check(file: SpecFile) -> CheckReport:
    """Check everything but training.

    Arguments:
        file: the study file, checked by itself.

    Raises:
        LstmAttnError: the data have problems.
        SpecError: file and data don't go together.
        WrongUse: a model is too large for this machine's memory.
    """
    data = prepare(file.data, file.task)
    gpus = torch.cuda.device_count()
    resolved = spec.resolve(file, data, gpus=gpus > 0)
    torch.set_num_threads(min(resolved.threads, _cpus()))
    device = "cuda" if gpus and resolved.resources.gpu_share(gpus=True) else "cpu"
    corners = sorted(resolved.space.corners(), key=lambda params: _parameters(resolved, params))
    smallest = _cost(resolved, corners[0], data, device)
    largest = _cost(resolved, corners[-1], data, device)
    slots = _slots(resolved, gpus)
    mean_epoch = (smallest.epoch_seconds + largest.epoch_seconds) / 2
    return CheckReport(
        name=resolved.name,
        task=resolved.task.kind,
        objective=resolved.objective,
        data={**data.summary, **remarks(resolved, data)},
        baselines=score_baselines(resolved, data),
        dimensions=dimensions(resolved),
        points=resolved.space.point_count(),
        trials=resolved.trials,
        epochs=resolved.epochs,
        smallest=smallest,
        largest=largest,
        hours=resolved.trials * resolved.epochs * mean_epoch / slots / 3600,
        slots=slots,
    )


def dimensions(resolved: StudySpec) -> Mapping[str, str]:
    """Say of each searched dimension which values it may take."""
    return {name: str(domain) for name, domain in resolved.space.domains.items()}


def _parameters(resolved: StudySpec, params: Params) -> int:
    return parameter_count(resolved.space.configure(params)[0])


def _cost(resolved: StudySpec, params: Params, data: SequenceData, device: str) -> ModelCost:
    """Reckon what a point's model costs.

    Raises:
        WrongUse: it is too large for this machine's memory.
    """
    parameters = _parameters(resolved, params)
    try:
        epoch_seconds = _epoch_seconds(resolved, params, data, device)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise WrongUse(
            f"space: no memory here for a model of {parameters:,} weights, {dict(params)} - "
            "offer smaller ones, or check on the machine it is for"
        ) from error
    return ModelCost(params=params, parameters=parameters, epoch_seconds=epoch_seconds)


def _epoch_seconds(resolved: StudySpec, params: Params, data: SequenceData, device: str) -> float:
    """Time real batches of a point's model, and scoring, and reckon an epoch from them."""
    model_config, training = resolved.space.configure(params)
    model = fresh_model(model_config, seed=0).to(device)
    tables = load_tables(data, device)
    run = Run(model, data, training, seed=0, tables=tables, clock=time.perf_counter)
    run.train_batch()
    began = time.perf_counter()
    for _ in range(TIMED_BATCHES):
        run.train_batch()
    if device == "cuda":
        torch.cuda.synchronize()
    batch = (time.perf_counter() - began) / TIMED_BATCHES
    task = task_for(data, training.objective)
    whole = min(training.validation_rows, data.scorable(data.validation))
    rows = min(whole, max(TIMED_ROWS, training.context if data.tokens else 1))
    began = time.perf_counter()
    task.predict(model, tables.validation, training.context, rows)
    scoring = (time.perf_counter() - began) * whole / rows
    return batch * steps_of_epoch(resolved, data) + scoring


def _slots(resolved: StudySpec, gpus: int) -> int:
    """Count the trials that would run at a time on this machine, with so many GPUs."""
    resources = resolved.resources
    room = _cpus() // resolved.threads
    if gpus and (share := resources.gpu_share(gpus=True)):
        room = min(room, int(gpus / share))
    return max(1, min(room, resources.slots or room))


def _cpus() -> int:
    return os.cpu_count() or 1
