"""How much is held out, how far a forecast reaches, and how large and long a first search is.

A first search ends within minutes on two cores: small models, short epochs, few trials.
"""

from dataclasses import dataclass

import numpy as np

from lstm_attn.config import TaskKind
from lstm_attn.data import default_context
from lstm_attn.frequency import SEASONS, Stamps
from lstm_attn.sequences import SequenceData
from lstm_attn.stream import LEAST_STEPS
from lstm_attn.tasks import task_for

TRIALS = 12
"""Trials of a first search."""
TIMEOUT = "15m"
"""When a launch of it ends at the latest."""
MOST_CONTEXT: dict[TaskKind, int] = {
    "language-modeling": 64,
    "classification": 256,
    "forecasting": 168,
}
"""Steps of a window at most."""
MOST_EPOCHS: dict[TaskKind, int] = {
    "language-modeling": 20,
    "classification": 30,
    "forecasting": 30,
}
"""The most epochs of a trial, where they are short."""
FEWEST_EPOCHS = 8
"""The most epochs of a trial, where they are long."""
EPOCH_STEPS = 200
"""Training steps of an epoch at most."""
TRIAL_STEPS = 2000
"""Training steps of a trial at most, where epochs are not too few."""
SCORED: dict[TaskKind, int] = {
    "language-modeling": 6400,
    "classification": 2000,
    "forecasting": 2000,
}
"""Validation rows, or tokens, that are scored each epoch, at most."""
FEW_TO_RANK = 200
"""Validation rows below which accuracies tie too often to rank by."""
LOPSIDED = 0.8
"""Share of rows of one label from which on accuracy says little."""
_STEPS_A_PASS = 10
_HORIZONS = {"hour": 24, "day": 7, "business day": 5, "week": 4, "month": 6, "month end": 6}
_OTHER_HORIZON, _UNTIMED_HORIZON = 4, 10
_ENOUGH: dict[TaskKind, float] = {
    "language-modeling": 5000,
    "classification": 200,
    "forecasting": 100,
}
"""Rows, or characters of text, from which on some are held out as test."""
_MUCH_TEXT = 200_000
_MICROSECONDS = {
    "microsecond": 1,
    "millisecond": 10**3,
    "second": 10**6,
    "minute": 60 * 10**6,
    "hour": 3600 * 10**6,
    "day": 24 * 3600 * 10**6,
}
_LONGEST_SEASON = 10_000
"""Rows of a season at most; of a longer day its hour is one, or its minute, or its second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How large and how long a first search is."""

    context: int
    """Steps of a window."""
    batch_size: int
    """Rows of a training step."""
    epochs: int
    """The most epochs of a trial."""
    epoch_steps: int | None
    """Training steps of an epoch; None for a whole pass."""
    rows: int
    """Training rows, or windows, of a pass."""
    validation_rows: int | None
    """Validation rows that are scored each epoch; None for all."""
    objective: str
    """The metric that ranks."""


def shares(kind: TaskKind, amount: float) -> tuple[float, float | None]:
    """Give the shares that are held out for validation and test.

    Arguments:
        kind: the task.
        amount: rows, or characters of text.
    """
    if kind == "language-modeling":
        part = 0.05 if amount >= _MUCH_TEXT else 0.1
        return (part, part) if amount >= _ENOUGH[kind] else (0.2, None)
    return 0.2, (0.1 if amount >= _ENOUGH[kind] else None)


def horizon(frequency: str | None, rows: int, test: float | None) -> int:
    """Give how many rows ahead a forecast reaches.

    Arguments:
        frequency: as `frequency.infer` names it; None without times.
        rows: of the series.
        test: the share held out as test; None for none.
    """
    usual = _UNTIMED_HORIZON if frequency is None else _HORIZONS.get(frequency, _OTHER_HORIZON)
    season = season_of(frequency) if frequency else None
    if season and frequency not in _HORIZONS and season <= max(_HORIZONS.values()):
        usual = max(season, _OTHER_HORIZON)
    held_out = int(rows * (test or 0.2))
    return max(1, min(usual, held_out // 2))


def season_of(frequency: str) -> int | None:
    """Give the rows in a season that a frequency without a usual one has: a day, hour or year."""
    if frequency in SEASONS:
        return SEASONS[frequency]
    number, _, unit = frequency.rpartition(" ")
    count, unit = int(number or 1) if number.isdigit() or not number else 0, unit.rstrip("s")
    if count and unit in _MICROSECONDS:
        step = count * _MICROSECONDS[unit]
        cycles = [size for size in reversed(_MICROSECONDS.values()) if size % step == 0]
        return next(
            (size // step for size in cycles if step < size <= _LONGEST_SEASON * step), None
        )
    if count and unit == "month" and 12 % count == 0:
        return 12 // count
    return None


def calendar(frequency: str, stamps: Stamps) -> tuple[str, ...]:
    """Name the calendar inputs that a series is long enough to learn from."""
    days = int((stamps.max() - stamps.min()) / np.timedelta64(1, "D"))
    unit = frequency.rpartition(" ")[2].rstrip("s")
    cycles = []
    if unit in ("minute", "hour") and days >= 2:  # noqa: PLR2004 - two cycles
        cycles.append("hour_of_day")
    if unit in ("minute", "hour", "day") and days >= 14:  # noqa: PLR2004 - two cycles
        cycles.append("day_of_week")
    if days >= 2 * 365:
        if unit in ("day", "week"):
            cycles.append("day_of_year")
        if unit in ("month", "quarter") or frequency.endswith(" end"):
            cycles.append("month")
    return tuple(cycles)


def sizes(data: SequenceData, largest: float) -> Sizes:
    """Size a first search by the data.

    Arguments:
        data: read and encoded as training will have them.
        largest: classification: share of rows of the most frequent label.
    """
    kind = data.task.kind
    objective = _objective(data, largest)
    context = max(1, min(default_context(data), MOST_CONTEXT[kind]))
    rows = task_for(data, objective).row_count(context)
    batch_size = next((size for size in (64, 32, 16) if rows >= size * _STEPS_A_PASS), 8)
    batch_size = min(batch_size, 32 if kind == "language-modeling" else 64)
    steps = -(-rows // batch_size)
    of_epoch = min(max(steps, LEAST_STEPS), EPOCH_STEPS)
    epochs = max(FEWEST_EPOCHS, min(TRIAL_STEPS // of_epoch, MOST_EPOCHS[kind]))
    scored = data.scorable(data.validation)
    return Sizes(
        context=context,
        batch_size=batch_size,
        epochs=epochs,
        epoch_steps=EPOCH_STEPS if steps > EPOCH_STEPS else None,
        rows=rows,
        validation_rows=SCORED[kind] if scored > SCORED[kind] else None,
        objective=objective,
    )


def _objective(data: SequenceData, largest: float) -> str:
    match data.task.kind:
        case "language-modeling":
            return "cross_entropy"
        case "forecasting":
            return "mae"
        case "classification":
            if data.validation.rows < FEW_TO_RANK:
                return "cross_entropy"
            return "balanced_accuracy" if largest > LOPSIDED else "accuracy"
