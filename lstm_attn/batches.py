"""Batches gathered from a split's flat arrays, and the calm in which models are scored.

Letters: B batch, T steps, N steps of all rows, F features.
The arrays of a split are never copied as a whole on the CPU: they may be views into memory that
many workers share. On a GPU they lie once, and batches are gathered there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from lstm_attn.precision import float32_products
from lstm_attn.sequences import Split

EVALUATION_BATCH = 64
"""Rows scored at a time, whatever the configuration trains with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some rows to train on, on the table's device."""

    inputs: Tensor
    """(B, T) int64 tokens, or (B, T, F) float32."""
    padding: Tensor | None
    """(B, T) bool, True where padded, on the right; None where no row is."""
    targets: Tensor
    """What a task's loss compares outputs with; see the task."""


class Table:
    """The arrays of a split, where batches are gathered from them.

    Arguments:
        split: the rows.
        device: where batches shall be; anything but the CPU gets the arrays once, here.
    """

    def __init__(self, split: Split, device: torch.device | str = "cpu") -> None:
        self.split = split
        self.device = torch.device(device)
        self._arrays = {
            "inputs": split.inputs,
            "labels": split.labels,
            "targets": split.targets,
        }
        self._tensors: dict[str, Tensor] = {}
        if self.device.type != "cpu":
            self._tensors = {
                name: torch.from_numpy(array.copy()).to(self.device)
                for name, array in self._arrays.items()
            }

    def numbers(self, values: npt.NDArray[np.integer]) -> Tensor:
        """Give a few integers to the device, without waiting for it."""
        fresh = np.array(values, dtype=np.int64)
        return torch.from_numpy(fresh).to(self.device, non_blocking=True)

    def gather(self, name: Literal["inputs", "labels", "targets"], index: Tensor) -> Tensor:
        """Copy the chosen steps or rows of an array.

        Arguments:
            name: which array of the split.
            index: any shape, int64, on the table's device.

        Returns:
            the index's shape, followed by the array's shape after its first axis.
        """
        if self._tensors:
            return self._tensors[name][index]
        return torch.from_numpy(self._arrays[name][index.numpy()])


@contextmanager
def scoring(model: nn.Module) -> Iterator[None]:
    """Evaluate in float32: no dropout, no gradients, no autocast, no TF32; as before afterwards."""
    was_training = model.training
    device = next(model.parameters()).device.type
    model.eval()
    try:
        with (
            torch.inference_mode(),
            torch.autocast(device, enabled=False),
            float32_products("ieee"),
        ):
            yield
    finally:
        model.train(was_training)
