"""Step by step with constant memory: how a language model writes.

Letters: B rows, F features, O outputs, H hidden size, L layers, S states attended to.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from lstm_attn.models import SequenceModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What is carried from one step to the next."""

    hidden: Tensor
    """(L, B, H) hidden state of the LSTM."""
    cell: Tensor
    """(L, B, H) cell state of the LSTM."""
    states: Tensor
    """(B, S, H) the latest states of the last layer, newest last; S is at most `context`."""
    context: int
    """The most states attended to, the step's own among them; 1 or more."""


def start(model: SequenceModel, *, context: int, rows: int = 1) -> Memory:
    """Give the memory before the first step of `rows` sequences."""
    zeros, width = next(model.parameters()).new_zeros, model.lstm.hidden_size
    carried = zeros(model.lstm.num_layers, rows, width)  # (L, B, H)
    return Memory(hidden=carried, cell=carried, states=zeros(rows, 0, width), context=context)


def step(model: SequenceModel, x: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
    """Answer for one more step, at the cost of one, however many came before.

    The first `context` steps give what one causal forward pass over them gives. From then on the
    LSTM still carries its state from the very first step, and attention sees the last `context`.

    Arguments:
        model: in evaluation mode, or dropout acts.
        x: (B, F) floats, or (B,) integer tokens.
        memory: what the step before gave, or `start`.

    Returns:
        (B, O), and the memory for the next step.
    """
    carried = (memory.hidden, memory.cell)
    state, (hidden, cell) = model.lstm(model.vectors(x.unsqueeze(1)), carried)  # (B, 1, H)
    states = torch.cat([memory.states, state], dim=1)[:, -memory.context :]  # (B, S, H)
    outputs = model.readout(state, model.attend(state, states, causal=False))  # (B, 1, O)
    later = Memory(hidden=hidden, cell=cell, states=states, context=memory.context)
    return outputs.squeeze(1), later
