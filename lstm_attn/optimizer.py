"""The optimizer and its learning rate: AdamW, warm-up, a plateau, a decline at the end."""

import math

import torch
from torch import Tensor, nn

from lstm_attn.config import WARM_UP, TrainingConfig

DECLINE = 0.2
"""Share of all steps, the last ones, over which it falls to zero."""


def adamw(model: nn.Module, config: TrainingConfig) -> torch.optim.AdamW:
    """Give the AdamW of a training run, fused into one kernel a tensor.

    Weight decay is decoupled (Loshchilov and Hutter, arXiv 1711.05101) and leaves out what is no
    matrix of a linear map: biases, norms and embeddings.

    Arguments:
        model: on the device it will be trained on.
        config: gives the weight decay and the peak learning rate.
    """
    spared = {
        id(weight)
        for module in model.modules()
        for weight in module.parameters(recurse=False)
        if isinstance(module, nn.Embedding) or weight.ndim < 2  # noqa: PLR2004 - a matrix
    }
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {
            "params": [w for w in weights if id(w) not in spared],
            "weight_decay": config.weight_decay,
        },
        {"params": [w for w in weights if id(w) in spared], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, fused=True)


def rate_factor(step: int, steps: int) -> float:
    """Give the share of the peak learning rate at a step: up, constant, down to zero.

    The plateau makes early epochs comparable between budgets; the decline ends one step after the
    last, so that no step is wasted on a rate of zero.

    Arguments:
        step: optimizer steps taken before this one, below `steps`.
        steps: optimizer steps of the whole run.
    """
    rise = math.ceil(WARM_UP * steps)
    fall = math.ceil(DECLINE * steps)
    return min(1.0, (step + 1) / rise, (steps - step) / fall)


def moments(optimizer: torch.optim.Optimizer) -> dict[int, dict[str, Tensor]]:
    """Copy what an optimizer has learned of each of its parameters, by number, to the CPU."""
    learned: dict[int, dict[str, Tensor]] = optimizer.state_dict()["state"]
    return {number: copies(tensors) for number, tensors in learned.items()}


def set_moments(optimizer: torch.optim.Optimizer, learned: dict[int, dict[str, Tensor]]) -> None:
    """Go on with what `moments` gave; the optimizer keeps its own settings."""
    ours = {number: copies(tensors) for number, tensors in learned.items()}
    optimizer.load_state_dict({**optimizer.state_dict(), "state": ours})


def copies(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Copy tensors to the CPU, apart from their graphs."""
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in tensors.items()}
