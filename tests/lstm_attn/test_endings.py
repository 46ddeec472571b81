import re

import pytest

from lstm_attn.config import loss_metric
from lstm_attn.reports import EpochReport, Wish
from lstm_attn.state import BestWeights

pytestmark = pytest.mark.usefixtures("in_float32")  # which epoch is best hangs on every bit


def reports_of(events):
    return [event for event in events if isinstance(event, EpochReport)]


def test_patience_ends_training_as_completed(tiny):
    *reports, finished = tiny.changed(learning_rate=0.0, epochs=9, patience=2).fit()
    assert [report.epoch for report in reports] == [1, 2, 3]
    assert (finished.outcome, finished.best) == ("completed", reports[0])
    assert finished.reason == "no better epoch than 1 in 2 more"


def test_patience_counts_from_the_best_epoch_on_from_a_state_too(tiny, same):
    patient, wish = tiny.changed(learning_rate=0.0, epochs=9, patience=2), Wish()
    run = patient.fit(wish=wish)
    next(run)
    wish.state()
    state, *rest = run
    assert same(list(patient.fit(state=state)), rest)


@pytest.mark.parametrize("stop_at", range(5))
def test_stopping_at_an_epoch_gives_what_was_best_at_its_end(tiny, same, stop_at):
    tiny = tiny.changed(epochs=5, learning_rate=0.3)
    wish, reports, best = Wish(), [], {0: None}
    wish.weights()
    for event in tiny.fit(wish=wish):
        if isinstance(event, EpochReport):
            reports.append(event)
            wish.weights()
        if isinstance(event, BestWeights):
            best[len(reports)] = event
    for told_after in {stop_at, stop_at + 1} - {0}:
        wish = Wish()
        events = []
        for event in tiny.fit(wish=wish):
            events.append(event)
            if isinstance(event, EpochReport) and event.epoch == told_after:
                wish.stop(epoch=stop_at)
        finished = events[-1]
        assert len(reports_of(events)) == told_after
        assert finished.outcome == "stopped"
        assert same(finished.best, tiny.best_of(reports[:stop_at]))
        assert same(finished.weights, best[stop_at].weights if best[stop_at] else None)


def test_some_of_those_stops_lie_before_and_some_behind_a_better_epoch(tiny):
    reports = reports_of(tiny.changed(epochs=5, learning_rate=0.3).fit())
    best = [tiny.best_of(reports[: 1 + place]).epoch for place in range(5)]
    assert 1 < len(set(best)) < 5


def test_a_stop_in_the_middle_of_a_leg_ends_before_the_next_batch(tiny):
    wish = Wish()
    run = tiny.fit(wish=wish)
    first = next(run)
    wish.state()
    next(run)
    wish.state()
    assert next(run).step == 1
    wish.stop(epoch=1)
    wish.state()
    (finished,) = run
    assert (finished.outcome, finished.best) == ("stopped", first)


def test_a_stop_at_an_epoch_under_way_lets_it_end(tiny):
    wish = Wish()
    wish.stop(epoch=2)
    *reports, finished = tiny.fit(wish=wish)
    assert [report.epoch for report in reports] == [1, 2]
    assert (finished.outcome, finished.best) == ("stopped", tiny.best_of(reports))


def test_a_run_that_is_done_with_the_epoch_it_is_stopped_at_has_completed(tiny):
    wish = Wish()
    wish.stop(epoch=3)
    *_, finished = tiny.fit(wish=wish)
    assert finished.outcome == "completed"


def test_a_loss_that_is_no_number_ends_as_diverged(tiny):
    (finished,) = tiny.changed(learning_rate=1e38).fit()
    assert (finished.outcome, finished.best, finished.weights) == ("diverged", None, None)
    assert re.fullmatch(r"epoch 1: training loss (nan|inf)", finished.reason)


def test_a_metric_that_is_no_number_ends_as_diverged(tiny):
    (finished,) = tiny.changed(learning_rate=float("inf"), epoch_steps=1).fit()
    assert finished.outcome == "diverged"
    assert f"{loss_metric(tiny.data.task.kind, tiny.training.objective)} nan" in finished.reason


def test_what_was_best_before_it_diverged_is_kept(tiny, same):
    calm, wish = tiny.changed(epochs=9), Wish()
    run = calm.fit(wish=wish)
    first = next(run)
    wish.state()
    state = next(run)
    (finished,) = tiny.changed(epochs=9, learning_rate=1e38).fit(state=state)
    assert (finished.outcome, finished.best) == ("diverged", first)
    assert same(finished.weights, state.best_weights.weights)
