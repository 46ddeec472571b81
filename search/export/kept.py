"""A trial's best weights, out of the store: a file of their own, or in a running trial's state."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from lstm_attn.checkpoint import best_of_state, weights_from_bytes
from lstm_attn.config import ModelConfig
from lstm_attn.errors import CheckpointError
from lstm_attn.headers import read_header
from lstm_attn.state import Weights
from search.checkpoints import Checkpoint, Kind, Place, checkpoints, newest_intact
from search.errors import StoreError
from search.records import StudySummary, TrialSummary

ATTEMPTS = 3
"""How often a file is looked for that is replaced while it is being read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The best weights that the store has of a trial."""

    weights: Weights
    epoch: int
    """The epoch they are from."""
    metrics: Mapping[str, float]
    """Every metric at its end, as the file says."""
    device: str | None
    """The kind of device that trained them; None where the file doesn't say."""
    threads: int | None
    """CPU threads it computed with; None where the file doesn't say."""


def kept_trials(store: Place, study: StudySummary) -> tuple[tuple[int, TrialSummary], ...]:
    """List the trials whose best weights the store has, with their ranks from 1, the best first.

    Arguments:
        store: the place of the study's checkpoints.
        study: whose trials.
    """
    found = checkpoints(store)
    whole = {c.number for c in found if c.kind == "weights"}
    begun = {c.number for c in found if c.kind == "state" and c.epoch}
    return tuple(
        (rank, trial)
        for rank, trial in enumerate(study.leaders, start=1)
        if trial.number in whole | begun
    )


def read_kept(store: Place, trial: TrialSummary, model: ModelConfig) -> Kept | None:
    """Read a trial's best weights; where a state is kept, it may have them, or later ones.

    Arguments:
        store: the place of the study's checkpoints.
        trial: whose weights.
        model: what they must be of.

    Returns:
        None where the store has none any more.

    Raises:
        StoreError: the file is damaged, or another model's.
    """
    state = _read(store, "state", trial.number, needed=False)
    weights = _read(store, "weights", trial.number, needed=state is None)
    found = [kept for kept in (_of_weights(weights, model), _of_state(state)) if kept]
    return max(found, key=lambda kept: (kept.epoch == trial.best_epoch, kept.epoch), default=None)


def _read(
    store: Place, kind: Kind, number: int, *, needed: bool
) -> tuple[Checkpoint, bytes] | None:
    """Read the newest intact file of a kind; its owner may be replacing it at this moment."""
    for _ in range(ATTEMPTS):
        if found := newest_intact(store, kind, number):
            return found
    there = [c for c in checkpoints(store) if (c.kind, c.number) == (kind, number)]
    if there and needed:
        return there[-1], there[-1].read()  # raises, and says which
    return None


def _of_weights(found: tuple[Checkpoint, bytes] | None, model: ModelConfig) -> Kept | None:
    if found is None:
        return None
    checkpoint, content = found
    try:
        weights, header = weights_from_bytes(content)
        if json.loads(header["model"]) != asdict(model):
            raise StoreError(f"the checkpoint {checkpoint} is of another model than its trial")
        return Kept(
            weights=weights,
            epoch=int(header["epoch"]),
            metrics=json.loads(header["metrics"]),
            device=header["device"],
            threads=int(header["threads"]),
        )
    except (CheckpointError, KeyError, ValueError) as error:
        raise _not_ours(checkpoint, error) from error


def _of_state(found: tuple[Checkpoint, bytes] | None) -> Kept | None:
    if found is None:
        return None
    checkpoint, content = found
    try:
        best = best_of_state(content)
        header = read_header(content)
    except CheckpointError as error:
        raise _not_ours(checkpoint, error) from error
    if best is None:
        return None
    return Kept(
        weights=best.weights,
        epoch=best.best.epoch,
        metrics=best.best.metrics,
        device=header.get("device"),
        threads=int(header["threads"]) if "threads" in header else None,
    )


def _not_ours(checkpoint: Checkpoint, error: Exception) -> StoreError:
    return StoreError(f"the checkpoint {checkpoint} is damaged or not ours: {error}")
