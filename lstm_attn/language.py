"""Language modeling: each token from those before it.

Letters: N tokens of a text, W windows, B batch, T steps, V tokens in the vocabulary.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lstm_attn.batches import EVALUATION_BATCH, Batch, Table, scoring
from lstm_attn.context import check_context
from lstm_attn.metrics import LanguagePredictions
from lstm_attn.scored import scored_windows
from lstm_attn.sequences import SequenceData
from lstm_attn.shuffling import Rows, shuffled


class LanguageModeling:
    """Predict the next token of a text at every step; windows overlap nowhere.

    A training pass cuts windows of `context` + 1 tokens, one after another from an offset of its
    own; a batch's targets are (B, T) int64, the inputs one step later.
    """

    kind: Literal["language-modeling"] = "language-modeling"
    causal = True

    def __init__(self, data: SequenceData) -> None:
        self.output_size = data.input_size
        self._data = data
        self._tokens = len(data.train.inputs)

    def row_count(self, context: int) -> int:
        """Windows of a pass, the same for every offset."""
        check_context(self._data, context)
        return max((self._tokens - context) // context, 1)

    def tokens_per_row(self, context: int) -> int:
        """Targets of a window."""
        return context

    def draw_pass(self, rng: np.random.Generator, context: int) -> Rows:
        """Shuffle the starts of windows that follow each other from a random offset."""
        windows = self.row_count(context)
        spare = self._tokens - 1 - windows * context
        offset = int(rng.integers(min(spare, context - 1), endpoint=True))
        return shuffled(rng, windows, first=offset, stride=context)

    def batch(self, table: Table, starts: npt.NDArray[np.int64], context: int) -> Batch:
        """Gather windows; targets are the inputs one step later."""
        inputs, targets = _windows(table, starts, context)
        return Batch(inputs=inputs, padding=None, targets=targets)

    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        """Cross-entropy, in nats a token."""
        return F.cross_entropy(outputs.float().flatten(0, 1), batch.targets.flatten())

    def predict(
        self, model: nn.Module, table: Table, context: int, rows: int | None = None
    ) -> LanguagePredictions:
        """Score each token but the first once, each window from a zero state."""
        starts, lengths = scored_windows(len(table.split.inputs), context, rows)
        whole = starts[lengths == context]
        with scoring(model):
            nats = [
                _nats(model, *_windows(table, whole[first : first + EVALUATION_BATCH], context))
                for first in range(0, len(whole), EVALUATION_BATCH)
            ]
            if len(whole) < len(starts):  # the short last one: its own shape, so no padding
                nats.append(_nats(model, *_windows(table, starts[-1:], int(lengths[-1]))))
        ends = table.split.character_ends
        return LanguagePredictions(
            nats=torch.cat(nats).cpu().numpy(),
            tokens=lengths,
            characters=ends[starts + lengths] - ends[starts],
        )


def _windows(table: Table, starts: npt.NDArray[np.int64], context: int) -> tuple[Tensor, Tensor]:
    """Gather tokens (B, T) and the tokens one step later (B, T)."""
    index = table.numbers(starts)[:, None] + torch.arange(context + 1, device=table.device)
    tokens = table.gather("inputs", index).long()  # (B, T + 1)
    return tokens[:, :-1], tokens[:, 1:]


def _nats(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Sum the nats of each window in float64, (B,)."""
    outputs = model(inputs)  # (B, T, V)
    nats = F.cross_entropy(outputs.flatten(0, 1), targets.flatten(), reduction="none")
    return nats.view(targets.shape).double().sum(dim=1)
