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
from search.launch import remarks, score_baselines, steps_of_epoch
from search.records import CheckReport, ModelCost, Params
from search.spec import SpecFile, StudySpec

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
    """
    data = prepare(file.data, file.task)
    gpus = torch.cuda.is_available()
    resolved = spec.resolve(file, data, gpus=gpus)
    torch.set_num_threads(resolved.threads)
    device = "cuda" if gpus and resolved.resources.cpus_per_trial is None else "cpu"
    corners = sorted(resolved.space.corners(), key=lambda params: _parameters(resolved, params))
    smallest = _cost(resolved, corners[0], data, device)
    largest = _cost(resolved, corners[-1], data, device)
    slots = _slots(resolved)
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
    return ModelCost(
        params=params,
        parameters=_parameters(resolved, params),
        epoch_seconds=batch * steps_of_epoch(resolved, data) + scoring,
    )


def _slots(resolved: StudySpec) -> int:
    resources = resolved.resources
    room = (os.cpu_count() or 1) // resolved.threads
    if torch.cuda.is_available() and resources.cpus_per_trial is None:
        room = int(torch.cuda.device_count() / (resources.gpus_per_trial or 1.0))
    return max(1, min(room, resources.slots or room))
