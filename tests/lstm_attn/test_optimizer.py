import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lstm_attn.config import TASK_KINDS, TrainingConfig
from lstm_attn.optimizer import adamw, moments, rate_factor, set_moments
from lstm_attn.training import fresh_model

CONFIG = TrainingConfig(
    epochs=1,
    batch_size=1,
    learning_rate=0.5,
    weight_decay=0.5,
    objective="cross_entropy",
    context=1,
)


def step_without_gradient(model):
    """Give the share of each parameter that is left after a step that only decays."""
    optimizer = adamw(model, CONFIG)
    for parameter in model.parameters():
        nn.init.ones_(parameter)
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    return {
        name: parameter.detach().unique().item() for name, parameter in model.named_parameters()
    }


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_all_weights_decay_but_biases_and_embeddings(tiny_of, kind):
    left = step_without_gradient(fresh_model(tiny_of(kind).model, 0))
    spared = {name for name in left if "bias" in name or "embedding" in name}
    assert {name for name, share in left.items() if share == 1.0} == spared
    assert {share for name, share in left.items() if name not in spared} == {0.75}
    assert ("embedding.weight" in spared) == (kind == "language-modeling")


def test_norms_do_not_decay():
    model = nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3))
    left = step_without_gradient(model)
    assert left == {"0.weight": 0.75, "0.bias": 1.0, "1.weight": 1.0, "1.bias": 1.0}


def test_the_rate_rises_stays_and_falls():
    factors = [rate_factor(step, 100) for step in range(100)]
    assert factors[:6] == [0.2, 0.4, 0.6, 0.8, 1.0, 1.0]
    assert set(factors[4:81]) == {1.0}
    assert factors[80:] == [pytest.approx(left / 20) for left in range(20, 0, -1)]


@given(st.integers(1, 5000))
def test_the_rate_is_never_zero_nor_above_its_peak(steps):
    factors = [rate_factor(step, steps) for step in range(steps)]
    assert min(factors) > 0.0
    assert max(factors) <= 1.0
    falling = factors[factors.index(max(factors)) :]
    assert falling == sorted(falling, reverse=True)


def test_an_optimizer_goes_on_from_anothers_moments_with_its_own_settings():
    def optimizer_after(steps, weight, optimizer):
        for _ in range(steps):
            weight.grad = weight.detach() ** 2
            optimizer.step()

    weight = nn.Parameter(torch.linspace(-1, 1, 6).reshape(2, 3))
    first = adamw(nn.ParameterList([weight]), CONFIG)
    optimizer_after(3, weight, first)
    learned, twin = moments(first), nn.Parameter(weight.detach().clone())
    second = adamw(nn.ParameterList([twin]), CONFIG)
    set_moments(second, learned)
    optimizer_after(2, weight, first)
    optimizer_after(2, twin, second)
    assert torch.equal(weight, twin)
    assert learned[0]["step"].item() == 3.0
