"""Slots that are given up and taken again as the share of a study goes."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
import ray
from ray.exceptions import AuthenticationError, RayError

from search import workers
from search.errors import ClusterError, Outage
from search.records import Ended, Limits, Lost, PayloadLost, Quiet, Reported, Slots, StateGiven
from search.workers import membership
from search.workers.guard import SILENCE_SECONDS
from search.workers.membership import Expelled, Membership
from search.workers.session import session
from search.workers.slot import RemotePayload, Slot

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def ray_of_two() -> Iterator[None]:
    workers.connect(None, slots=2, cpus=1)
    yield
    workers.disconnect()


class Share:
    """As much of the room as is allowed at the moment."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.rooms: set[int] = set()

    def __call__(self, room: int) -> int:
        self.rooms.add(room)
        return min(room, self.most)


def test_a_share_that_shrinks_takes_idle_slots_at_once_and_busy_ones_with_a_state(
    make_places: Any, make_task: Any, two_places: Any
) -> None:
    share = Share(2)
    places = make_places(share=share, ask=two_places)
    places.ready(2)
    first, second = places.slots.free_slots()
    places.slots.start(first, make_task(0))
    places.until(lambda: places.of(Reported))
    share.most = 1
    places.ready(1)
    assert places.slots.busy == 1, "the idle one has gone"
    assert second not in places.slots._slots
    assert not places.of(StateGiven)

    share.most = 2
    places.ready(2)
    places.slots.start(places.slots.free_slots()[0], make_task(1))
    share.most = 0
    places.until(lambda: len(places.of(Ended)) == 2)
    states = {event.number: event.payload.fetch() for event in places.of(StateGiven)}
    epochs = {event.number: event.report.epoch for event in places.of(Reported)}
    assert {event.outcome.kind for event in places.of(Ended)} == {"handed_in"}
    assert {number: int(state) for number, state in states.items()} == {1: 0, **epochs}
    assert (places.slots.slots.ready, places.slots.busy, places.of(Lost)) == (0, 0, [])
    assert share.rooms == {2}


def test_no_more_slots_are_held_than_the_file_asks_for(make_places: Any, two_places: Any) -> None:
    places = make_places(slots=1, ask=two_places)
    places.ready(1)
    assert len(places.slots._slots) == 1


def test_a_worker_that_is_told_to_end_gives_a_state_and_is_replaced(
    make_places: Any, make_task: Any, two_places: Any
) -> None:
    places = make_places(slots=1, ask=two_places)
    places.ready(1)
    (slot,) = places.slots.free_slots()
    places.slots.start(slot, make_task(0))
    places.until(lambda: places.of(Reported))
    os.kill(int(slot.where.rpartition(":")[2]), signal.SIGTERM)
    places.until(lambda: places.of(Ended))
    (state,), (end,) = places.of(StateGiven), places.of(Ended)
    assert end.outcome.kind == "handed_in"
    assert int(state.payload.fetch()) == state.epoch >= 1
    places.ready(1)
    assert places.slots.free_slots()[0].where != slot.where
    assert not places.of(Lost)


def test_a_worker_that_gives_no_sign_of_life_is_lost_and_no_trial_is_to_blame(
    make_places: Any, make_task: Any, two_places: Any
) -> None:
    places = make_places(slots=1, ask=two_places, beat_seconds=0.2)
    places.ready(1)
    (slot,) = places.slots.free_slots()
    places.slots.start(slot, make_task(0))
    places.until(lambda: places.of(Reported))
    pid = int(slot.where.rpartition(":")[2])
    os.kill(pid, signal.SIGSTOP)  # as if its link were cut
    try:
        places.until(lambda: places.of(Lost))
    finally:
        os.kill(pid, signal.SIGCONT)
    (lost,) = places.of(Lost)
    assert (lost.reason, lost.blames_trial) == ("its worker gave no sign of life", False)
    places.ready(1)
    assert slot not in places.slots._slots


def test_the_end_of_a_worker_to_which_nobody_has_spoken_is_no_trials_fault(
    make_places: Any, make_task: Any, two_places: Any
) -> None:
    places = make_places(slots=1, ask=two_places, beat_seconds=600.0)
    for number, ago in enumerate((0.0, SILENCE_SECONDS)):
        places.ready(1)
        [slot] = places.slots.free_slots()
        slot.answered -= ago
        places.slots.start(slot, make_task(number))
        places.until(lambda number=number: len(places.of(Reported)) > number)
        ray.kill(slot.actor)
        places.until(lambda number=number: len(places.of(Lost)) > number)
    assert [(lost.number, lost.blames_trial) for lost in places.of(Lost)] == [(0, True), (1, False)]


def test_an_idle_worker_that_dies_is_replaced(make_places: Any, two_places: Any) -> None:
    places = make_places(slots=1, ask=two_places, beat_seconds=0.2)
    places.ready(1)
    (slot,) = places.slots.free_slots()
    os.kill(int(slot.where.rpartition(":")[2]), signal.SIGKILL)
    places.until(lambda: slot not in places.slots._slots)
    places.ready(1)
    assert places.events == []


def test_workers_that_cannot_start_end_a_study_that_has_none(
    make_places: Any, two_places: Any
) -> None:
    places = make_places("broken", slots=1, ask=two_places)
    with pytest.raises(ClusterError, match=r"cannot start: .*no such thing here"):
        places.ready(1)


def test_a_trial_whose_slot_goes_before_it_begins_is_lost_and_nobody_is_to_blame(
    make_places: Any, make_task: Any, two_places: Any
) -> None:
    share = Share(2)
    places = make_places(share=share, ask=two_places)
    places.ready(2)
    first, second = places.slots.free_slots()
    share.most = 1
    places.ready(1)
    gone, stays = (first, second) if second in places.slots._slots else (second, first)
    places.slots.start(gone, make_task(7))
    assert places.slots.busy == 1
    places.until(lambda: places.of(Lost))
    stays.gone = True
    assert places.slots.free_slots() == [], "it is known to be dead"
    places.slots.start(stays, make_task(8))
    places.until(lambda: len(places.of(Lost)) == 2)
    reason = "its slot went before it began"
    assert [(lost.number, lost.reason, lost.blames_trial) for lost in places.of(Lost)] == [
        (7, reason, False),
        (8, reason, False),
    ]
    assert places.slots.busy == 0


@pytest.mark.parametrize("error", [ValueError("owner unknown"), OSError("raylet"), RayError("x")])
def test_bytes_that_no_ray_has_any_more_are_told_as_lost(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def get(*_: object, **__: object) -> None:
        raise error

    payload = RemotePayload(ray.put(b"state"))
    monkeypatch.setattr(ray, "get", get)
    with pytest.raises(PayloadLost, match=str(error)):
        payload.fetch()


class Refused:
    """Cannot travel to a worker as long as a test says so, as if its Ray were gone."""

    tries = 0
    until = 0

    def __reduce__(self) -> tuple[type, tuple[()]]:
        Refused.tries += 1
        if Refused.tries <= Refused.until:
            raise AuthenticationError("RPC error: WrongClusterID")
        return (object, ())


def test_a_ray_that_takes_no_worker_is_asked_again_after_a_rest(
    make_places: Any, light: Any, two_places: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.workers.fleet.REST_SECONDS", 0.3)
    monkeypatch.setattr(Refused, "tries", 0)
    monkeypatch.setattr(Refused, "until", 2)
    places = make_places(
        ask=two_places, slots=2, worker=type("Shy", (light,), {"carries": Refused()})
    )
    places.slots.open(2)
    places.slots.open(2)
    assert Refused.tries == 1, "it rests"
    assert "WrongClusterID" in places.slots.slots.lacking
    places.ready(2)
    assert Refused.tries == 3, "two workers, and their class has been sent once"
    assert places.slots.slots.lacking == ""

    monkeypatch.setattr(Refused, "until", 99)
    never = make_places(
        ask=two_places, slots=1, worker=type("Shyer", (light,), {"carries": Refused()})
    )
    with pytest.raises(ClusterError, match="WrongClusterID"):
        never.ready(1)


@pytest.mark.parametrize(
    "error", [AuthenticationError("RPC error: WrongClusterID"), OSError("pipe"), ValueError("x")]
)
def test_a_ray_that_does_not_say_its_nodes_is_asked_whether_it_is_the_same(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise error

    joined = Membership()
    assert joined.nodes()[0].cpus >= 2
    with monkeypatch.context() as patch:
        patch.setattr(ray, "nodes", refuses)
        with pytest.raises(ClusterError, match="does not say which nodes"):
            joined.nodes()
    with monkeypatch.context() as patch:
        patch.setattr(membership, "GcsClient", refuses)
        with pytest.raises(ClusterError, match="does not say which it is"):
            joined.nodes()
    assert joined.nodes(), "it is the same"
    with monkeypatch.context() as patch:
        patch.setattr(ray, "nodes", refuses)
        with pytest.raises(ClusterError, match="does not say which nodes"):
            joined.nodes()
    monkeypatch.setattr(membership, "_cluster_at", lambda _: "another")
    with pytest.raises(Expelled, match="another Ray"):
        joined.nodes()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_nobody_has_foreseen_ends_the_launch_and_not_the_looking_alone(
    make_places: Any, two_places: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask() -> Any:
        if broken:
            raise KeyError("Alive")
        return two_places()

    broken: list[bool] = []
    places = make_places(ask=ask)
    places.slots.check()
    broken.append(True)
    with pytest.raises(KeyError, match="Alive"):
        places.until(lambda: not reached(places))
    pulse = make_places(ask=two_places, beat_seconds=0.1)
    monkeypatch.setattr(Slot, "beat", ask)
    with pytest.raises(TypeError):
        pulse.until(lambda: not reached(pulse))


@pytest.mark.parametrize(
    ("cause", "is_own", "raised"),
    [
        (ConnectionRefusedError(), True, Expelled),
        (None, True, Expelled),  # what answers there is no Ray any more
        (TimeoutError(), True, ClusterError),
        (ConnectionRefusedError(), False, ClusterError),
    ],
)
def test_a_ray_of_our_own_is_gone_as_soon_as_its_head_is_and_not_when_that_is_slow(
    cause: Exception | None, is_own: bool, raised: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined = Membership()

    def knock(_: str) -> None:
        raise ClusterError("away") from cause

    monkeypatch.setattr(membership, "knock", knock)
    assert session.raylet is not None
    if not is_own:
        monkeypatch.setattr(session, "raylet", None)
    with pytest.raises(ClusterError) as error:
        joined.nodes()
    assert type(error.value) is raised


def test_a_ray_of_our_own_is_gone_and_not_asked_for_anything_once_its_node_has_died(
    make_places: Any, make_task: Any, two_places: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined, payload = Membership(), RemotePayload(ray.put(b"state"))
    places = make_places(ask=two_places, slots=1)
    places.ready(1)
    places.slots.start(places.slots.free_slots()[0], make_task(0))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    died = psutil.Process(ended.pid)
    monkeypatch.setattr(session, "raylet", died)
    while not session.node_has_died:  # as one for which nobody has waited yet
        time.sleep(0.01)
    monkeypatch.setattr(ray, "wait", _refuses)
    for _ in range(2):
        assert session.node_has_died
        assert places.slots.next_event() == Quiet()
        with pytest.raises(PayloadLost, match="the Ray that had it is gone"):
            payload.fetch()
        with pytest.raises(Expelled, match="node to which this process belongs has died"):
            joined.nodes()
        ended.wait()


def _refuses(*_: object) -> None:
    raise AuthenticationError("RPC error: WrongClusterID")


def test_nothing_waits_for_a_head_that_has_not_heard_yet_of_a_worker_that_goes(
    make_places: Any, two_places: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, killed, kill = threading.Event(), [], ray.kill

    def waits(actor: Any) -> None:
        there.wait()
        kill(actor)
        killed.append(actor)

    places = make_places(ask=two_places, slots=1)
    places.ready(1)
    [ready] = places.slots._slots
    monkeypatch.setattr(ray, "kill", lambda actor: killed.append(actor) or kill(actor))
    places.slots.release_idle()
    assert killed == [ready.actor]

    monkeypatch.setattr(ray, "kill", waits)
    monkeypatch.setattr("search.workers.partings.PARTING_SECONDS", 0.1)
    share = Share(2)
    starting = make_places(ask=two_places, share=share)
    for go in (starting.slots.release_idle, lambda: share_shrinks(starting, share)):
        starting.slots.open(2)
        go()
        assert starting.slots.slots == Slots(ready=0, waiting=0)
    share.most = 2
    starting.until(lambda: len(starting.slots._slots) == 2)
    starting.slots.close()
    assert len(killed) == 1
    there.set()
    starting.slots._fleet._partings.see_off()
    places.until(lambda: len(killed) == 7)


def share_shrinks(places: Any, share: Share) -> None:
    share.most = 0
    places.until(lambda: not places.slots._slots)


def test_a_cluster_without_nodes_is_waited_for_and_said(make_places: Any, two_places: Any) -> None:
    nodes, two_places.answer = two_places.answer, ()
    places = make_places(ask=two_places)
    places.slots.open(2)
    assert "no node is there yet" in places.slots.slots.lacking
    two_places.answer = nodes
    places.ready(2)
    assert places.slots.slots.lacking == ""


def reached(places: Any) -> bool:
    try:
        places.slots.check()
    except Outage:
        return False
    return True


def test_while_ray_is_out_of_reach_trials_go_on_and_no_worker_is_started(
    make_places: Any, make_task: Any, two_places: Any
) -> None:
    places = make_places(ask=two_places)
    places.ready(2)
    places.slots.start(places.slots.free_slots()[0], make_task(0))
    nodes, two_places.answer = two_places.answer, ClusterError("Ray cannot be reached")
    places.until(lambda: not reached(places))
    with pytest.raises(Outage, match="Ray cannot be reached"):
        places.slots.check()
    places.slots.release_idle()
    before = len(places.of(Reported))
    places.until(lambda: len(places.of(Reported)) > before + 1)
    assert places.slots.slots == Slots(ready=1, waiting=0)
    two_places.answer = nodes
    places.until(lambda: reached(places))
    places.ready(2)
    assert places.slots.busy == 1
    assert not places.of(Lost)


def test_a_ray_that_has_come_in_the_place_of_another_is_joined_as_soon_as_it_can_be(
    make_places: Any, make_task: Any, two_places: Any
) -> None:
    tries = []
    nodes = two_places.answer

    def join() -> None:
        asks = places.slots._fleet.lookout._thread, places.slots._fleet._pulse
        assert all(one._over.is_set() for one in asks), "nobody asks the one that is gone any more"
        tries.append(len(tries))
        if len(tries) < 3:
            places.slots._fleet.lookout.trouble = ClusterError("an answer of before, come late")
            raise ClusterError("not yet")
        two_places.answer = nodes

    places = make_places(ask=two_places, join=join)
    places.ready(2)
    former = list(places.slots._slots)
    places.slots.start(former[0], make_task(0))
    places.until(lambda: places.of(Reported))
    two_places.answer = Expelled("another Ray")
    places.until(lambda: not reached(places))
    places.until(lambda: reached(places) and tries == [0, 1, 2])
    for slot in former:
        ray.kill(slot.actor)  # as they went with their Ray
    places.until(lambda: places.of(Lost))
    (lost,) = places.of(Lost)
    assert (lost.number, lost.reason, lost.blames_trial) == (0, "its Ray is gone", False)
    places.ready(2)
    assert not set(former) & set(places.slots._slots)


def test_a_trial_that_goes_on_past_a_limit_is_ended_with_its_worker(
    make_places: Any, make_task: Any, two_places: Any
) -> None:
    places = make_places(
        slots=1, ask=two_places, beat_seconds=0.2, limits=Limits(seconds=0.5)
    )  # such a worker heeds no limit
    places.ready(1)
    (slot,) = places.slots.free_slots()
    places.slots.start(slot, make_task(0))
    places.until(lambda: places.of(Ended))
    (end,) = places.of(Ended)
    assert (end.outcome.kind, end.outcome.reason) == ("out_of_time", "past trial_timeout: 0.5 s")
    assert not places.of(Lost)
    places.ready(1)
    assert places.slots.free_slots()[0].where != slot.where
