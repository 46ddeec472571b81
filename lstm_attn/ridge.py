"""Ridge regression, one for each step ahead, on the window that a model sees.

Letters: n origins, F features of a row, D inputs, h horizon, K targets.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_attn.config import METRICS
from lstm_attn.metrics import ForecastPredictions
from lstm_attn.scored import scored_rows
from lstm_attn.sequences import SequenceData, Split

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

Form = Literal["values", "changes"]
FORMS: tuple[Form, ...] = ("values", "changes")
"""What is regressed: the targets ahead, or how far they are from those at the origin."""
PENALTIES = tuple(10.0 ** (power / 2) for power in range(-12, 4))
"""Penalties an origin to choose from, 1e-6 to 30 in half powers of ten; inputs are scaled."""
Choice = tuple[Form, float]
"""A form and a penalty."""
FOLDS = 10
"""Stretches of training rows that take turns to judge a form and a penalty."""
MOST_INPUTS = 512
"""Inputs of the regression, about: of wider windows it sees the last rows."""
MOST_ORIGINS = 50_000
"""Training origins it is fitted on, the last ones."""
_CHUNK = 4096
"""Origins whose windows are held at a time."""


def ridge(
    data: SequenceData, *, objective: str, context: int
) -> Callable[[Split, int | None], ForecastPredictions]:
    """Fit a linear regression with a squared penalty for each step ahead on training rows.

    Its inputs are the window's rows, the calendar at the origin and the targets at the origin.
    Form and penalty are chosen by cross-validation within the training rows: each stretch of them
    is forecast by a regression that no row of its targets was a target of.

    Arguments:
        data: of forecasting.
        objective: the metric to choose by.
        context: rows of a window.

    Returns:
        what predicts the scored origins of a split, of so many at most.
    """
    window, horizon = _Window(data, context), data.task.horizon
    origins = np.arange(context - 1, data.training_end - horizon)[-MOST_ORIGINS:]
    everything = window.sums(data.train, origins)
    judged = dict.fromkeys(product(FORMS, PENALTIES), np.zeros(1))
    for fold in np.array_split(origins, min(FOLDS, len(origins))):
        near = origins[(origins >= fold[0] - horizon) & (origins <= fold[-1] + horizon)]
        judge = _Solved(everything.without(window.sums(data.train, near)))
        for choice, predictions in window.predictions(data.train, fold, judge, list(judged)):
            judged[choice] = judged[choice] + predictions.statistics().sum(axis=0)

    def value(choice: Choice) -> float:
        worth = predictions.combine(judged[choice][None] / len(origins))[objective]
        return worth if METRICS["forecasting"][objective] == "minimize" else -worth

    best = min(judged, key=value)
    solved = _Solved(everything)

    def predict(split: Split, rows: int | None) -> ForecastPredictions:
        chosen = split.origins[scored_rows(len(split.origins), rows)]
        parts = [made for _, made in window.predictions(split, chosen, solved, [best])]
        return replace(
            parts[0],
            forecasts=np.concatenate([part.forecasts for part in parts]),
            truths=np.concatenate([part.truths for part in parts]),
        )

    return predict


class _Sums(NamedTuple):
    """All that a regression needs to know of its rows; outputs in both forms, 2 h K of them."""

    rows: int
    inputs: Floats
    """(D,)"""
    outputs: Floats
    """(2 h K,)"""
    squares: Floats
    """(D, D)"""
    products: Floats
    """(D, 2 h K)"""

    def without(self, other: "_Sums") -> "_Sums":
        return _Sums(
            self.rows - other.rows,
            self.inputs - other.inputs,
            self.outputs - other.outputs,
            self.squares - other.squares,
            self.products - other.products,
        )


class _Solved:
    """The regression for every penalty at once, through the eigenvalues of X'X."""

    def __init__(self, sums: _Sums) -> None:
        rows = max(sums.rows, 1)
        self.inputs, self.outputs = sums.inputs / rows, sums.outputs / rows
        square = sums.squares / rows - np.outer(self.inputs, self.inputs)
        values, self._vectors = np.linalg.eigh(square)
        self._values = np.maximum(values, 0.0)
        centred = sums.products / rows - np.outer(self.inputs, self.outputs)
        self._products = self._vectors.T @ centred

    def weights(self, penalty: float) -> Floats:
        shrunk = self._products / (self._values + penalty)[:, None]
        return np.asarray(self._vectors @ shrunk)


class _Window:
    """Inputs and outputs of the regression."""

    def __init__(self, data: SequenceData, context: int) -> None:
        scaler, targets = data.encoding.scaler, data.encoding.target_scaler
        assert scaler is not None  # of every forecasting data set
        assert targets is not None
        self._measured = len(scaler.mean)  # the calendar follows
        self._rows = min(context, max(MOST_INPUTS // data.train.inputs.shape[1], 1))
        self._ahead = np.arange(1, data.task.horizon + 1)
        self._mean, self._deviation = np.array(targets.mean), np.array(targets.deviation)
        self._naive_error = data.naive_error

    def sums(self, split: Split, origins: Integers) -> _Sums:
        parts = []
        for some in _chunks(origins):
            x, y = self._inputs(split, some), self._outputs(split, some)
            parts.append((x.sum(axis=0), y.sum(axis=0), x.T @ x, x.T @ y))
        return _Sums(len(origins), *(sum(arrays) for arrays in zip(*parts, strict=True)))

    def predictions(
        self, split: Split, origins: Integers, solved: _Solved, choices: list[Choice]
    ) -> Iterator[tuple[Choice, ForecastPredictions]]:
        """Forecast after the given rows, some at a time, by each choice; what came stands beside.

        No more than one choice's are held at a time: forecasts in original units, (some, h, K).
        """
        for some in _chunks(origins):
            inputs = self._inputs(split, some) - solved.inputs
            truths = split.targets[some[:, None] + self._ahead]
            bases = {"values": self._mean, "changes": split.targets[some][:, None]}
            for penalty in dict.fromkeys(penalty for _, penalty in choices):
                outputs = (inputs @ solved.weights(penalty) + solved.outputs).reshape(
                    len(some), len(FORMS), len(self._ahead), -1
                )
                for place, form in enumerate(FORMS):
                    if (form, penalty) in choices:
                        forecasts = outputs[:, place] * self._deviation + bases[form]
                        yield (
                            (form, penalty),
                            ForecastPredictions(
                                forecasts=forecasts, truths=truths, naive_error=self._naive_error
                            ),
                        )

    def _inputs(self, split: Split, origins: Integers) -> Floats:
        window = split.inputs[origins[:, None] + np.arange(1 - self._rows, 1)]
        measured = window[..., : self._measured].reshape(len(origins), -1)
        calendar = window[:, -1, self._measured :]
        return np.concatenate([measured, calendar, self._scaled(split, origins)], axis=1)

    def _outputs(self, split: Split, origins: Integers) -> Floats:
        values = self._scaled(split, origins[:, None] + self._ahead)  # (n, h, K)
        changes = values - self._scaled(split, origins)[:, None]
        return np.stack([values, changes], axis=1).reshape(len(origins), -1)

    def _scaled(self, split: Split, rows: Integers) -> Floats:
        return np.asarray((split.targets[rows] - self._mean) / self._deviation)


def _chunks(origins: Integers) -> list[Integers]:
    return [origins[start : start + _CHUNK] for start in range(0, len(origins), _CHUNK)]
