"""What training yields besides reports: states to go on from, the best weights, its end."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from lstm_attn.errors import CheckpointError
from lstm_attn.reports import EpochReport

Weights = dict[str, Tensor]
"""Tensors on the CPU by name, never written to again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BestWeights:
    """The weights of the best epoch so far."""

    best: EpochReport
    """The report of that epoch."""
    weights: Weights
    """The model's weights at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingState:
    """All that training needs to go on between two batches as if it had never stopped."""

    epoch: int
    """Epochs ended."""
    step: int
    """Steps taken in the epoch under way."""
    weights: Weights
    """The model's weights now."""
    moments: dict[int, dict[str, Tensor]]
    """AdamW's moments and step count of each parameter, by its number in the optimizer."""
    generators: dict[str, Tensor]
    """States of PyTorch's random generators by kind of device, for dropout."""
    loss_sum: float
    """Sum of the training losses of the epoch under way."""
    seconds: float
    """Seconds spent in the epoch under way."""
    best_weights: BestWeights | None
    """The best epoch so far; None before the first has ended."""
    former_best: BestWeights | None
    """The best epoch as it was one epoch ago."""

    @property
    def best(self) -> EpochReport | None:
        """The best epoch's report; None before the first epoch has ended."""
        return self.best_weights.best if self.best_weights else None


Outcome = Literal["completed", "stopped", "handed_in", "diverged"]
"""Out of epochs or patience; stopped by wish; ended by wish with a state; no longer finite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The end of training: the last thing it yields."""

    outcome: Outcome
    """How training ended."""
    reason: str
    """Why, in words, with the numbers."""
    best: EpochReport | None
    """The report of the best epoch that counts; None where none has ended."""
    weights: Weights | None
    """The weights of that epoch."""


def put_weights(model: nn.Module, weights: Weights) -> None:
    """Copy weights into a model.

    Raises:
        CheckpointError: they are another model's; the model is as it was.
    """
    there = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    given = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if given != there:
        name = min(name for name, _ in given.items() ^ there.items())
        raise CheckpointError(
            f"weights: {name} is {given.get(name, 'missing')} in them and "
            f"{there.get(name, 'missing')} in the model - "
            "build the model from the configuration they were trained with"
        )
    model.load_state_dict(weights)
