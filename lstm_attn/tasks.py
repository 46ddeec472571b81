"""What a task is: mask, output width, training batches, loss, and how a model is scored.

task = task_for(data, objective)
table = Table(data.train, device)
starts = task.draw_pass(rng, context)
batch = task.batch(table, starts[:32], context)
loss = task.loss(model(batch.inputs, batch.padding), batch)
metrics = task.predict(model, Table(data.validation, device), context, rows).metrics()
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from lstm_attn.batches import Batch, Table
from lstm_attn.classification import Classification
from lstm_attn.config import TaskKind
from lstm_attn.forecasting import Forecasting
from lstm_attn.language import LanguageModeling
from lstm_attn.metrics import Predictions
from lstm_attn.sequences import SequenceData
from lstm_attn.shuffling import Rows


class Task(Protocol):
    """What training and scoring need to know of a task; rows are what a pass is made of."""

    @property
    def kind(self) -> TaskKind:
        """One of `config.TASK_KINDS`."""

    @property
    def output_size(self) -> int:
        """Outputs a step of a model for this task."""

    @property
    def causal(self) -> bool:
        """Whether a step may attend to itself and earlier steps only."""

    def row_count(self, context: int) -> int:
        """Rows of a training pass: windows of `context` steps, or sequences.

        Raises:
            DataError: windows of that many steps cannot be cut from the training rows.
        """

    def tokens_per_row(self, context: int) -> int:
        """What a row counts for in rows per second: its tokens for text, else 1."""

    def draw_pass(self, rng: np.random.Generator, context: int) -> Rows:
        """Draw the rows of one training pass, `row_count` of them, in random order."""

    def batch(self, table: Table, starts: npt.NDArray[np.int64], context: int) -> Batch:
        """Gather training rows.

        Arguments:
            table: the training split.
            starts: (B,) of what `draw_pass` gave.
            context: as given to `draw_pass`.
        """

    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        """Average the training loss of a model's outputs (B, T, O) over a batch, ()."""

    def predict(
        self, model: nn.Module, table: Table, context: int, rows: int | None = None
    ) -> Predictions:
        """Predict the rows of a split that are scored, in float32.

        Arguments:
            model: on the table's device; its training mode is left as it was.
            table: any split of the same encoding.
            context: steps of a window; for classification the most steps of a sequence.
            rows: the most rows scored (tokens, for text), always the same ones; None for all.

        Raises:
            DataError: the split has no row to score, a row without steps, or too few rows before
                its first origin.
        """


def task_for(data: SequenceData, objective: str) -> Task:
    """Give the task that a data set is for.

    Arguments:
        data: encoded rows.
        objective: the metric that ranks; `rmse` makes forecasting's training loss squared.
    """
    match data.task.kind:
        case "language-modeling":
            return LanguageModeling(data)
        case "classification":
            return Classification(data)
        case "forecasting":
            return Forecasting(data, squared=objective == "rmse")
