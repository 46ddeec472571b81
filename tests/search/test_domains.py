from math import isclose

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.domains import Choice, FloatRange, IntRange


@settings(max_examples=30)
@given(st.integers(0, 300), st.integers(1, 40), st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_stepped_floats_are_those_that_optuna_draws(low, step, steps, seed):
    low, high, step = low / 100, (low + steps * step) / 100, step / 100
    domain = FloatRange(low=low, high=high, step=step)
    assert len(domain.points()) == steps + 1
    assert isclose(domain.points()[-1], high)
    assert (domain.smallest, domain.largest) == (domain.points()[0], domain.points()[-1])
    drawn = optuna.distributions.FloatDistribution(low, high, step=step)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    value = study.ask({"x": drawn}).params["x"]
    assert value in domain.points()
    assert domain.nearest(value) == value


@given(st.integers(1, 20), st.integers(1, 9), st.integers(0, 9), st.floats(-50, 200))
def test_the_nearest_whole_number_is_a_point_and_none_is_nearer(low, step, steps, value):
    domain = IntRange(low=low, high=low + steps * step, step=step)
    nearest = domain.nearest(value)
    assert nearest in domain
    assert abs(nearest - value) == min(abs(point - value) for point in domain.points())


@pytest.mark.parametrize(
    ("domain", "text"),
    [
        (Choice(values=(1, 2)), "1, 2"),
        (IntRange(low=1, high=2), "1 to 2"),
        (IntRange(low=32, high=96, step=32), "32 to 96 by 32"),
        (FloatRange(low=3e-4, high=0.01, log=True), "0.0003 to 0.01, log"),
        (FloatRange(low=0.0, high=0.5, step=0.1), "0 to 0.5 by 0.1"),
    ],
)
def test_a_domain_reads_as_the_user_would_say_it(domain, text):
    assert str(domain) == text
