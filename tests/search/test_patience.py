from collections.abc import Callable

import pytest

from search.errors import Outage
from search.patience import Interrupted, Patience
from search.records import Blocked, Ending, Fact, Unblocked


class Asked:
    ending: Ending | None = None

    def asked(self) -> Ending | None:
        return self.ending


class World:
    """A clock that moves while one waits, and a disk that is full until a time."""

    def __init__(self, until: float, *, patience: float = 600.0) -> None:
        self.now = 0.0
        self.until = until
        self.stop = Asked()
        self.said: list[Fact] = []
        self.tries: list[float] = []
        self.patience = Patience(
            self.stop,
            self.said.append,
            seconds=patience,
            clock=lambda: self.now,
            sleep=self.sleep,
        )
        self.beside = self.patience.beside()

    def sleep(self, seconds: float) -> None:
        self.now = round(self.now + seconds, 3)

    def write(self) -> str:
        self.tries.append(self.now)
        if self.now < self.until:
            raise Outage("the disk is full")
        return "written"


def test_what_goes_at_once_is_done_once_and_nothing_is_said() -> None:
    world = World(until=0)
    assert world.patience(world.write) == "written"
    assert (world.tries, world.said) == ([0], [])


def test_pauses_grow_and_are_said_once_and_once_more_at_the_end() -> None:
    world = World(until=50)
    assert world.patience(world.write) == "written"
    assert world.tries == [0, 1, 3, 7, 15, 30, 45, 60]
    assert world.said == [Blocked(problem="the disk is full", seconds=600), Unblocked(seconds=60)]


def test_patience_ends_with_the_reason_after_a_last_try() -> None:
    world = World(until=1e9, patience=10)
    with pytest.raises(Outage, match=r"the disk is full, and launch again: .*for 10 s\)"):
        world.patience(world.write)
    assert world.tries == [0, 1, 3, 7, 10]
    assert len(world.said) == 1


@pytest.mark.parametrize("ending", [Ending.INTERRUPTED, Ending.TERMINATED, Ending.TIMEOUT])
def test_a_wish_to_stop_is_heeded_in_the_middle_of_a_pause(ending: Ending) -> None:
    world = World(until=1e9)

    def ask() -> None:
        world.sleep(0.2)
        if world.now > 20:
            world.stop.ending = ending

    world.patience.meanwhile = ask
    with pytest.raises(Interrupted) as interrupted:
        world.patience(world.write)
    assert interrupted.value.ending is ending
    assert 20 < world.now < 21


def test_who_has_been_asked_to_stop_does_not_wait_at_all() -> None:
    world = World(until=1e9)
    world.stop.ending = Ending.STOPPED
    with pytest.raises(Interrupted):
        world.patience(world.write)
    assert (world.tries, world.said) == ([0], [])


def test_the_lease_is_renewed_before_each_further_try() -> None:
    world = World(until=6)
    renewed: list[float] = []
    world.patience.before_retry = lambda: renewed.append(world.now)
    world.patience(world.write)
    assert renewed == world.tries[1:] == [1, 3, 7]


def test_work_that_finds_itself_done_says_so_and_the_outage_is_over() -> None:
    world = World(until=3)

    def write() -> None:
        world.write()
        raise KeyError("it is there already")

    with pytest.raises(KeyError):
        world.patience(write)
    assert world.said == [Blocked(problem="the disk is full", seconds=600), Unblocked(seconds=3)]


def test_other_errors_are_not_waited_for() -> None:
    world = World(until=0)

    def broken() -> Callable[[], None]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.patience(broken)
    assert world.said == []


def test_what_goes_on_beside_other_things_is_tried_after_the_same_pauses() -> None:
    world, reached = World(until=50), {}
    while world.now < 70:
        reached[world.now] = world.beside(lambda: world.write() and None)
        world.sleep(0.5)
    assert world.tries[:9] == [0, 1, 3, 7, 15, 30, 45, 60, 60.5]
    assert {now for now, is_there in reached.items() if is_there} == {
        now for now in reached if now >= 60
    }
    assert world.said == [Blocked(problem="the disk is full", seconds=600), Unblocked(seconds=60)]
    world.until = 100
    assert not world.beside(lambda: world.write() and None)
    assert world.said[2:] == world.said[:1], "patience begins anew"
    again = world.now
    while world.now < again + 4:
        world.beside(lambda: world.write() and None)
        world.sleep(0.5)
    assert world.tries[-3:] == [again, again + 1, again + 3], "and so do its pauses"


def test_patience_beside_other_things_ends_with_the_same_words_after_a_last_try() -> None:
    world = World(until=1e9, patience=10)
    with pytest.raises(Outage, match=r"the disk is full, and launch again: .*for 10 s\)"):
        _pass(world)
    assert world.tries == [0, 1, 3, 7, 10]
    assert len(world.said) == 1


def _pass(world: World) -> None:
    while True:
        world.beside(lambda: world.write() and None)
        world.sleep(0.5)


def test_other_errors_beside_other_things_are_not_waited_for() -> None:
    world = World(until=0)

    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.beside(broken)
    assert world.said == []
