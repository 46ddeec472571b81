import itertools
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lstm_attn.checkpoint import state_from_bytes, state_to_bytes
from lstm_attn.errors import CheckpointError
from lstm_attn.reports import EpochReport, Wish
from lstm_attn.state import BestWeights, Finished, TrainingState
from lstm_attn.training import fresh_model


def with_all_states(run, wish):
    """Collect a run's events, with a state before every batch."""
    wish.state()
    events = []
    for event in run:
        events.append(event)
        wish.state()
    return events


def as_position(state):
    return state.epoch, state.step


def test_wishes_do_not_change_the_run(tiny, same):
    def wish_everything():
        wish = Wish()
        wish.state()
        wish.weights()
        for event in tiny.fit(wish=wish):
            if isinstance(event, EpochReport | Finished):
                yield event
            wish.state()
            wish.weights()

    assert same(list(wish_everything()), list(tiny.fit()))


def test_going_on_from_any_state_is_the_uninterrupted_run_bit_for_bit(tiny, same):
    wish = Wish()
    model = fresh_model(tiny.model, 3)
    whole = with_all_states(tiny.fit(wish=wish, model=model), wish)
    positions = [as_position(event) for event in whole if isinstance(event, TrainingState)]
    assert positions == list(itertools.product(range(3), range(4)))
    for place, event in enumerate(whole):
        if isinstance(event, TrainingState):
            wish, again = Wish(), fresh_model(tiny.model, 99)
            state = state_from_bytes(state_to_bytes(event))
            clock = itertools.count().__next__
            rest = with_all_states(tiny.fit(wish=wish, state=state, model=again, clock=clock), wish)
            assert same(rest, whole[place:])
            assert same(again.state_dict(), model.state_dict())


@pytest.mark.parametrize("kind", ["classification", "forecasting"])
def test_noise_goes_on_from_any_state_and_stays_out_of_scores(tiny_of, same, kind):
    noisy, wish = tiny_of(kind).changed(noise=0.5), Wish()
    whole = with_all_states(noisy.fit(wish=wish), wish)
    for place, event in enumerate(whole):
        if isinstance(event, TrainingState):
            wish = Wish()
            assert same(with_all_states(noisy.fit(wish=wish, state=event), wish), whole[place:])
    calm, loud = (
        next(tiny_of(kind).changed(noise=noise, learning_rate=0.0).fit()) for noise in (0.0, 0.5)
    )
    assert calm.training_loss != loud.training_loss
    assert calm.metrics == loud.metrics


def test_dropout_and_the_order_of_rows_differ_by_seed(tiny, same):
    model = fresh_model(tiny.model, 3).state_dict()

    def losses(seed):
        again = fresh_model(tiny.model, 0)
        again.load_state_dict(model)
        run = tiny.fit(seed=seed, model=again)
        return [event.training_loss for event in run if isinstance(event, EpochReport)]

    assert losses(3) == losses(3)
    assert losses(3) != losses(4)


def test_what_the_caller_draws_in_its_turn_changes_nothing(tiny, same):
    wish, calm = Wish(), list(tiny.fit())
    events = []
    wish.state()
    for event in tiny.fit(wish=wish):
        torch.manual_seed(0)
        np.random.default_rng().random()
        torch.rand(3)
        wish.state()
        events.append(event)
    assert same([event for event in events if not isinstance(event, TrainingState)], calm)


def test_the_callers_random_numbers_stay_its_own(tiny):
    torch.manual_seed(7)
    expected = torch.rand(8)
    torch.manual_seed(7)
    drawn = [torch.rand(2) for _ in tiny.fit()]
    assert torch.equal(torch.cat(drawn), expected)


def test_two_runs_that_take_turns_are_each_as_if_alone(tiny, same):
    turns = zip(tiny.fit(seed=3), tiny.fit(seed=4), strict=True)
    first, second = map(list, zip(*turns, strict=True))
    assert same(first, list(tiny.fit(seed=3)))
    assert same(second, list(tiny.fit(seed=4)))


@pytest.mark.slow
def test_a_used_process_trains_as_a_fresh_one(tiny, tiny_of):
    for kind in ("forecasting", "classification", "language-modeling"):
        list(tiny_of(kind).fit(seed=5))
    *_, finished = tiny.fit()
    program = (
        "import runpy, sys, torch\n"
        "torch.set_num_threads(int(sys.argv[3]))\n"
        "tiny = runpy.run_path(sys.argv[1])['make_tiny'](sys.argv[2])\n"
        "*_, finished = tiny.fit()\n"
        "print(finished.best)\n"
        "print([weight.double().sum().item() for weight in finished.weights.values()])\n"
    )
    conftest = str(Path(__file__).with_name("conftest.py"))
    threads = str(torch.get_num_threads())
    fresh = subprocess.run(
        [sys.executable, "-c", program, conftest, tiny.data.task.kind, threads],
        check=True,
        capture_output=True,
        text=True,
    )
    sums = [weight.double().sum().item() for weight in finished.weights.values()]
    assert fresh.stdout == f"{finished.best}\n{sums}\n"


def test_a_state_can_be_gone_on_from_twice(tiny, same):
    wish = Wish()
    wish.state()
    events = list(tiny.fit(wish=wish))
    state = events[0]
    kept = state_from_bytes(state_to_bytes(state))
    assert same(list(tiny.fit(state=state)), events[1:])
    assert same(state, kept)
    assert same(list(tiny.fit(state=state)), events[1:])


def test_weights_that_were_given_away_are_not_trained_on(tiny, same):
    wish = Wish()
    run = tiny.fit(wish=wish)
    next(run)
    wish.weights()
    given = next(run)
    assert isinstance(given, BestWeights)
    kept = {name: tensor.clone() for name, tensor in given.weights.items()}
    list(run)
    assert same(given.weights, kept)


def test_a_state_says_where_it_was_taken_and_what_was_best(tiny):
    wish = Wish()
    run = tiny.fit(wish=wish)
    wish.state()
    start = next(run)
    assert (as_position(start), start.best) == ((0, 0), None)
    report = next(run)
    wish.state()
    later = next(run)
    assert (as_position(later), later.best) == ((1, 0), report)


def test_handing_in_gives_a_state_and_ends(tiny, same):
    whole, wish = list(tiny.fit()), Wish()
    run = tiny.fit(wish=wish)
    first = next(run)
    wish.hand_in()
    state, finished = run
    assert isinstance(state, TrainingState)
    assert (finished.outcome, finished.best) == ("handed_in", first)
    assert "epoch 1" in finished.reason
    assert same([first, *tiny.fit(state=state)], whole)


def test_handing_in_after_the_last_epoch_is_completion(tiny):
    wish = Wish()
    run = tiny.fit(wish=wish)
    for event in run:
        if isinstance(event, EpochReport) and event.epoch == 3:
            wish.hand_in()
    assert event.outcome == "completed"


@pytest.mark.parametrize("changes", [{"hidden_size": 8}, {"layers": 3}])
def test_a_state_of_another_model_is_refused(tiny_of, changes):
    tiny, wish = tiny_of("classification"), Wish()
    wish.state()
    state = next(tiny.fit(wish=wish))
    other = fresh_model(replace(tiny.model, **changes), 3)
    with pytest.raises(CheckpointError, match=r"weights: .* in them and .* in the model"):
        next(tiny.fit(model=other, state=state))
