import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from lstm_attn.config import VARIANTS, WITH_ATTENTION, WITH_FEEDFORWARD, ModelConfig, Variant
from lstm_attn.config import has_embedding as embeds
from lstm_attn.models import SequenceModel, build
from lstm_attn.stepping import start, step

TOKENS = 6


def model_of(variant: Variant, layers: int = 1, seed: int = 0) -> SequenceModel:
    torch.manual_seed(seed)
    config = ModelConfig(
        variant=variant,
        input_size=TOKENS,
        output_size=5,
        tokens=True,
        causal=True,
        hidden_size=8,
        layers=layers,
        heads=2 if variant in WITH_ATTENTION else None,
        ffn_width=7 if variant in WITH_FEEDFORWARD else None,
        embedding_dim=4 if embeds(variant, tokens=True) else None,
    )
    return build(config).eval()


def stepped(model: SequenceModel, x: torch.Tensor, context: int) -> torch.Tensor:
    memory, outputs = start(model, context=context, rows=len(x)), []
    for now in x.unbind(1):
        output, memory = step(model, now, memory)
        outputs.append(output)
    return torch.stack(outputs, dim=1)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(VARIANTS),
    st.integers(1, 2),
    st.integers(1, 8),
    st.integers(0, 3),
    st.integers(0, 2**31),
)
def test_the_first_context_steps_are_one_forward_pass(
    variant: Variant, layers: int, steps: int, room: int, seed: int
) -> None:
    model = model_of(variant, layers, seed)
    x = torch.randint(TOKENS, (2, steps))
    with torch.inference_mode():
        assert_close(stepped(model, x, steps + room), model(x), atol=1e-6, rtol=0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_later_steps_carry_the_lstm_and_attend_to_the_last_context_states(
    variant: Variant,
) -> None:
    model, context, steps = model_of(variant), 3, 9
    x = torch.randint(TOKENS, (2, steps))
    states, _ = model.lstm(model.vectors(x))
    for now in range(steps):
        window = states[:, max(0, now + 1 - context) : now + 1]
        found = model.attend(window, window, causal=True)
        expected = model.readout(window, found)[:, -1]
        assert_close(stepped(model, x, context)[:, now], expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_memory_stops_growing_at_context(variant: Variant) -> None:
    model = model_of(variant)
    memory = start(model, context=3)
    for now in range(7):
        _, memory = step(model, torch.tensor([now % TOKENS]), memory)
        assert memory.states.shape == (1, min(now + 1, 3), 8)
        assert memory.states.untyped_storage().nbytes() <= 4 * 8 * 4  # one state is on its way out
