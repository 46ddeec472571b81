"""What a lease promises, on each kind of database."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psutil
import pytest
import sqlalchemy as sa

from search import lease
from search.archive import Archive
from search.errors import LeaseLost, Outage, StudyElsewhere
from search.settings import Settings

CHILD = """
import sys, time
from search import database, lease
lease.acquire(database.open_storage(sys.argv[1], create=False).engine, "small")
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def settings(each_database: Settings) -> Settings:
    return each_database


@pytest.fixture
def engine(settings: Settings) -> Iterator[sa.Engine]:
    archive = Archive(settings)
    yield archive.storage.engine
    archive.close()


def test_a_study_has_one_owner_at_a_time(engine: sa.Engine) -> None:
    mine = lease.acquire(engine, "small")
    waited: list[lease.Holder] = []
    with pytest.raises(StudyElsewhere, match="being run by"):
        lease.acquire(engine, "small", waiting=waited.append)
    assert waited
    mine.release()
    lease.acquire(engine, "small").release()


def test_studies_do_not_wait_for_each_other(engine: sa.Engine) -> None:
    one, two = lease.acquire(engine, "one"), lease.acquire(engine, "two")
    one.release()
    two.release()


def test_each_owner_raises_the_generation(engine: sa.Engine) -> None:
    generations = []
    for _ in range(3):
        held = lease.acquire(engine, "small")
        generations.append(held.generation)
        held.release()
    assert generations == [1, 2, 3]


@pytest.mark.parametrize("buried", [True, False], ids=["waited for", "not waited for"])
def test_an_owner_that_was_killed_on_this_machine_is_replaced_at_once(
    buried: bool, settings: Settings, engine: sa.Engine
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, settings.storage], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    found = lease.holder(engine, "small")
    assert found is not None
    assert found.process == child.pid
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, and a zombie still
    if buried:
        child.wait()
    child.stdout.close()
    assert lease.holder(engine, "small") is None
    waited: list[lease.Holder] = []
    held = lease.acquire(engine, "small", waiting=waited.append)
    assert (waited, held.generation) == ([], 2)
    held.release()
    child.wait()


def test_an_owner_lives_though_the_clock_is_set(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = lease.acquire(engine, "small")
    at_first = psutil.boot_time()
    monkeypatch.setattr(psutil._pslinux, "boot_time", lambda: at_first + 60)
    assert psutil.Process().create_time() > at_first + 60, "as the kernel has it after that"
    assert lease.holder(engine, "small") is not None
    held.release()


def test_an_owner_in_another_container_with_this_machines_name_is_not_taken_for_dead(
    engine: sa.Engine,
) -> None:
    held = lease.acquire(engine, "small")
    with engine.begin() as connection:
        [host] = connection.execute(sa.select(lease._TABLE.c.host)).scalars()
        assert "/pid:[" in host
        there = {"host": host.replace("/pid:[", "/pid:[9"), "process": 2**22 - 1}
        connection.execute(lease._TABLE.update().values(**there))
    assert lease.holder(engine, "small") is not None
    held.release()


def test_a_silent_owner_elsewhere_is_waited_for_until_its_row_runs_out(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease.acquire(engine, "small").release()
    with engine.begin() as connection:
        soon = lease._CLOCKS[engine.dialect.name] + 1.2
        row = {"host": "elsewhere", "owner": "them", "expires": soon}
        connection.execute(lease._TABLE.update().values(**row))
    waited: list[float] = []
    held = lease.acquire(engine, "small", waiting=lambda h: waited.append(h.seconds_left))
    assert waited
    assert waited == sorted(waited, reverse=True)
    held.release()


def test_the_fence_refuses_a_commit_of_an_owner_that_is_one_no_more(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE facts (value INTEGER)")
    held = lease.acquire(engine, "small")
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO facts VALUES (1)")
    with engine.execution_options(unfenced=True).begin() as connection:
        connection.exec_driver_sql("UPDATE coordinator_lease SET owner = 'another'")
    with pytest.raises(LeaseLost), engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO facts VALUES (2)")
    assert held.lost
    assert not held.surely_held()
    held.release()
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT value FROM facts").scalars().all() == [1]


@pytest.mark.parametrize("each_database", ["postgresql"], indirect=True)
def test_nobody_can_take_a_study_between_the_fence_and_the_commit(
    engine: sa.Engine, settings: Settings
) -> None:
    held = lease.acquire(engine, "small")
    archive = Archive(settings)
    said: list[str] = []

    @sa.event.listens_for(engine, "commit")
    def _(_: sa.Connection) -> None:
        take = sa.select(lease._TABLE).with_for_update(nowait=True)
        with archive.storage.engine.connect() as other, suppress(Outage):
            other.execute(take)
            said.append("taken")

    with engine.begin() as connection:
        connection.exec_driver_sql("SELECT 1")
    assert said == []
    held.release()  # its own transactions take no lock that lasts
    archive.close()


def test_a_wish_to_stop_reaches_the_owner(engine: sa.Engine) -> None:
    assert not lease.ask_to_stop(engine, "small")
    held = lease.acquire(engine, "small")
    assert lease.ask_to_stop(engine, "small")
    held.renew()
    assert held.stop_asked
    held.release()
    again = lease.acquire(engine, "small")
    again.renew()
    assert not again.stop_asked
    again.release()


@pytest.mark.parametrize("each_database", ["postgresql"], indirect=True)
def test_who_finds_the_table_being_made_waits_for_it(
    engine: sa.Engine, settings: Settings, server: Any
) -> None:
    got: list[lease.Lease] = []
    waiting = threading.Thread(target=lambda: got.append(lease.acquire(engine, "small")))
    name = settings.storage.rpartition("/")[2]
    query = "SELECT FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
    with engine.begin() as maker:
        maker.execute(sa.select(sa.func.pg_advisory_xact_lock(lease._MAKING)))
        maker.execute(sa.schema.CreateTable(lease._TABLE))
        waiting.start()
        with server.connect() as watcher:
            while not watcher.execute(query, [name]).rowcount:
                assert waiting.is_alive()
                time.sleep(0.01)
    waiting.join()
    (held,) = got
    held.release()


def test_of_many_that_want_a_study_one_gets_it(engine: sa.Engine) -> None:
    got: list[lease.Lease] = []
    refused: list[StudyElsewhere] = []

    def want() -> None:
        try:
            got.append(lease.acquire(engine, "small"))
        except StudyElsewhere as error:
            refused.append(error)

    threads = [threading.Thread(target=want) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(refused)) == (1, 5)
    got[0].release()


def test_an_owner_that_this_user_may_not_see_is_taken_to_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(pid: int) -> psutil.Process:
        raise psutil.AccessDenied(pid)

    monkeypatch.setattr(lease.psutil, "Process", refuse)
    held = lease.Holder(
        owner="a",
        host=lease._host(),
        process=7,
        process_start=1.0,
        expires=9.0,
        seconds_left=5.0,
    )
    assert not held.may_be_replaced
