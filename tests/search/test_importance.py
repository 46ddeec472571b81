"""What sets the best trials apart: shares that sum to 1, or a sentence that says why not."""

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.importance import ENOUGH, NO_DIFFERENCE, NO_EPOCH, NO_SCORE, explained
from search.picked import Pick
from search.records import StudySummary
from search.space import Space
from search.words import reckoned
from tests.search.conftest import spec_of
from tests.search.made_up import searched, study_of, trial_of

SPACE: Space = spec_of().space


def importance(study: StudySummary) -> Mapping[str, float]:
    return explained(study, SPACE).shares


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_the_parameter_that_makes_the_score_has_nearly_all_of_it(direction: Any) -> None:
    sign = 1 if direction == "minimize" else -1
    study = searched(
        lambda params: sign * abs(math.log10(params["learning_rate"]) + 2.5), direction=direction
    )
    shares = importance(study)
    assert next(iter(shares)) == "learning_rate"
    assert shares["learning_rate"] > 0.8
    assert set(shares) == {"variant", "heads", "hidden_size", "learning_rate"}


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_what_counts_is_what_the_best_have_in_common_and_not_the_poorest(direction: Any) -> None:
    sign = 1 if direction == "maximize" else -1

    def score(params: Any) -> float:
        """Set the best apart by their hidden size alone, the poorest by their learning rate."""
        rate = float(params["learning_rate"])
        best = params["hidden_size"] == 16
        return sign * (10 + rate * 1e9 % 1 if best else math.log10(rate))

    shares = importance(searched(score, direction=direction))
    assert next(iter(shares)) == "hidden_size"
    assert shares["hidden_size"] > 0.8


def test_a_parameter_of_some_variants_alone_counts_among_them() -> None:
    study = searched(lambda params: params.get("heads", 9) + params["learning_rate"])
    shares = importance(study)
    assert shares["heads"] > shares["hidden_size"]


def test_what_pruned_trials_show_counts() -> None:
    study = searched(lambda params: params["hidden_size"])
    pruned = [one for one in study.trials if one.state == "pruned"]
    assert importance(study_of(*pruned))["hidden_size"] > 0.5


@given(
    st.lists(
        st.tuples(
            st.none() | st.floats(allow_nan=True, allow_infinity=True),
            st.sampled_from([8, 12, 16]),
            st.floats(3e-4, 1e-2),
        ),
        max_size=12,
    ),
    st.sampled_from(["minimize", "maximize"]),
)
def test_shares_sum_to_one_or_a_sentence_says_why_there_are_none(
    rows: list[tuple[float | None, int, float]], direction: Any
) -> None:
    trials = [
        trial_of(
            number, value, params={"variant": "lstm", "hidden_size": hidden, "learning_rate": rate}
        )
        for number, (value, hidden, rate) in enumerate(rows)
    ]
    study = study_of(*trials, direction=direction)
    found = explained(study, SPACE)
    shares, why = found.shares, found.why_none
    assert found.trials + sum(found.left_out.values()) == len(rows)
    if why:
        assert shares == {}
        assert why.endswith(".")
    else:
        assert math.isclose(sum(shares.values()), 1.0)
        assert all(share >= 0 for share in shares.values())
        assert list(shares.values()) == sorted(shares.values(), reverse=True)


@pytest.mark.parametrize(
    ("study", "said"),
    [
        (study_of(), f"No trial has a score so far, and importance needs {ENOUGH}."),
        (study_of(trial_of(0, None), trial_of(1, 1.0)), "1 trial has a score so far, and"),
        (study_of(*(trial_of(n, 0.5) for n in range(6))), "All 6 trials have the same score"),
    ],
)
def test_why_there_is_none_is_said(study: StudySummary, said: str) -> None:
    found = explained(study, SPACE)
    assert said in found.why_none
    assert found.shares == {}


def test_of_a_space_without_dimensions_there_is_none() -> None:
    fixed = spec_of(domains={}).space
    study = study_of(*(trial_of(n, float(n), params={}) for n in range(6)))
    found = explained(study, fixed)
    assert found.why_none.startswith("All parameters are fixed")
    assert found.shares == {}


def test_what_the_space_does_not_know_is_left_out() -> None:
    odd = {"variant": "mine", "hidden_size": 9, "learning_rate": 1.0, "<script>": 1}
    study = searched(lambda params: params["hidden_size"])
    both = study_of(*study.trials, trial_of(len(study.trials), 7.0, params=odd))
    assert importance(both)["hidden_size"] > 0.5
    [picked] = Pick(both, SPACE, both.trials[-1:]).get_trials()
    assert (picked.number, picked.params) == (0, {})


def test_where_nothing_can_be_told_apart_nothing_is_shared_out() -> None:
    foreign = [trial_of(n, float(n), params={"mine": n}) for n in range(1, 6)]
    found = explained(study_of(trial_of(0, 0.0), *foreign), SPACE)
    assert (found.shares, found.why_none) == ({}, NO_DIFFERENCE)


def test_it_says_from_how_many_trials_it_is_and_why_the_others_are_not_among_them() -> None:
    odd = [trial_of(200, math.inf), trial_of(201, None), trial_of(202, None, state="running")]
    found = explained(study_of(*searched(lambda one: one["hidden_size"]).trials, *odd), SPACE)
    assert (found.trials, found.left_out) == (200, {NO_EPOCH: 2, NO_SCORE: 1})
    assert reckoned(found) == (
        "by PED-ANOVA over 200 trials of any state; "
        "left out: 2 without an ended epoch and 1 without a finite score"
    )
    assert reckoned(explained(searched(lambda one: one["hidden_size"]), SPACE)) == (
        "by PED-ANOVA over 200 trials of any state"
    )


def test_thousands_of_trials_are_not_too_many() -> None:
    study = searched(lambda params: params["hidden_size"], count=5_000)
    assert importance(study)["hidden_size"] > 0.5
