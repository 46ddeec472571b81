import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from lstm_attn.config import VARIANTS, WITH_ATTENTION, WITH_FEEDFORWARD, ModelConfig, Variant
from lstm_attn.config import has_embedding as embeds
from lstm_attn.models import SequenceModel, build
from lstm_attn.stepping import start, step, write

TOKENS = 6


def model_of(variant: Variant, layers: int = 1, seed: int = 0) -> SequenceModel:
    torch.manual_seed(seed)
    config = ModelConfig(
        variant=variant,
        input_size=TOKENS,
        output_size=TOKENS,
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


def likely_after(model: SequenceModel, tokens: list[int], never: list[int]) -> torch.Tensor:
    logits = model(torch.tensor([tokens]))[0, -1].detach().double()
    logits[never] = -torch.inf
    return logits


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("temperature", [0, 1e-9])
def test_at_temperature_0_the_likeliest_token_is_written(
    variant: Variant, temperature: float
) -> None:
    model, prompt, never = model_of(variant, seed=1), [3, 2], [0, 4]
    tokens = [*prompt]
    while len(tokens) < 7:
        tokens.append(int(likely_after(model, tokens, never).argmax()))
    written = write(
        model, prompt, context=7, length=5, temperature=temperature, seed=0, never=never
    )
    assert prompt + written == tokens


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    model, prompt, never, draws = model_of("embed_ffn"), [3, 2], [0], 2000
    with torch.no_grad():
        for weights in model.parameters():
            weights.mul_(2)
    shares = (likely_after(model, prompt, never) / 0.5).softmax(0)
    drawn = [
        write(model, prompt, context=7, length=1, temperature=0.5, seed=seed, never=never)[0]
        for seed in range(draws)
    ]
    assert shares.max() > 0.3
    for token, share in enumerate(shares.tolist()):
        assert drawn.count(token) / draws == pytest.approx(share, abs=0.05)  # 4.5 deviations


def test_writing_on_is_the_same_writing() -> None:
    model = model_of("embed")
    texts = [
        write(model, [1], context=3, length=length, temperature=1.0, seed=4)
        for length in (0, 9, 20)
    ]
    assert texts[0] == []
    assert texts[1] == texts[2][:9]
