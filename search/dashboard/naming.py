"""What checkpoints are called as artifacts, and what is said of each."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from optuna.trial import FrozenTrial

from lstm_attn.errors import CheckpointError
from lstm_attn.headers import read_header
from search import summaries
from search.archive import StoredStudy
from search.checkpoints import Checkpoint
from search.errors import StoreError

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
    """Name checkpoints by what is in them, the best first, also where names are ordered.

    As `1-trial-7-epoch-12-accuracy-0.9815`.
    """
    numbered = {trial.number: trial for trial in trials}

    def value(one: Checkpoint) -> float | None:
        trial = numbered.get(one.number)
        return trial.intermediate_values.get(one.epoch) if trial else None

    def order(one: Checkpoint) -> tuple[bool, tuple[float, float, int]]:
        key = summaries.rank(value(one) or 0.0, 0.0, one.number, study.spec.direction)
        return value(one) is None, key

    names = {}
    for rank, one in enumerate(sorted(found, key=order), start=1):
        worth = value(one)
        score = "" if worth is None else f"-{study.spec.objective}-{worth:.4g}"
        place = str(rank).zfill(len(str(len(found))))
        names[f"{place}-trial-{one.number}-epoch-{one.epoch}{score}"] = one
    return names


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
