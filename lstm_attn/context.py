"""How many steps a window may have."""

import numpy as np
import numpy.typing as npt

from lstm_attn.errors import DataError
from lstm_attn.sequences import SequenceData


def check_context(data: SequenceData, context: int) -> None:
    """Refuse windows that cannot be cut from a data set.

    Arguments:
        data: encoded rows.
        context: steps of a window; for classification the most steps of a sequence.

    Raises:
        DataError: says how many steps would do.
    """
    most = _most(data)
    if context < 1:
        raise DataError(f"context: got {context} - use 1 or more")
    if most is not None and context > most:
        raise DataError(f"context: {context} steps are too many - {_why(data, most)}")


def check_origins(origins: npt.NDArray[np.int64], context: int) -> None:
    """Refuse origins that have fewer than `context` rows up to them.

    Raises:
        DataError: says how many rows the first origin has.
    """
    if len(origins) and origins.min() < context - 1:
        rows = int(origins.min()) + 1
        raise DataError(
            f"rows: {rows} before the first forecast, and a window takes {context} - "
            f"give at least {context} rows before the first row to forecast"
        )


def _most(data: SequenceData) -> int | None:
    """Give the most steps of a window; None where any number will do."""
    match data.task.kind:
        case "language-modeling":
            return len(data.train.inputs) - 1
        case "classification":
            return None
        case "forecasting":
            held_out = [data.validation, *([data.test] if data.test else [])]
            first = [int(split.origins.min()) + 1 for split in held_out if len(split.origins)]
            return min([data.training_end - data.task.horizon, *first])


def _why(data: SequenceData, most: int) -> str:
    if data.task.kind == "language-modeling":
        why = f"the training text has {len(data.train.inputs)} tokens"
    else:
        why = f"there are {data.training_end} training rows and a horizon of {data.task.horizon}"
    return f"{why}: use at most {most}" if most > 0 else f"{why}: give more rows to train on"
