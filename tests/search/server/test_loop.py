"""What a server begins, in which order, and how it notes the end."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from search.records import Ending
from search.server.log import Log
from search.server.loop import KILLED_SECONDS, LET_GO_SECONDS
from search.server.verdicts import CRASHES, REST_SECONDS
from tests.compose import read
from tests.search.server.conftest import Child

EPOCH = {"event": "epoch", "trial": 0, "epoch": 1, "metrics": {}}


def test_who_comes_first_is_served_first_as_many_at_a_time_as_may_be(service: Any) -> None:
    for study in ("a", "b", "c"):
        service.queue.add(study)
    assert service.turn() == ["a", "b"]
    assert service.turn() == []
    service.child("b").ends("spent")
    assert service.turn() == ["c"]
    assert service.queue.standing("b") == ("done", "its budget is spent")


def test_a_place_that_comes_free_is_filled_without_waiting_for_the_next_look(service: Any) -> None:
    for study in ("a", "b", "c"):
        service.queue.add(study)
    service.turn()
    service.child("a").ends("exhausted")
    assert service.turn(seconds=0.0) == ["c"]


def test_a_study_that_is_run_elsewhere_is_left_alone_until_nobody_runs_it(service: Any) -> None:
    service.queue.add("a")
    service.elsewhere.add("a")
    assert service.turn() == []
    service.elsewhere.clear()
    assert service.turn() == ["a"]


def test_slots_are_shared_evenly_and_anew_whenever_a_study_comes_or_goes(service: Any) -> None:
    service.queue.add("a")
    service.turn()
    service.queue.add("b")
    service.turn()
    assert service.child("a").shares == [(0, 1), (0, 2)]
    assert service.child("b").shares == [(1, 2)]
    service.child("a").ends("spent")
    service.turn()
    assert service.child("b").shares[-1] == (0, 1)


@pytest.mark.parametrize(
    ("ending", "state"),
    [
        ("spent", "done"),
        ("exhausted", "done"),
        ("stopped", "ended"),
        ("timeout", "ended"),
        ("terminated", "waiting"),
        ("interrupted", "waiting"),
    ],
)
def test_an_ending_settles_whether_a_study_waits_on(ending: str, state: str, service: Any) -> None:
    service.queue.add("a")
    service.turn()
    service.child("a").ends(ending)
    assert service.turn() == (["a"] if state == "waiting" else [])
    reason = "" if state == "waiting" else Ending[ending.upper()].value
    assert service.queue.standing("a") == (state, reason)


@pytest.mark.parametrize("error", ["DataError", "UploadLost"])
def test_a_study_that_fails_by_its_own_fault_says_why_and_waits_to_be_submitted(
    error: str, service: Any
) -> None:
    service.queue.add("a")
    service.turn()
    service.child("a").fails(error, "data.train: no file '/a.csv'", "data.test: none")
    assert service.turn() == []
    assert service.queue.standing("a") == (
        "ended",
        "data.train: no file '/a.csv'\ndata.test: none",
    )
    service.queue.add("a")
    assert service.turn() == ["a"]


@pytest.mark.parametrize(
    "error", ["ClusterError", "DatabaseTrouble", "Outage", "StorageError", "StoreError"]
)
def test_after_a_fault_of_ray_or_the_database_a_study_rests_longer_each_time(
    error: str, service: Any
) -> None:
    service.queue.add("a")
    service.turn()
    waited = []
    for _ in range(7):
        service.child("a").fails(error, "it is away")
        pause = 0.0
        assert service.turn(seconds=0.0) == []
        assert service.queue.standing("a") == ("waiting", "it is away")
        while not service.turn(seconds=1.0):
            pause += 1.0
        waited.append(pause + 1.0)
    assert waited == sorted(waited)
    assert (waited[0], waited[-1]) == REST_SECONDS


@pytest.mark.parametrize("error", ["StudyElsewhere", "LeaseLost"])
def test_a_study_that_another_server_has_taken_is_no_trouble(error: str, service: Any) -> None:
    service.queue.add("a")
    service.turn()
    service.child("a").fails(error, "it is run elsewhere")
    service.turn()
    assert service.queue.standing("a") == ("waiting", "")


def test_a_study_whose_coordinator_dies_again_and_again_is_not_begun_for_ever(
    service: Any,
) -> None:
    service.queue.add("a")
    for _ in range(CRASHES):
        assert service.turn(seconds=100.0) == ["a"]
        service.child("a").says({"event": "said", "line": "MemoryError"})
        service.child("a").dies(1)
        assert service.turn(seconds=0.0) == []
    state, reason = service.queue.standing("a")
    assert (state, "MemoryError" in reason, "5 times" in reason) == ("ended", True, True)
    assert service.turn(seconds=1000.0) == []


def test_one_that_gets_on_between_its_crashes_is_begun_each_time(service: Any) -> None:
    service.queue.add("a")
    for _ in range(3 * CRASHES):
        assert service.turn(seconds=100.0) == ["a"]
        service.child("a").says(EPOCH)
        service.child("a").dies()
        assert service.turn(seconds=0.0) == []
    assert service.turn(seconds=100.0) == ["a"]


def test_an_end_that_the_database_did_not_hear_is_written_once_it_is_back(service: Any) -> None:
    service.queue.add("a")
    service.turn()
    service.queue.away = True
    service.child("a").ends("spent")
    service.turn()
    service.turn()
    service.queue.away = False
    assert service.turn() == []
    assert service.queue.standing("a") == ("done", "its budget is spent")
    said = [one["event"] for one in service.events if one["event"].startswith("database")]
    assert said == ["database unreachable", "database reached"]


def test_a_study_that_is_stopped_as_it_begins_is_let_go_and_not_begun_again(service: Any) -> None:
    one = service.queue.add("a")
    service.turn()
    service.queue.settle(one, "ended", "somebody asked it to stop")
    service.turn()
    assert service.child("a").dismissed
    assert service.turn() == []
    assert service.events[-1]["state"] == "ended"
    assert service.queue.standing("a") == ("ended", "somebody asked it to stop")


def test_a_study_that_is_submitted_again_while_it_runs_is_run_once_more(service: Any) -> None:
    service.queue.add("a")
    service.turn()
    service.queue.add("a")
    assert service.turn() == []
    service.child("a").ends("spent")
    assert service.turn() == ["a"]


def test_asked_to_end_it_lets_coordinators_hand_in_and_begins_no_others(
    make_service: Callable[..., Any],
) -> None:
    service = make_service(1)
    service.queue.add("a")
    service.queue.add("b")
    service.turn()
    assert service.server.run(Asked()) is Ending.TERMINATED
    assert [child.study for child in service.begun] == ["a"]
    assert service.child("a").dismissed
    assert not service.child("a").killed
    assert service.queue.standing("a") == ("waiting", "")
    assert [one["event"] for one in service.events][-2:] == ["gone", "stopped"]


def test_asked_to_end_it_kills_those_that_do_not_end_in_time_and_their_studies_wait(
    service: Any,
) -> None:
    service.deaf = {"a"}
    service.queue.add("a")
    service.queue.add("b")
    service.turn()
    service.pace = 1.0
    began = service.now
    assert service.server.run(Asked()) is Ending.TERMINATED
    assert LET_GO_SECONDS <= service.now - began < LET_GO_SECONDS + 20.0
    assert (service.child("a").killed, service.child("b").killed) == (True, False)
    assert [service.queue.standing(study) for study in "ab"] == [("waiting", "")] * 2


def test_compose_waits_for_longer_than_a_server_takes_to_end() -> None:
    grace = read()["services"]["server"]["stop_grace_period"]
    assert float(grace.removesuffix("s")) > LET_GO_SECONDS + KILLED_SECONDS


def test_one_that_cannot_even_be_killed_is_left(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Child, "kill", lambda _: None)
    service.deaf = {"a"}
    service.queue.add("a")
    service.turn()
    service.pace = 1.0
    assert service.server.run(Asked()) is Ending.TERMINATED


def test_a_study_that_does_not_end_when_it_is_told_to_holds_up_no_other(service: Any) -> None:
    service.deaf = {"a"}
    one = service.queue.add("a")
    service.queue.add("b")
    service.turn()
    service.queue.settle(one, "ended", "somebody asked it to stop")
    service.queue.add("c")
    service.turn()
    service.child("b").ends("spent")
    assert service.turn() == ["c"]
    assert not service.child("a").killed
    service.turn(seconds=LET_GO_SECONDS)
    assert service.child("a").killed
    service.queue.add("d")
    assert service.turn() == ["d"]


def test_without_a_ray_nothing_is_begun_and_studies_of_one_that_is_gone_go_on_in_the_next(
    service: Any,
) -> None:
    service.queue.add("a")
    service.turn()
    service.ray = None
    service.queue.add("b")
    assert service.turn() == []
    assert service.child("a").dismissed
    service.ray = "two:6379"
    assert service.turn() == ["a", "b"]
    assert [child.ray for child in service.begun] == ["one:6379", "two:6379", "two:6379"]


def test_a_study_that_dies_with_its_ray_is_not_blamed(service: Any) -> None:
    service.queue.add("a")
    for ray in range(2 * CRASHES):
        service.ray = f"{ray}:6379"
        assert service.turn() == ["a"]
        service.ray = None
        service.child("a").dies()
        assert service.turn(seconds=0.0) == []
    assert service.queue.standing("a") == ("waiting", "")


def test_where_no_process_can_be_started_a_study_waits_and_says_so(service: Any) -> None:
    service.queue.add("a")
    service.crowded = True
    for _ in range(2 * CRASHES):
        assert service.turn(seconds=100.0) == []
    assert service.queue.standing("a") == (
        "waiting",
        "no process can be started for it: Resource temporarily unavailable",
    )
    service.crowded = False
    assert service.turn(seconds=100.0) == ["a"]


def test_closed_it_ends_all_at_once(service: Any) -> None:
    service.queue.add("a")
    service.turn()
    service.server.close()
    assert service.child("a").killed


class Asked:
    def asked(self) -> Ending | None:
        return Ending.TERMINATED


def test_a_log_for_which_there_is_no_room_ends_nothing() -> None:
    out = Path("/dev/full").open("w")  # noqa: SIM115 - closing it fails as well
    Log(out)("study began", study="a")
    with pytest.raises(OSError, match="No space"):
        out.close()
