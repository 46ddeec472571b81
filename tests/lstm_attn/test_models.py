import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.testing import assert_close

from lstm_attn.config import (
    TOKENS_ONLY,
    VARIANTS,
    WITH_ATTENTION,
    WITH_FEEDFORWARD,
    ModelConfig,
    Variant,
    has_embedding,
)
from lstm_attn.models import (
    LSTMWithAttention,
    LSTMWithAttentionAndFFN,
    LSTMWithAttentionAndFFNEmbed,
    LSTMWithAttentionEmbed,
    SequenceModel,
    build,
    parameter_count,
)

FEATURES, OUTPUTS, HIDDEN = 6, 5, 8
INPUTS = [
    (variant, tokens)
    for variant in VARIANTS
    for tokens in (False, True)
    if tokens or variant not in TOKENS_ONLY
]
"""Every variant with every kind of input it takes."""
every_input = pytest.mark.parametrize(("variant", "tokens"), INPUTS)


def configuration(variant: Variant, tokens: bool, **changes: object) -> ModelConfig:
    numbers: dict[str, object] = {
        "input_size": FEATURES,
        "output_size": OUTPUTS,
        "causal": True,
        "hidden_size": HIDDEN,
        "heads": 2 if variant in WITH_ATTENTION else None,
        "ffn_width": 16 if variant in WITH_FEEDFORWARD else None,
        "embedding_dim": 4 if has_embedding(variant, tokens=tokens) else None,
    }
    return ModelConfig(variant=variant, tokens=tokens, **(numbers | changes))  # type: ignore[arg-type]


def seeded(config: ModelConfig, seed: int = 0) -> SequenceModel:
    torch.manual_seed(seed)
    return build(config).eval()


def rows(tokens: bool, batch: int, steps: int, seed: int = 0) -> Tensor:
    chance = torch.Generator().manual_seed(seed)
    if tokens:
        return torch.randint(FEATURES, (batch, steps), generator=chance)
    return torch.randn(batch, steps, FEATURES, generator=chance)


@pytest.mark.parametrize("variant", ["attention", "ffn"])
def test_tokens_are_read_as_one_hot_vectors(variant: Variant) -> None:
    model = seeded(configuration(variant, tokens=True))
    x = rows(True, 3, 5).int()
    assert_close(model(x), model(torch.eye(FEATURES)[x.long()]))


def test_default_shapes() -> None:
    floats, tokens = torch.randn(32, 20, 10), torch.randint(1000, (32, 20))
    assert LSTMWithAttention(10, 64, 2, 4)(floats).shape == (32, 20, 10)
    assert LSTMWithAttentionAndFFN(10, 64, 2, 4)(floats).shape == (32, 20, 10)
    assert LSTMWithAttentionEmbed(1000, 64, 128, 2, 4)(tokens).shape == (32, 20, 1000)
    assert LSTMWithAttentionAndFFNEmbed(1000, 64, 128, 2, 4)(tokens).shape == (32, 20, 1000)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(INPUTS), st.integers(2, 7), st.data(), st.integers(1, 2), st.integers(0, 2**31)
)
def test_the_future_cannot_change_the_past(
    inputs: tuple[Variant, bool], steps: int, data: st.DataObject, layers: int, seed: int
) -> None:
    variant, tokens = inputs
    model = seeded(configuration(variant, tokens, layers=layers), seed)
    now = data.draw(st.integers(0, steps - 2))
    one, other = rows(tokens, 2, steps, seed), rows(tokens, 2, steps, seed + 1)
    other[:, : now + 1] = one[:, : now + 1]
    with torch.inference_mode():
        assert_close(model(one)[:, : now + 1], model(other)[:, : now + 1], atol=1e-6, rtol=0)

    vectors = model.vectors(one).detach().requires_grad_()
    model.vectors = lambda x: x  # type: ignore[method-assign]
    (gradient,) = torch.autograd.grad(model(vectors)[:, now].sum(), vectors)
    assert torch.count_nonzero(gradient[:, now + 1 :]) == 0


@every_input
def test_without_the_mask_attention_sees_the_future(variant: Variant, tokens: bool) -> None:
    model = seeded(configuration(variant, tokens, causal=False))
    one = rows(tokens, 2, 5)
    other = torch.cat([one[:, :-1], one[:, -1:].roll(1, 0)], dim=1)
    sees = not torch.allclose(model(one)[:, 0], model(other)[:, 0], atol=1e-6)
    assert sees == (variant in WITH_ATTENTION)


@every_input
@pytest.mark.parametrize("causal", [False, True])
def test_rows_do_not_know_each_other(variant: Variant, tokens: bool, causal: bool) -> None:
    model = seeded(configuration(variant, tokens, causal=causal, layers=2))
    x, order = rows(tokens, 4, 5), torch.tensor([2, 0, 3, 1])
    padding = torch.arange(5) >= torch.tensor([5, 3, 1, 4])[:, None]
    assert_close(model(x[order]), model(x)[order], atol=1e-6, rtol=0)
    assert_close(model(x[order], padding[order]), model(x, padding)[order], atol=1e-6, rtol=0)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(INPUTS),
    st.booleans(),
    st.booleans(),
    st.lists(st.integers(1, 4), min_size=1, max_size=4),
    st.integers(0, 3),
    st.integers(0, 2**31),
)
def test_padding_changes_no_valid_step(
    inputs: tuple[Variant, bool],
    causal: bool,
    scoring: bool,
    lengths: list[int],
    more: int,
    seed: int,
) -> None:
    variant, tokens = inputs
    model = seeded(configuration(variant, tokens, causal=causal))
    longest = max(lengths) + more
    x = rows(tokens, len(lengths), longest, seed)
    padding = torch.arange(longest) >= torch.tensor(lengths)[:, None]
    with torch.inference_mode(scoring):  # attention takes another way there
        outputs = model(x, padding)
        for row, length in enumerate(lengths):
            alone = model(x[row : row + 1, :length])
            assert_close(outputs[row : row + 1, :length], alone, atol=1e-6, rtol=0)


@every_input
def test_a_model_learns_four_sequences_by_heart(variant: Variant, tokens: bool) -> None:
    model = seeded(configuration(variant, tokens, hidden_size=64, dropout=0.0))
    x = rows(tokens, 4, 5)
    x[:, 0] = torch.arange(4) if tokens else torch.eye(4, FEATURES)  # told apart from the start
    targets = torch.randint(OUTPUTS, (4, 5))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(1000):  # most need a tenth of it
        outputs = model(x)
        if torch.equal(outputs.argmax(-1), targets):
            return
        optimizer.zero_grad()
        F.cross_entropy(outputs.flatten(0, 1), targets.flatten()).backward()
        optimizer.step()
    pytest.fail("1,000 steps did not do")


@every_input
@pytest.mark.parametrize("layers", [1, 3])
def test_parameters_are_as_many_as_the_formula_says(
    variant: Variant, tokens: bool, layers: int
) -> None:
    config = configuration(variant, tokens, layers=layers)
    f, o, h = FEATURES, OUTPUTS, HIDDEN
    e = config.embedding_dim
    w = config.ffn_width
    gates = sum(4 * h * (width + h + 2) for width in [e or f] + [h] * (layers - 1))
    attention = 4 * h * (h + 1) if variant in WITH_ATTENTION else 0
    readout = w * (2 * h + 1) + o * (w + 1) if w else o * (h + 1)
    expected = (e * f if e else 0) + gates + attention + readout
    assert parameter_count(config) == expected
    assert sum(weights.numel() for weights in build(config).parameters()) == expected


@every_input
def test_counting_parameters_draws_nothing(variant: Variant, tokens: bool) -> None:
    before = torch.get_rng_state()
    with torch.device("meta"):
        model = build(configuration(variant, tokens))
    assert {weights.device.type for weights in model.parameters()} == {"meta"}
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("variant", "change"),
    [
        ("embed_ffn", {"hidden_size": 12}),
        ("embed_ffn", {"layers": 2}),
        ("embed_ffn", {"heads": 4}),
        ("embed_ffn", {"ffn_width": 9}),
        ("embed_ffn", {"embedding_dim": 5}),
        ("embed", {"heads": 4}),
        ("lstm", {"hidden_size": 12}),
        ("lstm", {"layers": 2}),
        ("lstm", {"embedding_dim": 5}),
    ],
)
def test_each_dimension_changes_the_function(variant: Variant, change: dict[str, int]) -> None:
    x = rows(True, 3, 5)
    one = seeded(configuration(variant, True))
    other = seeded(configuration(variant, True, **change))
    assert not torch.allclose(one(x), other(x), atol=2e-6)


def test_each_variant_is_another_function() -> None:
    x = rows(True, 3, 5)
    outputs = [seeded(configuration(variant, True))(x) for variant in VARIANTS]
    for i, one in enumerate(outputs):
        assert all(not torch.allclose(one, other, atol=2e-6) for other in outputs[:i])


@every_input
@pytest.mark.parametrize("layers", [1, 2])
def test_dropout_acts_in_training_and_there_alone(
    variant: Variant, tokens: bool, layers: int
) -> None:
    x = rows(tokens, 3, 5)
    model = seeded(configuration(variant, tokens, layers=layers, dropout=0.4))
    assert torch.equal(model(x), model(x))
    model.train()
    assert not torch.equal(model(x), model(x))
    certain = seeded(configuration(variant, tokens, layers=layers, dropout=0.0)).train()
    assert torch.equal(certain(x), certain(x))


@every_input
@pytest.mark.parametrize("place", ["lstm", "attention", "output_dropout"])
def test_dropout_acts_at_each_of_its_places(variant: Variant, tokens: bool, place: str) -> None:
    x = rows(tokens, 3, 5)
    model = seeded(configuration(variant, tokens, layers=2, dropout=0.0)).train()
    if place == "output_dropout":
        model.output_dropout.p = 0.4
    elif getattr(model, place) is not None:
        getattr(model, place).dropout = 0.4
    acts = not torch.equal(model(x), model(x))
    assert acts == (place != "attention" or variant in WITH_ATTENTION)


def test_dropout_goes_where_the_search_says() -> None:
    model = build(configuration("ffn", False, layers=2, dropout=0.4))
    assert model.lstm.dropout == 0.4
    assert model.output_dropout.p == 0.4
    assert model.attention is not None
    assert model.attention.dropout == 0.0
    plain = LSTMWithAttention(FEATURES, HIDDEN, 2, 2, 0.3)
    assert (plain.lstm.dropout, plain.attention.dropout, plain.output_dropout.p) == (0.3, 0.3, 0)


@every_input
def test_training_starts_with_open_forget_gates_and_orthogonal_recurrence(
    variant: Variant, tokens: bool
) -> None:
    lstm = build(configuration(variant, tokens, layers=2)).lstm
    bound = 1 / math.sqrt(HIDDEN)
    for _, recurrent, input_bias, state_bias in lstm.all_weights:
        for gate in recurrent.split(HIDDEN):
            assert_close(gate @ gate.T, torch.eye(HIDDEN))
        forget = slice(HIDDEN, 2 * HIDDEN)
        assert torch.equal(input_bias[forget], torch.ones(HIDDEN))
        assert state_bias.abs().max() <= bound
        assert torch.cat([input_bias[:HIDDEN], input_bias[2 * HIDDEN :]]).abs().max() <= bound


def test_plain_constructors_start_as_torch_does() -> None:
    torch.manual_seed(3)
    lstm = nn.LSTM(FEATURES, HIDDEN, batch_first=True)
    torch.manual_seed(3)
    model = LSTMWithAttention(FEATURES, HIDDEN, 1, 2)
    assert_close(model.lstm.state_dict(), lstm.state_dict(), atol=0, rtol=0)
