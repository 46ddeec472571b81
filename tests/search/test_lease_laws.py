"""One owner at most, and no commit by anybody else: whoever is paused, silent, replaced or late."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import sqlalchemy as sa
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from search import lease
from search.archive import Archive
from search.errors import LeaseLost, StudyElsewhere
from search.settings import Settings

ROOT = Path(__file__).parents[2]
OWNERS = st.sampled_from(range(3))
FACTS = sa.Table("facts", sa.MetaData(), sa.Column("generation", sa.Integer))
CLOCK_OF_TESTS = """
CREATE TABLE clock (now double precision);
INSERT INTO clock VALUES (0);
CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS 'SELECT to_timestamp(now) FROM public.clock';
"""


class Refused(Exception):
    """The study is somebody else's, who was silent so far and is not waited for."""


class World:
    """Databases with a clock that stands until it is moved, and three who want the study."""

    def __init__(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch, undo: ExitStack
    ) -> None:
        self.now = 1e9
        monkeypatch.setattr(lease, "time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr(lease, "RENEW_SECONDS", 1e5)  # only when a rule says so
        self.engines = []
        for _ in range(4):
            archive = Archive(settings)
            undo.callback(archive.close)
            self.engines.append(archive.storage.engine)
        self.watcher = self.engines.pop().execution_options(**{lease.UNFENCED: True})
        self.on_server = self.watcher.dialect.name == "postgresql"
        if self.on_server:
            with self.watcher.begin() as connection:
                connection.exec_driver_sql(CLOCK_OF_TESTS)
                name = connection.exec_driver_sql("SELECT current_database()").scalar()
                path = f"ALTER DATABASE {name} SET search_path = public, pg_catalog"
                connection.exec_driver_sql(path)
        for engine in self.engines:
            sa.event.listen(engine, "connect", self._connected)
            engine.dispose()  # those that are connected know another clock
        with self.watcher.begin() as connection:
            FACTS.create(connection)

    def _connected(self, connection: Any, _: Any) -> None:
        if not self.on_server:
            connection.create_function("julianday", 1, lambda _: self.now / 86400 + 2440587.5)

    def move(self, seconds: float) -> None:
        self.now += seconds
        if self.on_server:
            with self.watcher.begin() as connection:
                connection.exec_driver_sql(f"UPDATE clock SET now = {self.now}")

    def forget(self) -> None:
        """Begin anew."""
        self.move(100)
        with self.watcher.begin() as connection:
            connection.execute(FACTS.delete())
            if sa.inspect(connection).has_table("coordinator_lease"):
                connection.execute(lease._TABLE.delete())

    def facts(self) -> list[int]:
        with self.watcher.connect() as connection:
            return list(connection.execute(sa.select(FACTS.c.generation)).scalars())


class Owners(RuleBasedStateMachine):
    """Three coordinators, each sure that the study is its own as long as nobody tells it."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.world.forget()
        self.held: dict[int, lease.Lease] = {}
        self.owner: int | None = None
        self.until = 0.0
        self.written: list[int] = []

    def teardown(self) -> None:
        for held in self.held.values():
            held.release()

    @rule(seconds=st.sampled_from([0.5, 3.0, 14.0, 16.0, 40.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.move(seconds)
        if abs(self.world.now - self.until) < 0.01:
            self.world.move(0.01)  # where it ends, SQLite's days, exact to 40 microseconds, decide

    @rule(who=OWNERS)
    def acquire(self, who: int) -> None:
        if who in self.held:
            return
        is_free = self.owner is None or self.world.now >= self.until
        try:
            self.held[who] = lease.acquire(self.world.engines[who], "small", waiting=refuse)
        except (Refused, StudyElsewhere):
            assert not is_free
            return
        assert is_free
        self.owner, self.until = who, self.world.now + lease.TTL_SECONDS

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(sorted(self.held)))
        self.held[who].renew()
        assert self.held[who].lost == (who != self.owner)
        if who == self.owner:
            self.until = self.world.now + lease.TTL_SECONDS

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def commit(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(sorted(self.held)))
        generation = self.held[who].generation
        try:
            with self.world.engines[who].begin() as connection:
                connection.execute(FACTS.insert().values(generation=generation))
        except LeaseLost:
            assert who != self.owner
            return
        assert who == self.owner, "even past its expiry, as long as nobody has taken it"
        self.written.append(generation)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(sorted(self.held)))
        self.held.pop(who).release()
        if who == self.owner:
            self.owner = None

    @invariant()
    def whoever_is_sure_is_the_owner(self) -> None:
        sure = [who for who, held in self.held.items() if held.surely_held()]
        assert sure in ([], [self.owner])

    @invariant()
    def nobody_writes_after_a_later_owner(self) -> None:
        assert self.world.facts() == self.written == sorted(self.written)


def refuse(_: lease.Holder) -> None:
    raise Refused


@pytest.mark.parametrize(
    ("each_database", "examples"), [("sqlite", 40), ("postgresql", 6)], indirect=["each_database"]
)
def test_no_commit_but_the_owners_ever_succeeds(
    each_database: Settings, examples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as undo:
        Owners.world = World(each_database, monkeypatch, undo)
        many = hypothesis_settings(max_examples=examples, stateful_step_count=25, deadline=None)
        run_state_machine_as_test(Owners, settings=many)  # type: ignore[no-untyped-call]


COORDINATOR = """
import json, os, signal, sys
from dataclasses import replace
from pathlib import Path
import sqlalchemy as sa
from lstm_attn.reports import EpochReport
from search import lease
from search.archive import opened
from search.errors import LeaseLost
from search.ledger import Ledger
from search.patience import Patience
from search.settings import Settings
from search.stopping import Stop

lease.TTL_SECONDS, lease.RENEW_SECONDS = 2.0, 0.2
if os.environ["STORAGE"].startswith("postgresql"):
    from search.database import postgresql
    postgresql.IDLE_IN_TRANSACTION_SECONDS = 1
settings = Settings(storage=os.environ["STORAGE"], checkpoints="/none", ray_address=None)

def say(**what):
    print(json.dumps(what), flush=True)

with opened(settings) as archive:
    held = lease.acquire(archive.storage.engine, "small")
    study, stop = archive.get("small"), Stop(None)
    archive.guard(study)
    stop.heed(held)
    through = Patience(stop, lambda fact: None)
    through.before_retry = held.try_to_renew
    ledger = Ledger(archive.storage, study.id, study.spec, epoch_steps=200, through=through)
    task = ledger.ask()
    say(task=task.number)
    is_last = sys.stdin.readline().strip()
    if is_last == "in a commit":
        @sa.event.listens_for(archive.storage.engine, "commit")
        def stop_here(connection):
            if lease.UNFENCED not in connection.get_execution_options():
                os.kill(os.getpid(), signal.SIGSTOP)
    else:
        sys.stdin.readline()
    try:
        ledger.report(task.number, 0, EpochReport(epoch=1, training_loss=1.0, metrics={
            name: 77.0 for name in ("cross_entropy", "perplexity", "bits_per_character")
        }, seconds=1.0, rows_per_second=1.0))
        say(outcome="written")
    except LeaseLost as error:
        say(outcome=str(error), lost=held.lost, sure=held.surely_held())
    held.release()
"""


class Other:
    """Another process that coordinates the study, and can be stopped."""

    def __init__(self, settings: Settings) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", COORDINATOR],
            env={**os.environ, "STORAGE": settings.storage},
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def hear(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def wait_until_stopped(self) -> None:
        while psutil.Process(self.process.pid).status() != psutil.STATUS_STOPPED:
            assert self.process.poll() is None
            time.sleep(0.02)

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def start() -> Iterator[Callable[[Settings], Other]]:
    with ExitStack() as undo:

        def begin(settings: Settings) -> Other:
            other = Other(settings)
            undo.callback(other.close)
            return other

        yield begin


@pytest.mark.parametrize(
    ("each_database", "where"),
    [("sqlite", "between"), ("postgresql", "between"), ("postgresql", "in a commit")],
    indirect=["each_database"],
)
def test_a_process_that_was_stopped_past_its_expiry_writes_nothing_more(
    each_database: Settings, where: str, make_desk: Any, make_report: Any, start: Any
) -> None:
    desk = make_desk(each_database)
    desk.open()
    desk.close()
    other = start(each_database)
    assert other.hear() == {"task": 0}
    other.tell(where)
    if where == "between":
        os.kill(other.process.pid, signal.SIGSTOP)
    other.wait_until_stopped()
    ledger = desk.open()  # waits for the silent owner, and its locks, and takes the study over
    assert desk.lease.generation == 3
    assert ledger.ask().number == 0
    ledger.report(0, 0, make_report(1, 1.0))
    os.kill(other.process.pid, signal.SIGCONT)
    if where == "between":
        other.tell("go on")
    told = other.hear()
    assert "another coordinator has taken this study over" in told["outcome"]
    assert (told["lost"], told["sure"]) == (True, False)
    assert other.process.wait(60) == 0
    assert [trial.intermediate_values for trial in desk.trials()] == [{1: 1.0}]
    ledger.report(0, 0, make_report(2, 2.0))  # nobody has taken anything from the new owner
    assert [trial.intermediate_values for trial in desk.trials()] == [{1: 1.0, 2: 2.0}]
