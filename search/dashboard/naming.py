"""What checkpoints are called as artifacts, and what is said of each."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from optuna.trial import FrozenTrial

from lstm_attn.errors import CheckpointError
from lstm_attn.headers import read_header
from search import summaries
from search.checkpoints import Checkpoint
from search.dashboard.shown import ODD
from search.errors import StoreError
from search.records import TrialSummary
from search.spec import StudySpec
from search.stored import StoredStudy

BYTES, JSON = "application/octet-stream", "application/json"
ATTRIBUTE = "artifacts:"
"""Study system attribute under which Optuna looks for an artifact, by id."""
DESCRIPTION = "-d"
"""How the id of a checkpoint's description ends; ids are hexadecimal digits and dashes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file to download."""

    name: str
    kind: str
    """Its MIME type."""
    content: bytes


def named(
    study: StoredStudy, found: Sequence[Checkpoint], trials: Sequence[FrozenTrial]
) -> dict[str, Checkpoint]:
    """Name checkpoints, one a trial, by what is in them, the best first, as names are ordered.

    As `1-trial-7-epoch-12-accuracy-0.9815`.
    """
    worth = _worth(study.spec, found, trials)
    places = {one.number: place for place, one in enumerate(worth)}
    values = {one.number: one.value for one in worth}
    names = {}
    ordered = sorted(found, key=lambda one: (places.get(one.number, len(places)), one.number))
    for rank, one in enumerate(ordered, start=1):
        value = values.get(one.number)
        score = "" if value is None else f"-{study.spec.objective}-{value:.4g}"
        place = str(rank).zfill(len(str(len(found))))
        names[f"{place}-trial-{one.number}-epoch-{one.epoch}{score}"] = one
    return names


def _worth(
    spec: StudySpec, found: Sequence[Checkpoint], trials: Sequence[FrozenTrial]
) -> tuple[TrialSummary, ...]:
    """Order trials by what they were worth at the epoch of their checkpoint, the best first."""
    epochs = {one.number: one.epoch for one in found}
    then = []
    for trial in trials:
        with suppress(*ODD):
            if epoch := epochs.get(trial.number):
                one = summaries.trial_summary(trial, spec)
                metrics = one.metrics if one.best_epoch == epoch else {}
                then.append(replace(one, value=one.curve.get(epoch), metrics=metrics))
    return summaries.leaders(tuple(then), spec)


def attributes(study: StoredStudy, named: Mapping[str, Checkpoint]) -> dict[str, str]:
    """Write of each checkpoint what Optuna would have written."""
    written = {}
    for name, checkpoint in named.items():
        wanted = artifact_id(study, checkpoint)
        for artifact, ending, kind in (
            (wanted, "safetensors", BYTES),
            (f"{wanted}{DESCRIPTION}", "json", JSON),
        ):
            said = {"artifact_id": artifact, "filename": f"{name}.{ending}", "mimetype": kind}
            written[f"{ATTRIBUTE}{artifact}"] = json.dumps({**said, "encoding": None})
    return written


def described(
    study: StoredStudy,
    checkpoint: Checkpoint,
    name: str,
    content: bytes,
    trials: Sequence[FrozenTrial],
) -> File:
    """Say of a checkpoint what it is: configuration, scores, where it comes from."""
    try:
        header = read_header(content)
        told = {part: json.loads(header[part]) for part in ("metrics", "model", "training")}
    except (CheckpointError, KeyError, ValueError) as error:
        raise StoreError(f"the checkpoint {checkpoint} cannot be read: {error}") from error
    trial = next((one for one in trials if one.number == checkpoint.number), None)
    said = {
        "study": study.name,
        "trial": checkpoint.number,
        "state": trial.state.name.lower() if trial else None,
        "epoch": checkpoint.epoch,
        "objective": study.spec.objective,
        **told,
        "params": trial.params if trial else None,
        "device": header.get("device"),
        "threads": header.get("threads"),
        "weights": f"{name}.safetensors",
    }
    text = json.dumps(said, indent=2) + "\n"
    return File(name=f"{name}.json", kind=JSON, content=text.encode())


def artifact_id(study: StoredStudy, checkpoint: Checkpoint) -> str:
    """Give the id of a checkpoint as an artifact, which no other study's has."""
    return f"{study.uid}-{checkpoint.hash}"
