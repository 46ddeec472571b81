import math
from collections.abc import Mapping
from itertools import pairwise

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import TrialState, create_trial

from search import strategy
from search.strategy import DEFAULT_TRIAL, SETTLING_STEPS, Halving, Median


def study_of(curves: list[Mapping[int, float]], *, direction: str = "minimize") -> optuna.Study:
    study = optuna.create_study(direction=direction)
    for curve in curves:
        study.add_trial(create_trial(state=TrialState.RUNNING, intermediate_values=dict(curve)))
    return study


def verdict(pruner: optuna.pruners.BasePruner, study: optuna.Study, number: int) -> bool:
    return pruner.prune(study, study.trials[number])


@given(epochs=st.integers(1, 500), steps=st.integers(1, 2000))
def test_rungs_lie_past_warm_up_a_ninth_and_the_settling_steps_and_before_the_last_epoch(
    epochs: int, steps: int
) -> None:
    rungs = Halving(epochs=epochs, epoch_steps=steps).rungs
    for rung in rungs:
        assert rung >= 0.05 * epochs
        assert rung >= epochs / 9
        assert rung * steps >= SETTLING_STEPS
        assert rung < epochs
    assert all(later == 3 * earlier for earlier, later in pairwise(rungs))
    first = math.ceil(max(0.05 * epochs, epochs / 9, SETTLING_STEPS / steps))
    assert bool(rungs) == (first < epochs)


def test_the_best_third_at_a_rung_goes_on() -> None:
    pruner = Halving(epochs=9, epoch_steps=200)
    study = study_of([{1: float(value)} for value in range(9)])
    assert [verdict(pruner, study, n) for n in range(9)] == [False] * 3 + [True] * 6


def test_the_direction_of_the_objective_counts() -> None:
    pruner = Halving(epochs=9, epoch_steps=200)
    study = study_of([{1: float(value)} for value in range(9)], direction="maximize")
    assert [verdict(pruner, study, n) for n in range(9)] == [True] * 6 + [False] * 3


def test_the_best_value_so_far_counts_not_the_last() -> None:
    pruner = Halving(epochs=27, epoch_steps=200)
    assert pruner.rungs == (3, 9)
    curves = [{1: 0.0, 3: 9.0}, {3: 1.0}, {3: 2.0}]
    assert [verdict(pruner, study_of(curves), n) for n in range(3)] == [False, True, True]


def test_what_others_did_after_the_rung_does_not_count() -> None:
    pruner = Halving(epochs=9, epoch_steps=200)
    curves = [{1: 1.0}, {1: 2.0, 2: 0.0}, {1: 3.0, 3: 0.0}]
    assert not verdict(pruner, study_of(curves), 0)


def test_fewer_than_three_trials_at_a_rung_give_no_verdict() -> None:
    pruner = Halving(epochs=9, epoch_steps=200)
    assert not verdict(pruner, study_of([{1: 0.0}, {1: 99.0}]), 1)
    assert not verdict(pruner, study_of([{1: 0.0}, {1: 99.0}, {}]), 1)


def test_equal_values_go_on_together() -> None:
    pruner = Halving(epochs=9, epoch_steps=200)
    study = study_of([{1: 0.5}] * 6)
    assert not any(verdict(pruner, study, n) for n in range(6))


@pytest.mark.parametrize("epoch", [2, 9])
def test_between_rungs_and_at_the_last_epoch_nothing_is_judged(epoch: int) -> None:
    pruner = Halving(epochs=9, epoch_steps=200)
    assert not verdict(pruner, study_of([{epoch: 0.0}] * 3 + [{epoch: 99.0}]), 3)


@pytest.mark.parametrize("make", [Halving, Median])
@pytest.mark.parametrize("default", [False, True])
def test_a_default_trial_is_never_judged(default: bool, make: type[Halving] | type[Median]) -> None:
    study = optuna.create_study()
    for _ in range(5):
        curve = {1: 0.0, 2: 0.0, 3: 0.0}
        study.add_trial(create_trial(value=0.0, intermediate_values=curve))
    study.add_trial(
        create_trial(
            state=TrialState.RUNNING,
            intermediate_values={1: 99.0, 2: 99.0, 3: 99.0},
            user_attrs={DEFAULT_TRIAL: default},
        )
    )
    assert verdict(make(epochs=27, epoch_steps=200), study, 5) == (not default)


def test_trials_whatever_became_of_them_are_compared() -> None:
    study = optuna.create_study()
    states = [TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING]
    for state in states:
        value = 0.0 if state == TrialState.COMPLETE else None
        study.add_trial(create_trial(state=state, value=value, intermediate_values={1: 0.0}))
    study.add_trial(create_trial(state=TrialState.RUNNING, intermediate_values={1: 1.0}))
    assert verdict(Halving(epochs=9, epoch_steps=200), study, 4)


def test_none_prunes_nothing() -> None:
    pruner = strategy.pruner("none", epochs=9, epoch_steps=200)
    assert not verdict(pruner, study_of([{1: 0.0}] * 8 + [{1: 99.0}]), 8)
