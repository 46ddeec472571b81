"""Of many trials and epochs, some: the best, the first, the last, and the rest evenly."""

from hypothesis import given
from hypothesis import strategies as st

from search.report.thinning import evenly, thin, thin_curve
from tests.search.made_up import study_of, trial_of

STATES = ("complete", "pruned", "failed")


@given(st.integers(0, 60), st.integers(2, 70), st.randoms(use_true_random=False))
def test_no_more_than_the_limit_and_the_best_among_them(count: int, limit: int, chance) -> None:  # type: ignore[no-untyped-def]
    trials = [trial_of(n, chance.random(), state=chance.choice(STATES)) for n in range(count)]
    study = study_of(*trials)
    shown = thin(trials, limit, first=study.leaders, by=lambda trial: trial.state)
    numbers = [trial.number for trial in shown]
    assert numbers == sorted(set(numbers))
    assert len(shown) == min(count, limit)
    assert {trial.number for trial in study.leaders[: limit // 2]} <= set(numbers)


def test_each_kind_keeps_its_share() -> None:
    trials = [trial_of(n, 1.0, state="failed" if n % 10 == 0 else "pruned") for n in range(1000)]
    shown = thin(trials, 100, first=[], by=lambda trial: trial.state)
    assert 9 <= sum(trial.state == "failed" for trial in shown) <= 11


@given(st.integers(1, 300), st.integers(2, 50), st.integers(1, 300))
def test_a_curve_keeps_its_first_last_and_best_epoch(length: int, limit: int, best: int) -> None:
    best = min(best, length)
    curve = {epoch: 1 / epoch for epoch in range(1, length + 1)}
    kept = thin_curve(trial_of(0, 1.0, curve=curve, best_epoch=best), limit)
    assert len(kept) <= max(limit, 2) or length <= limit
    assert list(kept) == sorted(kept)
    assert kept.keys() <= curve.keys()
    assert all(kept[epoch] == curve[epoch] for epoch in kept)
    if limit > 2:
        assert {1, length, best} <= kept.keys()


@given(st.lists(st.integers(), unique=True), st.integers(1, 20))
def test_what_is_chosen_evenly_is_in_order_and_begins_and_ends_alike(
    items: list[int], limit: int
) -> None:
    chosen = evenly(items, limit)
    assert len(chosen) == min(len(items), limit)
    assert chosen == [item for item in items if item in set(chosen)]
    if items:
        assert chosen[-1] == items[-1]
        assert limit == 1 or chosen[0] == items[0]
