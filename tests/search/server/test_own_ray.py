"""The Ray that a server has started for its studies: had again where it is lost."""

import errno
import io
import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from search.errors import ClusterError
from search.server.child import Gone, Tell
from search.server.log import Log
from search.server.own_ray import REST_SECONDS, OwnRay
from search.workers import hosting
from search.workers.refusals import unreachable

FIRST, MOST = REST_SECONDS


class Process:
    """What has a Ray, and says what a test says."""

    def __init__(self, tell: Tell, said: tuple[Any, ...]) -> None:
        self.tell = tell
        for one in said:
            tell(one)
        self.dismissed = self.killed = False

    def dismiss(self) -> None:
        self.dismissed = True

    def join(self, seconds: float) -> None: ...

    def kill(self) -> None:
        self.killed = True


class Rays:
    """Rays that are started, one after the other."""

    def __init__(self) -> None:
        self.now = 0.0
        self.out = io.StringIO()
        self.started: list[Process] = []
        self.saying: tuple[Any, ...] = ()
        self.crowded = False
        self.own = OwnRay(self.begin, Log(self.out), clock=lambda: self.now)  # type: ignore[arg-type]

    def begin(self, tell: Tell) -> Process:
        if self.crowded:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        self.started.append(Process(tell, self.saying))
        return self.started[-1]

    def events(self) -> list[tuple[str, str]]:
        said = [json.loads(line) for line in self.out.getvalue().splitlines()]
        return [(one["event"], one.get("problem", one.get("address"))) for one in said]


@pytest.fixture
def rays() -> Rays:
    return Rays()


def ready(address: str) -> dict[str, str]:
    return {"event": "ready", "address": address}


def failed(problem: str) -> dict[str, Any]:
    return {"event": "failed", "problems": [problem]}


def test_one_that_dies_is_let_go_at_once_and_another_started_in_its_place(rays: Rays) -> None:
    rays.saying = (ready("one:1"),)
    rays.own.start()
    assert rays.own.address() == "one:1"
    rays.started[0].tell(failed("its node has died"))
    assert rays.own.address() is None
    rays.started[0].tell({"event": "said", "line": "while it ends"})
    rays.saying = ()
    rays.started[0].tell(Gone(code=0))
    assert rays.own.address() is None
    assert len(rays.started) == 2
    rays.started[1].tell(ready("two:2"))
    assert rays.own.address() == "two:2"
    assert rays.events() == [("ray gone", "its node has died"), ("ray started", "two:2")]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ((failed("no room"), {"event": "said", "line": "at the end"}), "no room"),
        (({"event": "said", "line": "MemoryError"},), "MemoryError"),
        ((), "its process has ended with exit code 1"),
    ],
)
def test_a_first_one_that_cannot_be_had_is_told(said: Any, told: str, rays: Rays) -> None:
    rays.saying = (*said, Gone(code=1))
    with pytest.raises(ClusterError, match=told):
        rays.own.start()


@pytest.mark.parametrize("crowded", [False, True])
def test_one_that_does_not_start_is_tried_again_after_growing_pauses(
    crowded: bool, rays: Rays
) -> None:
    rays.saying = (ready("one:1"),)
    rays.own.start()
    rays.saying = (Gone(code=1),)
    rays.crowded = crowded
    rays.started[0].tell(Gone(code=-9))
    tried = []
    for second in range(400):
        rays.now = float(second)
        before = len(rays.events())
        assert rays.own.address() is None
        if len(rays.events()) > before:
            tried.append(rays.now)
    pauses = [after - before for before, after in pairwise(tried[1:])]
    assert pauses == sorted(pauses)
    assert pauses[0] >= FIRST
    assert MOST <= pauses[-1] <= MOST + 2
    rays.crowded, rays.saying = False, (ready("two:2"),)
    rays.now += MOST
    rays.own.address()
    assert rays.own.address() == "two:2"


def test_closed_it_ends_in_a_bounded_time(rays: Rays) -> None:
    rays.own.close()
    rays.saying = (ready("one:1"),)
    rays.own.start()
    rays.own.close()
    assert (rays.started[0].dismissed, rays.started[0].killed) == (True, True)


def knocked(error: Exception | None) -> Callable[[str], None]:
    def knock(_: str) -> None:
        if error:
            raise unreachable("one:1", "no answer") from error

    return knock


@pytest.mark.parametrize(
    ("error", "lives"), [(None, True), (TimeoutError(), True), (ConnectionRefusedError(), False)]
)
def test_a_head_that_is_slow_to_answer_lives(
    error: Exception | None, lives: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosting, "knock", knocked(error))
    assert hosting._lives("one:1") is lives
