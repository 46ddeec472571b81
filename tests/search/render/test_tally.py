"""A launch, counted."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_attn.reports import EpochReport
from search.records import (
    Ended,
    Lost,
    Opened,
    Outcome,
    Quiet,
    Reported,
    Started,
    StudySummary,
    Told,
    TrialSummary,
)
from search.render.tally import Tally

Trial = Callable[..., TrialSummary]
Study = Callable[..., StudySummary]


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def reported(number: int, epoch: int, accuracy: float, loss: float = 1.0) -> Reported:
    report = EpochReport(
        epoch=epoch,
        training_loss=1.0,
        metrics={"accuracy": accuracy, "cross_entropy": loss},
        seconds=1.0,
        rows_per_second=1.0,
    )
    return Reported(number=number, attempt=0, report=report)


def started(number: int, epoch: int = 0, *, default: bool = False) -> Started:
    return Started(number=number, params={"heads": 4}, epoch=epoch, default=default)


def opened(study: StudySummary) -> Opened:
    return Opened(study=study, epochs=9, notes=())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tally(clock: Clock, make_study: Study) -> Tally:
    tally = Tally(clock)
    tally.take(opened(make_study(budget=10)))
    return tally


# Three trials, each with its scores and losses by epoch, of few values so that many are equal.
curves = st.lists(
    st.lists(st.tuples(st.sampled_from([0.5, 0.6, 0.7]), st.sampled_from([1.0, 2.0])), max_size=4),
    min_size=3,
    max_size=3,
)


@given(curves)
def test_the_best_is_the_best_epoch_of_all(
    scores: list[list[tuple[float, float]]],
) -> None:
    tally = Tally(Clock())
    tally.take(opened(_classification()))
    for number in range(3):
        tally.take(started(number))
    everything = []
    for epoch in range(4):
        for number, curve in enumerate(scores):
            if epoch < len(curve):
                accuracy, loss = curve[epoch]
                tally.take(reported(number, epoch + 1, accuracy, loss))
                everything.append((-accuracy, loss, number, epoch + 1))
    best = tally.best
    found = best and (-best.value, best.loss, best.number, best.epoch)
    assert found == min(everything, default=None)


def _classification() -> StudySummary:
    return StudySummary(
        name="x",
        task="classification",
        objective="accuracy",
        direction="maximize",
        budget=3,
        trials=(),
        leaders=(),
        baselines=(),
        owner=None,
    )


def test_a_new_best_is_told_once(tally: Tally) -> None:
    tally.take(started(0))
    assert tally.take(reported(0, 1, 0.5)) is not None
    assert tally.take(reported(0, 2, 0.4)) is None
    assert tally.take(Quiet()) is None
    assert tally.take(reported(0, 3, 0.5, loss=0.9)) is not None  # equal, with a lower loss
    assert tally.best is not None
    assert tally.best.epoch == 3


def test_what_is_told_outweighs_what_was_reported(tally: Tally, make_trial: Trial) -> None:
    tally.take(started(0))
    tally.take(reported(0, 1, 0.5))
    tally.take(reported(0, 2, 0.9))  # ended after the verdict: it doesn't count
    tally.take(Told(trial=make_trial(0, 0.5, state="pruned")))
    assert tally.best is not None
    assert tally.best.value == 0.5


def test_an_epoch_that_is_run_again_counts_once(tally: Tally, clock: Clock) -> None:
    tally.take(started(0))
    clock.now += 60
    tally.take(reported(0, 1, 0.5))
    tally.take(reported(0, 2, 0.6))
    tally.take(Lost(number=0, attempt=0, reason="killed", blames_trial=True))
    assert tally.running[0].lost
    tally.take(started(0, epoch=2))
    tally.take(reported(0, 2, 0.6))
    assert not tally.running[0].lost
    assert tally.pace.epochs_per_minute == 2


def test_a_trial_that_goes_on_keeps_its_best(make_study: Study, make_trial: Trial) -> None:
    tally = Tally(Clock())
    trial = make_trial(0, 0.9, state="running", curve={1: 0.9, 2: 0.8}, default=True)
    tally.take(opened(make_study(trial)))
    tally.take(started(0, epoch=2, default=True))
    assert tally.take(reported(0, 3, 0.85)) is None
    assert tally.best is not None
    assert (tally.best.value, tally.best.epoch) == (0.9, 1)
    assert tally.best_default == tally.best


def test_the_best_default_is_counted_apart(tally: Tally, make_trial: Trial) -> None:
    tally.take(started(0, default=True))
    tally.take(started(1))
    tally.take(reported(0, 1, 0.5))
    tally.take(reported(1, 1, 0.9))
    assert tally.best_default is not None
    assert tally.best_default.number == 0
    tally.take(Told(trial=make_trial(0, 0.55, default=True)))
    assert tally.best_default.value == 0.55


def test_earlier_launches_count_for_the_budget_and_not_for_the_pace(
    clock: Clock, make_study: Study, make_trial: Trial
) -> None:
    tally = Tally(clock)
    done = [make_trial(0, 0.5), make_trial(1, 0.6, state="pruned"), make_trial(2)]
    tally.take(opened(make_study(*done, budget=10)))
    assert tally.finished == 3
    clock.now += 1000  # Ray starts: that is no time of a trial
    tally.take(started(3))
    tally.take(started(4))
    clock.now += 60
    tally.take(Told(trial=make_trial(3, 0.5)))
    tally.take(Told(trial=make_trial(4)))
    assert tally.pace.trials_per_minute == 2
    assert tally.finished == 5
    assert tally.seconds_left == pytest.approx(5 / 2 * 60)
    assert dict(tally.ended) == {"complete": 2, "pruned": 1, "failed": 2}


def test_a_trial_handed_in_runs_no_more(tally: Tally) -> None:
    tally.take(started(0))
    outcome = Outcome(kind="handed_in", reason="", best=None)
    tally.take(Ended(number=0, attempt=0, outcome=outcome, weights=None))
    assert not tally.running
    assert tally.finished == 0


def test_time_left_is_reckoned_from_former_trials_until_one_has_finished(
    clock: Clock, make_study: Study, make_trial: Trial
) -> None:
    tally = Tally(clock)
    done = [make_trial(n, 0.5, seconds=length) for n, length in enumerate([40.0, None, 80.0])]
    tally.take(opened(make_study(*done, budget=11)))
    assert tally.seconds_left is None  # nothing runs: there is no pace
    for number in (3, 4):
        tally.take(started(number))
    assert tally.seconds_left == 8 * 60 / 2
    clock.now += 600
    tally.take(Told(trial=make_trial(3, 0.5)))
    assert tally.seconds_left == 7 * 600


def test_the_last_trials_take_as_long_as_they_themselves_need(
    clock: Clock, make_study: Study, make_trial: Trial
) -> None:
    tally = Tally(clock)
    tally.take(opened(make_study(budget=2)))
    tally.take(started(0))
    tally.take(started(1))
    clock.now += 10
    tally.take(Told(trial=make_trial(0, 0.5)))
    assert tally.seconds_left == 10  # as the other one took
    tally.take(reported(1, 1, 0.5))
    assert tally.seconds_left == 8 * 10  # of nine epochs one has ended
    tally.take(Told(trial=make_trial(1, 0.5)))
    assert tally.seconds_left is None


def test_a_study_without_any_pace_has_no_time_left(tally: Tally) -> None:
    tally.take(started(0))
    assert tally.seconds_left is None


def test_the_time_of_a_launch_runs_out(clock: Clock, make_study: Study) -> None:
    tally = Tally(clock)
    tally.take(Opened(study=make_study(), epochs=9, notes=(), seconds=50.0))
    clock.now += 20
    assert tally.seconds_allowed == 30
    clock.now += 40
    assert tally.seconds_allowed == 0


def test_a_row_keeps_its_place_until_its_trial_ends(tally: Tally, make_trial: Trial) -> None:
    for number in range(3):
        tally.take(started(number))
    tally.take(Lost(number=0, attempt=0, reason="killed", blames_trial=True))
    tally.take(Told(trial=make_trial(1, 0.5)))
    tally.take(started(0))
    tally.take(started(3))
    assert [(row.place, row.number) for row in tally.rows] == [(1, 0), (2, 3), (3, 2)]


def test_a_trial_whose_slot_goes_keeps_its_scores(tally: Tally) -> None:
    tally.take(started(0))
    tally.take(reported(0, 1, 0.9))
    tally.take(reported(0, 2, 0.8))
    outcome = Outcome(kind="handed_in", reason="", best=None)
    tally.take(Ended(number=0, attempt=0, outcome=outcome, weights=None))
    tally.take(started(0, epoch=2))
    [row] = tally.rows
    assert (list(row.scores), row.epoch) == ([0.9, 0.8], 2)
    assert row.best is not None
    assert row.best.value == 0.9


def test_a_trial_that_goes_on_shows_the_scores_it_had(make_study: Study, make_trial: Trial) -> None:
    tally = Tally(Clock())
    trial = make_trial(0, 0.9, state="running", curve={2: 0.8, 1: 0.9})
    tally.take(opened(make_study(trial)))
    tally.take(started(0, epoch=2))
    assert tally.running[0].score == 0.8
