"""Health and figures, as Prometheus reads them."""

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from search.errors import WrongUse
from search.server.figures import FRESH_SECONDS, Figures, answering


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def figures(clock: Clock) -> Figures:
    return Figures(clock)


@pytest.fixture
def get(figures: Figures) -> Iterator[Callable[[str], tuple[int, str]]]:
    with answering(figures, 0) as port:

        def ask(path: str) -> tuple[int, str]:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as got:
                    return got.status, got.read().decode()
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, error.read().decode()

        yield ask


def samples(text: str) -> dict[tuple[str, ...], float]:
    return {
        (one.name.removeprefix("lstm_search_"), *sorted(one.labels.values())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_what_coordinators_say_is_counted(figures: Figures, clock: Clock, get: Any) -> None:
    figures.saw_queue({"waiting": 1, "running": 1, "done": 2, "ended": 0})
    figures.began("small")
    trials = {"running": 2, "complete": 3, "pruned": 4, "failed": 0}
    for said in (
        {"event": "opened", "trials": trials},  # those that ran have nobody now
        *({"event": "trial started", "trial": number} for number in range(5)),
        {"event": "epoch"},
        {"event": "trial ended", "trial": 0, "state": "pruned"},
        {"event": "trial lost", "trial": 0},  # what is said of it afterwards counts nothing
        {"event": "trial lost", "trial": 1},
        {"event": "trial started", "trial": 1},
        {"event": "trial handed in", "trial": 2},
        {"event": "trial ended", "trial": 3, "state": "failed"},
        {"event": "slots", "ready": 2, "waiting": 1},
        {"event": "stopping"},
    ):
        figures.take("small", said)
    clock.now = 7.0
    code, text = get("/metrics")
    assert code == 200
    assert samples(text) == {
        ("studies", "waiting"): 1,
        ("studies", "running"): 1,
        ("studies", "done"): 2,
        ("studies", "ended"): 0,
        ("trials", "running", "small"): 2,
        ("trials", "complete", "small"): 3,
        ("trials", "pruned", "small"): 5,
        ("trials", "failed", "small"): 1,
        ("slots", "small"): 2,
        ("last_report_seconds", "small"): 7,
        ("unwritten_reports", "small"): 0,
    }
    figures.ended("small")
    assert not [key for key in samples(get("/metrics")[1]) if "small" in key]


def test_reports_not_yet_written_are_counted(figures: Figures, get: Any) -> None:
    figures.began("small")
    figures.take("small", {"event": "unwritten", "reports": 12})
    assert samples(get("/metrics")[1])["unwritten_reports", "small"] == 12


def test_health_is_a_database_that_has_answered_lately(
    figures: Figures, clock: Clock, get: Any
) -> None:
    assert get("/healthz")[0] == 503
    figures.saw_queue({})
    assert get("/healthz") == (200, "ok\n")
    clock.now = FRESH_SECONDS
    assert get("/healthz")[0] == 503


def test_elsewhere_there_is_nothing(get: Any) -> None:
    assert get("/")[0] == 404


def test_a_port_that_is_taken_is_told(figures: Figures) -> None:
    with (
        answering(figures, 0) as port,
        pytest.raises(WrongUse, match=f"--port: cannot listen on port {port}: Address already"),
        answering(figures, port),
    ):
        pass
