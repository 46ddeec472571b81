"""What the classes compute, told a second time: by hand, head by head, step by step."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from lstm_attn.models import (
    LSTMWithAttention,
    LSTMWithAttentionAndFFN,
    LSTMWithAttentionAndFFNEmbed,
    LSTMWithAttentionEmbed,
    PlainLSTM,
)

FEATURES, HIDDEN = 6, 8


def lstm_by_hand(lstm: nn.LSTM, x: Tensor) -> Tensor:
    """Hochreiter and Schmidhuber 1997 with a forget gate, one step after the other."""
    for weights in lstm.all_weights:
        of_input, of_state, input_bias, state_bias = weights
        hidden = cell = x.new_zeros(x.shape[0], lstm.hidden_size)
        states = []
        for now in x.unbind(1):
            gates = now @ of_input.T + input_bias + hidden @ of_state.T + state_bias
            write, keep, new, show = gates.chunk(4, dim=-1)
            cell = keep.sigmoid() * cell + write.sigmoid() * new.tanh()
            hidden = show.sigmoid() * cell.tanh()
            states.append(hidden)
        x = torch.stack(states, dim=1)
    return x


def attention_by_hand(attention: nn.MultiheadAttention, states: Tensor, causal: bool) -> Tensor:
    """Concatenate softmax(Q K^T / sqrt(d)) V of each head, and project."""
    projected = states @ attention.in_proj_weight.T + attention.in_proj_bias
    width = attention.head_dim
    found = []
    for head in range(attention.num_heads):
        of_head = slice(head * width, (head + 1) * width)
        q, k, v = (part[..., of_head] for part in projected.chunk(3, dim=-1))
        scores = q @ k.transpose(1, 2) / math.sqrt(width)
        if causal:
            steps = states.shape[1]
            later = torch.arange(steps)[None, :] > torch.arange(steps)[:, None]
            scores = scores.masked_fill(later, -math.inf)
        weights = scores.exp() / scores.exp().sum(-1, keepdim=True)
        found.append(weights @ v)
    return torch.cat(found, dim=-1) @ attention.out_proj.weight.T + attention.out_proj.bias


def linear(layer: nn.Module, x: Tensor) -> Tensor:
    assert isinstance(layer, nn.Linear)
    return x @ layer.weight.T + layer.bias


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(("layers", "heads"), [(1, 1), (2, 4)])
def test_attention_is_the_plain_composition(causal: bool, layers: int, heads: int) -> None:
    torch.manual_seed(0)
    model = LSTMWithAttention(FEATURES, HIDDEN, layers, heads, causal=causal).eval()
    x = torch.randn(3, 5, FEATURES)
    context = attention_by_hand(model.attention, lstm_by_hand(model.lstm, x), causal)
    assert_close(model(x), linear(model.fc, context), atol=1e-6, rtol=0)


@pytest.mark.parametrize("causal", [False, True])
def test_embed_is_the_plain_composition(causal: bool) -> None:
    torch.manual_seed(0)
    model = LSTMWithAttentionEmbed(FEATURES, 3, HIDDEN, 2, 2, causal=causal).eval()
    x = torch.randint(FEATURES, (3, 5))
    vectors = model.embedding.weight[x]
    context = attention_by_hand(model.attention, lstm_by_hand(model.lstm, vectors), causal)
    assert_close(model(x), linear(model.fc, context), atol=1e-6, rtol=0)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("embedded", [False, True])
def test_ffn_is_the_plain_composition(causal: bool, embedded: bool) -> None:
    torch.manual_seed(0)
    if embedded:
        model = LSTMWithAttentionAndFFNEmbed(FEATURES, 3, HIDDEN, 1, 2, 0.1, 7, causal=causal)
        x = torch.randint(FEATURES, (3, 5))
        vectors = model.embedding.weight[x]
    else:
        model = LSTMWithAttentionAndFFN(FEATURES, HIDDEN, 1, 2, 0.1, 7, causal=causal)
        x = vectors = torch.randn(3, 5, FEATURES)
    states = lstm_by_hand(model.lstm, vectors)
    beside = torch.cat([states, attention_by_hand(model.attention, states, causal)], dim=-1)
    first, _, last = model.feedforward
    expected = linear(last, linear(first, beside).clamp(min=0))
    assert_close(model.eval()(x), expected, atol=1e-6, rtol=0)


def test_the_control_is_an_lstm_and_a_linear_layer() -> None:
    torch.manual_seed(0)
    model = PlainLSTM(FEATURES, HIDDEN, 2, output_size=3).eval()
    x = torch.randn(3, 5, FEATURES)
    assert_close(model(x), linear(model.fc, lstm_by_hand(model.lstm, x)), atol=1e-6, rtol=0)
    assert model.attention is None
