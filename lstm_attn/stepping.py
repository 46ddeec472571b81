"""Step by step with constant memory: how a language model writes.

Letters: B rows, F features, O outputs, H hidden size, L layers, S states attended to.
"""

from collections.abc import Sequence
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


@torch.inference_mode()
def write(
    model: SequenceModel,
    prompt: Sequence[int],
    *,
    context: int,
    length: int,
    temperature: float,
    seed: int,
    never: Sequence[int] = (),
) -> list[int]:
    """Go on from a prompt, a token at a time, each drawn from what the model holds likely.

    Arguments:
        model: of tokens, in evaluation mode.
        prompt: tokens to start from, one or more.
        context: the most states attended to.
        length: tokens to write, 0 or more.
        temperature: logits are divided by it; near 0 the likeliest token comes ever more often, at
            0 always.
        seed: of the draws.
        never: tokens that are not to be written.
    """
    device = next(model.parameters()).device
    chance = torch.Generator().manual_seed(seed)
    memory = start(model, context=context)
    for token in prompt:
        logits, memory = step(model, torch.tensor([token], device=device), memory)  # (1, V)
    written: list[int] = []
    while len(written) < length:
        likely = logits[0].double().cpu()  # (V,); drawn on the CPU, alike for every device
        likely[list(never)] = -torch.inf
        if temperature == 0:
            written.append(int(likely.argmax()))
        else:
            shares = ((likely - likely.max()) / temperature).softmax(dim=0)
            written.append(int(shares.multinomial(1, generator=chance)))
        logits, memory = step(model, torch.tensor(written[-1:], device=device), memory)
    return written
