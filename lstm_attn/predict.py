"""An export in use: predict, score and generate, with no study, database or cluster at hand."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import cast

import numpy as np
import torch

from lstm_attn import stepping
from lstm_attn.batches import Table, scoring
from lstm_attn.checkpoint import SavedModel, read_config, read_model
from lstm_attn.classification import Classification
from lstm_attn.config import TaskKind
from lstm_attn.data import NewRows, read_rows
from lstm_attn.encoding import Label
from lstm_attn.errors import CheckpointError, DataError
from lstm_attn.forecasting import Forecasting
from lstm_attn.frequency import next_stamps
from lstm_attn.models import SequenceModel, build
from lstm_attn.sequences import SequenceData, Split
from lstm_attn.series import written
from lstm_attn.state import put_weights
from lstm_attn.tasks import task_for

Files = str | PathLike[str] | Sequence[str | PathLike[str]]
"""A path or glob, or several; their format is told by the first name."""
Row = dict[str, Label]
"""Values by column, in the columns' order."""


def load(folder: str | PathLike[str], *, device: str = "cpu") -> "Predictor":
    """Load an export.

    Arguments:
        folder: what `lstm-search export` wrote.
        device: where to compute, as PyTorch names it.

    Raises:
        CheckpointError: the export is damaged, or not ours.
    """
    path = Path(folder)
    saved = read_model(path)
    with torch.device("meta"):
        model = build(saved.model)
    model.to_empty(device=device)
    put_weights(model, saved.weights)
    errors = read_config(path).get("naive_error", [])
    try:
        naive_error = tuple(float(error) for error in errors)
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: naive_error is {errors!r} - export the model again") from error
    return Predictor(saved=saved, model=model.eval(), naive_error=naive_error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictor:
    """A trained model with all it takes to read new data."""

    saved: SavedModel
    """What the export holds."""
    model: SequenceModel
    """The model with its weights, in evaluation mode."""
    naive_error: tuple[float, ...]
    """Forecasting: mean absolute error of the seasonal naive within training rows, a target each."""

    @property
    def kind(self) -> TaskKind:
        """The task the model is for."""
        return self.saved.task.kind
