"""Forecasting: the next values of a series from the last rows of it.

Letters: N rows of the series, n origins, B batch, T steps, F features, K targets, h horizon.
An origin is the row after which a forecast starts.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from lstm_attn.batches import EVALUATION_BATCH, Batch, Table, scoring
from lstm_attn.context import check_context, check_origins
from lstm_attn.metrics import ForecastPredictions
from lstm_attn.scored import scored_rows
from lstm_attn.sequences import SequenceData
from lstm_attn.shuffling import Rows, shuffled


class Forecasting:
    """Predict the `horizon` rows after a window, as what is added to the last value seen.

    A training pass takes every window of `context` rows whose targets lie in training rows, at
    every step; a batch's targets are (B, T, h, K) float32, changes in deviations of the training
    rows. A step's outputs are read as (h, K), the horizon first.
    """

    kind: Literal["forecasting"] = "forecasting"
    causal = True

    def __init__(self, data: SequenceData, *, squared: bool) -> None:
        scaler = data.encoding.target_scaler
        assert scaler is not None  # of every forecasting data set
        self._data = data
        self.horizon = data.task.horizon
        self.output_size = self.horizon * len(scaler.mean)
        self._squared = squared
        self._mean = np.array(scaler.mean)
        self._deviation = np.array(scaler.deviation)
        self._scale: dict[torch.device, tuple[Tensor, Tensor]] = {}

    def row_count(self, context: int) -> int:
        """Windows of a pass, one from every row on that leaves room for the targets."""
        check_context(self._data, context)
        return self._data.training_end - self.horizon - context + 1

    def tokens_per_row(self, context: int) -> int:  # noqa: ARG002
        """Windows are counted, however long."""
        return 1

    def draw_pass(self, rng: np.random.Generator, context: int) -> Rows:
        """Shuffle the first rows of all windows."""
        return shuffled(rng, self.row_count(context))

    def batch(self, table: Table, starts: npt.NDArray[np.int64], context: int) -> Batch:
        """Gather windows, and at each of their steps the change until each row ahead."""
        first = table.numbers(starts)[:, None]
        steps = torch.arange(context + self.horizon, device=table.device)
        inputs = table.gather("inputs", first + steps[:context])  # (B, T, F)
        mean, deviation = self._on(table.device)
        values = ((table.gather("targets", first + steps) - mean) / deviation).float()
        ahead = values.unfold(1, self.horizon, 1)[:, 1:]  # (B, T, K, h)
        change = ahead - values[:, :context, :, None]
        return Batch(inputs=inputs, padding=None, targets=change.transpose(2, 3))

    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        """Absolute error in deviations of the targets, or squared where rmse is the objective."""
        error = outputs.float().view(batch.targets.shape) - batch.targets
        return error.square().mean() if self._squared else error.abs().mean()

    def predict(
        self, model: nn.Module, table: Table, context: int, rows: int | None = None
    ) -> ForecastPredictions:
        """Score origins, each once, from the last step of a window of exactly `context` rows."""
        split = table.split
        origins = split.origins[scored_rows(len(split.origins), rows)]
        ahead = origins[:, None] + np.arange(1, self.horizon + 1)
        return ForecastPredictions(
            forecasts=self.forecast(model, table, origins, context),
            truths=split.targets[ahead],
            naive_error=self._data.naive_error,
        )

    def forecast(
        self, model: nn.Module, table: Table, origins: npt.NDArray[np.int64], context: int
    ) -> npt.NDArray[np.float64]:
        """Forecast after the given rows, which may be the last, in original units, (n, h, K).

        Arguments:
            model: on the table's device.
            table: the series.
            origins: (n,) numbers of rows.
            context: rows of a window.

        Raises:
            DataError: an origin with fewer rows than that up to it.
        """
        check_origins(origins, context)
        targets = len(self._mean)
        changes = [np.zeros((0, self.horizon, targets))]
        with scoring(model):
            for first in range(0, len(origins), EVALUATION_BATCH):
                some = table.numbers(origins[first : first + EVALUATION_BATCH])
                steps = torch.arange(1 - context, 1, device=table.device)
                inputs = table.gather("inputs", some[:, None] + steps)
                outputs = model(inputs)[:, -1].double().cpu().numpy()  # (B, h K)
                changes.append(outputs.reshape(-1, self.horizon, targets))
        last_seen = table.split.targets[origins][:, None]  # (n, 1, K)
        return np.asarray(last_seen + np.concatenate(changes) * self._deviation)

    def _on(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Mean and deviation of the targets, on the device once."""
        if device not in self._scale:
            mean, deviation = torch.from_numpy(self._mean), torch.from_numpy(self._deviation)
            self._scale[device] = mean.to(device), deviation.to(device)
        return self._scale[device]
