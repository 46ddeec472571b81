"""What a worker does by itself: past a limit, and without a word from its coordinator."""

from typing import Any

import pytest

from lstm_attn.reports import Wish
from search.records import Limits, Outcome
from search.workers.actor import _past_limit
from search.workers.guard import Guard, private_memory

LIMITS = Limits(seconds=100.0, memory=2_000_000_000)


class World:
    """A clock, a memory and a process of which nothing is real."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.now = 0.0
        self.memory = 10**9
        self.left = 0
        self.guard = Guard(
            limits,
            silence=60.0,
            clock=lambda: self.now,
            memory=lambda: self.memory,
            leave=self.leave,
        )
        self.wish = Wish()
        self.guard.begin(self.wish)

    def leave(self) -> None:
        self.left += 1

    def after(self, seconds: float, *, word: bool = True) -> None:
        self.now += seconds
        if word:
            self.guard.heard()
        self.guard.look()


def test_a_trial_within_its_limits_goes_on() -> None:
    world = World()
    world.after(99.0)
    assert (world.wish.stopping_now, world.wish.handing_in, world.guard.over) == (False,) * 2 + (
        None,
    )
    assert world.guard.end(world.wish) is None


def test_the_time_in_which_a_trial_waits_for_its_coordinator_is_not_its_own() -> None:
    world = World()
    world.after(90.0)
    with world.guard.waiting():
        world.after(500.0)
    world.after(9.0)
    assert world.guard.over is None
    world.after(1.0)
    assert world.guard.over == ("out_of_time", "past trial_timeout: 100 s")


@pytest.mark.parametrize(
    ("change", "over"),
    [
        ({"now": 101.0}, ("out_of_time", "past trial_timeout: 100 s")),
        ({"memory": 2_100_000_000}, ("out_of_memory", "past trial_memory: 2.10 GB of 2.00 GB")),
    ],
)
def test_a_trial_past_a_limit_is_to_end_and_says_which(change: Any, over: Any) -> None:
    world = World()
    for name, value in change.items():
        setattr(world, name, value)
    world.after(0.0)
    assert world.wish.stopping_now
    assert world.guard.over == over
    world.memory = 10**9
    world.after(1.0)
    assert world.guard.end(world.wish) == over, "what was passed once stays so"
    assert world.guard.over is None
    kind, reason = over
    ended = _past_limit(Outcome(kind="stopped", reason="as of epoch 3", best=None), over)
    assert (ended.kind, ended.reason) == (kind, reason)
    done = Outcome(kind="completed", reason="all 9 epochs", best=None)
    assert _past_limit(done, over) == done


def test_each_trial_has_its_own_time() -> None:
    world = World()
    world.after(90.0)
    second = Wish()
    world.guard.begin(second)
    assert world.guard.end(world.wish) is None, "the next one has begun"
    world.after(90.0)
    assert not second.stopping_now
    world.after(10.0)
    assert second.stopping_now


def test_without_limits_nothing_is_too_much() -> None:
    world = World(Limits())
    world.memory = 10**15
    world.after(10**9)
    assert not world.wish.stopping_now


def test_without_a_word_a_trial_hands_in_and_then_the_process_ends() -> None:
    world = World()
    world.after(59.0, word=False)
    world.after(59.0, word=True)
    world.after(59.0, word=False)
    assert not world.wish.handing_in
    world.after(1.0, word=False)
    assert (world.wish.handing_in, world.left) == (True, 0)
    world.after(59.0, word=False)
    assert world.left == 0
    world.after(1.0, word=False)
    assert world.left == 1


def test_a_worker_without_a_trial_ends_too_when_nobody_speaks_to_it() -> None:
    world = World()
    world.guard.end(world.wish)
    world.after(120.0, word=False)
    assert (world.left, world.wish.handing_in) == (1, False)


def test_memory_is_what_the_process_holds() -> None:
    before = private_memory()
    held = bytearray(300_000_000)
    assert private_memory() - before > 250_000_000
    del held
