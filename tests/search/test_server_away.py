"""The loop over a PostgreSQL server that goes down in its commits, and comes back."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from search import lease
from search.database import postgresql
from search.errors import LeaseLost, Outage
from search.records import Blocked, Ending
from search.settings import Settings
from tests.search.test_coordinator import FakeWorkers, check_store, check_whole, coordinate, facts


@pytest.fixture
def settings(on_postgresql: Settings) -> Settings:
    return on_postgresql


class Away:
    """Stops the server at commits of its own choice: before they are made, or before their word.

    It is started again after some tries. Stands where tests of a full disk have the disk.
    """

    def __init__(self, server: Any, chance: Random, *, share: float, most: int) -> None:
        self.server = server
        self.chance = chance
        self.share = share
        self.left = most
        self.tries = 0
        self.never_back = False
        self.said: list[Any] = []
        self.stopped: list[str] = []
        self.of = threading.local()

    @property
    def down(self) -> bool:
        return self.tries > 0

    def limit(self, engine: sa.Engine) -> None:
        """Step in where a commit goes to the server; the lease's own are left alone."""
        commit = engine.dialect.do_commit

        @sa.event.listens_for(engine, "commit")
        def _(connection: sa.Connection) -> None:
            self.of.is_fenced = lease.UNFENCED not in connection.get_execution_options()

        def do_commit(connection: Any) -> None:
            if not self.of.is_fenced or not self.left or self.chance.random() >= self.share:
                commit(connection)
                return
            self.left -= 1
            self.stopped.append(self.chance.choice(["before", "after"]))
            if self.stopped[-1] == "after":
                commit(connection)
            self.tries = self.chance.randint(1, 4)
            self.server.stop()
            connection.dbapi_connection.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")

        engine.dialect.do_commit = do_commit  # type: ignore[method-assign]

    def time_passes(self) -> None:
        if self.down and not self.never_back:
            self.tries -= 1
            if not self.down:
                self.server.start()

    def back(self) -> None:
        if self.down:
            self.tries = 0
            self.server.start()


@pytest.fixture
def make_away(server: Any, make_database: Any) -> Iterator[Callable[..., Away]]:
    """Make who stops the server; it is up again before databases are dropped."""
    made: list[Away] = []

    def make(kind: type[Away] = Away, *, seed: int, share: float, most: int) -> Away:
        made.append(kind(server, Random(seed), share=share, most=most))
        return made[-1]

    yield make
    for away in made:
        away.back()


@pytest.mark.parametrize("seed", range(5))
def test_a_server_that_goes_down_in_commits_loses_and_doubles_nothing(
    seed: int, desk: Any, make_report: Any, make_away: Any, tmp_path: Path
) -> None:
    away = make_away(seed=seed, share=0.15, most=12)
    workers = FakeWorkers(make_report, 3, Random(seed), faults=0.03)
    assert coordinate(desk, workers, tmp_path / "c", disk=away) is Ending.SPENT
    assert len(away.stopped) > 3
    blocked = [fact for fact in away.said if isinstance(fact, Blocked)]
    assert len(away.said) == 2 * len(blocked) > 5
    assert all("127.0.0.1" in fact.problem for fact in blocked)
    check_whole(desk, [workers])
    check_store(desk, tmp_path / "c")


def test_with_one_slot_a_server_that_goes_down_changes_nothing_at_all(
    make_desk: Any, make_report: Any, make_away: Any, tmp_path: Path
) -> None:
    calm = make_desk(name="calm", trials=16, pruner="none")
    coordinate(calm, FakeWorkers(make_report, 1, Random(0)), tmp_path / "calm")
    torn = make_desk(trials=16, pruner="none")  # the last of them are drawn by what came before
    away = make_away(seed=1, share=0.1, most=12)
    workers = FakeWorkers(make_report, 1, Random(1))
    coordinate(torn, workers, tmp_path / "torn", disk=away)
    assert set(away.stopped) == {"before", "after"}
    assert facts(torn) == facts(calm)
    notes = [[t.user_attrs["result"] for t in desk.trials()] for desk in (calm, torn)]
    assert notes[0] == notes[1]


def test_a_server_that_stays_away_ends_the_launch_and_the_next_goes_on(
    desk: Any, make_report: Any, make_away: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "TTL_SECONDS", 2.0)  # this process lives, so its row is waited for
    away = make_away(seed=3, share=0.03, most=1)
    away.never_back = True
    first = FakeWorkers(make_report, 3, Random(7))
    with pytest.raises(Outage, match=r"is out of reach: .* launch again: the study goes on"):
        coordinate(desk, first, tmp_path / "c", disk=away)
    away.back()
    assert [trial for trial in desk.trials() if not trial.state.is_finished()]
    monkeypatch.undo()
    second = FakeWorkers(make_report, 3, Random(8))
    assert coordinate(desk, second, tmp_path / "c") is Ending.SPENT
    check_whole(desk, [first, second])
    check_store(desk, tmp_path / "c")


def test_an_owner_replaced_while_the_server_was_away_stands_down(
    desk: Any, make_report: Any, make_away: Any, tmp_path: Path
) -> None:
    class Replaced(Away):
        def time_passes(self) -> None:
            super().time_passes()
            if not self.down:
                with desk.engine.execution_options(unfenced=True).begin() as connection:
                    connection.execute(lease._TABLE.update().values(owner="another"))

    away = make_away(Replaced, seed=1, share=0.1, most=1)
    workers = FakeWorkers(make_report, 2, Random(1))
    with pytest.raises(LeaseLost):
        coordinate(desk, workers, tmp_path / "c", disk=away)
    assert not away.down


def test_what_somebody_else_has_locked_is_told_and_waited_for(
    desk: Any, make_report: Any, server: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "LOCK_SECONDS", 1)
    said: list[str] = []
    with server.connect(settings.storage.rpartition("/")[2]) as other, ExitStack() as undo:

        def through(work: Callable[[], Any]) -> Any:
            try:
                return work()
            except Outage as outage:
                said.append(str(outage))
                undo.close()
                return work()

        ledger = desk.open(through)
        task = ledger.ask()
        undo.enter_context(other.transaction())
        other.execute("LOCK TABLE trial_intermediate_values")
        ledger.report(task.number, task.attempt, make_report(1, 1.0))
    (told,) = said
    assert "is out of reach: canceling statement due to lock timeout" in told
    assert [trial.intermediate_values for trial in desk.trials()] == [{1: 1.0}]
