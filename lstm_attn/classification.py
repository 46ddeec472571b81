"""Classification: a label from a whole sequence.

Letters: R rows, B batch, T steps, F features, C classes.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lstm_attn.batches import EVALUATION_BATCH, Batch, Table, scoring
from lstm_attn.context import check_context
from lstm_attn.errors import DataError
from lstm_attn.metrics import ClassPredictions
from lstm_attn.scored import scored_rows
from lstm_attn.sequences import SequenceData
from lstm_attn.shuffling import Rows, shuffled


class Classification:
    """Predict a sequence's label from the mean of its logits over valid steps.

    A training pass takes each sequence once; of longer ones the first `context` steps. A batch is
    padded on the right to its longest sequence; its targets are (B,) int64 labels.
    """

    kind: Literal["classification"] = "classification"
    causal = False

    def __init__(self, data: SequenceData) -> None:
        tokenizer = data.encoding.tokenizer
        self.output_size = len(data.encoding.labels)
        self._filling = 0 if tokenizer is None else tokenizer.padding
        self._data = data

    def row_count(self, context: int) -> int:
        """Sequences of a pass, each once."""
        check_context(self._data, context)
        return self._data.train.rows

    def tokens_per_row(self, context: int) -> int:  # noqa: ARG002
        """Sequences are counted, however long."""
        return 1

    def draw_pass(self, rng: np.random.Generator, context: int) -> Rows:
        """Shuffle the row numbers."""
        return shuffled(rng, self.row_count(context))

    def batch(self, table: Table, starts: npt.NDArray[np.int64], context: int) -> Batch:
        """Gather sequences and their labels."""
        inputs, padding = self._sequences(table, starts, context)
        labels = table.gather("labels", table.numbers(starts))
        return Batch(inputs=inputs, padding=padding, targets=labels)

    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        """Cross-entropy of the pooled logits, in nats a sequence."""
        return F.cross_entropy(pooled(outputs.float(), batch.padding), batch.targets)

    def predict(
        self, model: nn.Module, table: Table, context: int, rows: int | None = None
    ) -> ClassPredictions:
        """Score sequences, each once."""
        chosen = scored_rows(table.split.rows, rows)
        return ClassPredictions(
            log_probabilities=self.log_probabilities(model, table, chosen, context),
            labels=table.split.labels[chosen],
        )

    def log_probabilities(
        self, model: nn.Module, table: Table, chosen: npt.NDArray[np.int64], context: int
    ) -> npt.NDArray[np.float64]:
        """Predict the chosen rows of a split, whose labels need not be known, (rows, C) in nats.

        Arguments:
            model: on the table's device.
            table: the split.
            chosen: (rows,) numbers of rows.
            context: the most steps of a sequence.

        Raises:
            DataError: a row without steps.
        """
        given = [torch.zeros(0, self.output_size, dtype=torch.float64)]
        with scoring(model):
            for first in range(0, len(chosen), EVALUATION_BATCH):
                some = chosen[first : first + EVALUATION_BATCH]
                inputs, padding = self._sequences(table, some, context)
                logits = pooled(model(inputs, padding), padding)  # (B, C)
                given.append(logits.double().log_softmax(dim=-1).cpu())
        return torch.cat(given).numpy()

    def _sequences(
        self, table: Table, rows: npt.NDArray[np.int64], context: int
    ) -> tuple[Tensor, Tensor | None]:
        """Gather sequences, padded on the right to the longest of them."""
        begins = table.split.offsets[rows]
        lengths = np.minimum(table.split.offsets[rows + 1] - begins, context)
        longest, shortest = int(lengths.max()), int(lengths.min())
        if shortest < 1:
            raise DataError(
                f"row {rows[lengths.argmin()]}: has no steps - give each row at least one"
            )
        steps = torch.arange(longest, device=table.device)
        first, length = table.numbers(np.stack((begins, lengths)))[..., None]  # each (B, 1)
        inputs = table.gather("inputs", first + torch.minimum(steps, length - 1))
        if not inputs.is_floating_point():
            inputs = inputs.long()
        if shortest == longest:
            return inputs, None
        padding = steps >= length  # (B, T)
        hidden = padding if inputs.dim() == padding.dim() else padding[..., None]
        return inputs.masked_fill(hidden, self._filling), padding


def pooled(outputs: Tensor, padding: Tensor | None) -> Tensor:
    """Average outputs (B, T, C) over the steps that are not padded, (B, C)."""
    if padding is None:
        return outputs.mean(dim=1)
    total = outputs.masked_fill(padding[..., None], 0.0).sum(dim=1)
    return total / (~padding).sum(dim=1, keepdim=True)
