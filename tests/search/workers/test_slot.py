"""What becomes of the question whether a worker is there."""

from types import SimpleNamespace
from typing import Any

import pytest
import ray
from ray.exceptions import ActorDiedError

from search.workers.slot import MISSES, Slot

OVER = ("out_of_time", "past trial_timeout: 1 s")


class Actor:
    """Answers as a test says, or raises that."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answer: Any = None
        self.alive = self.train = SimpleNamespace(remote=lambda *_: "asked", options=self.options)
        monkeypatch.setattr(ray, "wait", lambda asked, timeout: (asked, []))
        monkeypatch.setattr(ray, "get", self.get)

    def options(self, **_: object) -> Any:
        return self.train

    def get(self, _: object) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def actor(monkeypatch: pytest.MonkeyPatch) -> Actor:
    return Actor(monkeypatch)


@pytest.fixture
def slot(actor: Actor) -> Slot:
    made = Slot(actor=actor, starting=None)
    made.beat()
    return made


@pytest.mark.parametrize("error", [OSError("Broken pipe"), ValueError("owner unknown")])
def test_an_error_of_rays_own_is_no_answer(error: Exception, actor: Actor, slot: Slot) -> None:
    actor.answer = error
    for missed in range(1, MISSES):
        slot.beat()
        assert (slot.missed, slot.lost) == (missed, False)
    actor.answer = None
    slot.beat()
    assert slot.missed == 0
    actor.answer = error
    for _ in range(MISSES):
        slot.beat()
    assert (slot.lost, slot.gone) == (True, False)


def test_the_death_of_a_worker_is_known_at_once(actor: Actor, slot: Slot) -> None:
    actor.answer = ActorDiedError()
    slot.beat()
    assert (slot.lost, slot.gone, slot.missed) == (True, True, 0)


def test_a_trial_past_a_limit_is_given_some_beats_in_a_row_to_end(actor: Actor, slot: Slot) -> None:
    for answers in ([OVER] * (MISSES - 1), [None], [OVER] * (MISSES - 1)):
        for actor.answer in answers:
            slot.beat()
            assert (slot.overrun, slot.lost) == (None, False)
    slot.beat()
    assert (slot.overrun, slot.lost) == (OVER, True)
    task: Any = object()
    slot.start(task)
    assert (slot.overrun, slot.lost) == (None, False)
