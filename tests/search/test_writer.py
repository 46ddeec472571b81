import threading
from collections.abc import Iterator

import pytest

from search.errors import Outage, StoreError
from search.records import PayloadLost
from search.writer import JOBS_HELD, Writer


class Disk:
    """Takes names while there is room; `full` names what doesn't fit."""

    def __init__(self) -> None:
        self.full: set[str] = set()
        self.written: list[str] = []
        self.tried: list[str] = []

    def write(self, name: str) -> None:
        self.tried.append(name)
        if name in self.full:
            raise Outage(f"no room for {name}")
        self.written.append(name)


@pytest.fixture
def writer() -> Iterator[Writer]:
    made = Writer()
    yield made
    made.close()


@pytest.fixture
def disk() -> Disk:
    return Disk()


def test_jobs_are_done_in_their_order(writer: Writer, disk: Disk) -> None:
    for name in "abcde":
        writer.submit(lambda name=name: disk.write(name))  # type: ignore[misc]
    writer.finish()
    assert disk.written == list("abcde")


def test_nothing_overtakes_what_lacks_room_and_it_is_tried_again_when_asked(
    writer: Writer, disk: Disk
) -> None:
    disk.full = {"a"}
    first = writer.submit(lambda: disk.write("a"))
    second = writer.submit(lambda: disk.write("b"))
    for _ in range(3):
        with pytest.raises(Outage, match="no room for a"):
            writer.finish(second)
    assert not first.done()
    assert disk.written == []
    assert set(disk.tried) == {"a"}
    disk.full.clear()
    writer.finish(second)
    assert disk.written == ["a", "b"]
    assert first.exception() is None


def test_a_job_for_which_there_is_no_room_is_refused_while_it_stands_still(
    writer: Writer, disk: Disk
) -> None:
    disk.full = {"a"}
    writer.submit(lambda: disk.write("a"))
    for _ in range(JOBS_HELD - 1):
        writer.submit(lambda: disk.write("b"))
    with pytest.raises(Outage):
        writer.submit(lambda: disk.write("c"))
    disk.full.clear()
    writer.submit(lambda: disk.write("c"))
    writer.finish()
    assert disk.written == ["a", "b", "c"]


def test_one_outage_after_another_is_told_until_all_is_written(writer: Writer, disk: Disk) -> None:
    disk.full = {"a", "b"}
    writer.submit(lambda: disk.write("a"))
    writer.submit(lambda: disk.write("b"))
    for name in "ab":
        with pytest.raises(Outage, match=f"no room for {name}"):
            writer.finish()
        disk.full.remove(name)
    writer.finish()
    assert disk.written == ["a", "b"]


def test_closing_gives_up_what_lacks_room_and_does_the_rest(disk: Disk) -> None:
    writer = Writer()
    disk.full = {"a"}
    given_up = writer.submit(lambda: disk.write("a"))
    done = writer.submit(lambda: disk.write("b"))
    with pytest.raises(Outage):
        writer.finish(given_up)
    writer.close()
    writer.close()
    assert isinstance(given_up.exception(), Outage)
    assert done.exception() is None
    assert disk.written == ["b"]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("store")]


def test_another_error_is_told_once_and_stops_nothing(writer: Writer, disk: Disk) -> None:
    def broken() -> None:
        raise StoreError("a broken disk")

    job = writer.submit(broken)
    writer.submit(lambda: disk.write("b"))
    with pytest.raises(StoreError):
        writer.finish()
    assert job.done()
    writer.finish()
    assert disk.written == ["b"]


def test_a_lost_payload_is_told_to_who_waits_for_that_very_job(writer: Writer) -> None:
    def lost() -> None:
        raise PayloadLost("its worker died")

    job = writer.submit(lost)
    with pytest.raises(PayloadLost):
        writer.finish(job)
    writer.submit(lost)
    writer.finish()
