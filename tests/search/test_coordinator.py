"""The loop against workers that obey at once: every fault is an event, no Ray, no torch."""

import errno
import io
import json
import os
import struct
import threading
import time
import zipfile
from collections import deque
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import optuna
import pytest
import sqlalchemy as sa
from fsspec.implementations.memory import MemoryFileSystem
from optuna.trial import TrialState

from lstm_attn.headers import read_header, report_to_json, seal_state
from search import lease, summaries
from search.checkpoints import Store, at, checkpoints
from search.coordinator import Coordinator, loop
from search.errors import LeaseLost, Outage, StoreError
from search.patience import Beside, Patience, at_once
from search.records import (
    Blocked,
    Ended,
    Ending,
    Event,
    Lost,
    Outcome,
    PayloadLate,
    PayloadLost,
    Quiet,
    Reported,
    Slots,
    StateGiven,
    Stopping,
    Told,
    TrialTask,
    Unblocked,
    Unwritten,
    WeightsGiven,
)

EPOCHS = 9


class Killed(BaseException):
    """The coordinator's process is gone, in the middle of whatever it did."""


class Bytes:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def fetch(self) -> bytes:
        return self.content


class FakeWorkers:
    """Trials whose scores are a formula; a state is the number of epochs in it."""

    def __init__(self, report: Any, slots: int, chance: Random, *, faults: float = 0.0) -> None:
        self.report = report
        self.tasks: dict[int, TrialTask | None] = dict.fromkeys(range(slots))
        self.epochs: dict[int, int] = {}
        self.wishes: deque[tuple[int, str]] = deque()
        self.stops: dict[int, int] = {}
        self.started: list[TrialTask] = []
        self.chance = chance
        self.faults = faults
        self.released = 0
        self.handing_in = False
        self.handed_in: set[int] = set()

    @property
    def busy(self) -> int:
        return len(self.running())

    @property
    def slots(self) -> Slots:
        return Slots(ready=len(self.tasks), waiting=0)

    def running(self) -> list[TrialTask]:
        return [task for task in self.tasks.values() if task]

    def open(self, places: int) -> None:
        pass

    def free_slots(self) -> list[int]:
        return [slot for slot, task in self.tasks.items() if task is None]

    def start(self, slot: int, task: TrialTask) -> None:
        assert task.number not in [other.number for other in self.running()]
        self.tasks[slot] = task
        self.started.append(task)
        self.epochs[task.number] = int(task.state or b"0")
        self.stops.pop(task.number, None)

    def next_event(self) -> Event:
        while self.wishes and self.chance.random() < 0.5:
            number, what = self.wishes.popleft()
            task = next((t for t in self.running() if t.number == number), None)
            if task and what == "state":
                return self.state(task)
            if task and self.epochs[number]:
                best = self.best(task, self.epochs[number])
                return WeightsGiven(
                    number=number, attempt=task.attempt, epoch=best.epoch, payload=Bytes(b"w")
                )
        if not self.running():
            return Quiet()
        task = self.chance.choice(self.running())
        if self.chance.random() < self.faults:
            self.free(task)
            return Lost(number=task.number, attempt=task.attempt, reason="shot", blames_trial=False)
        return self.step(task)

    def step(self, task: TrialTask) -> Event:
        done, stop = self.epochs[task.number], self.stops.get(task.number)
        if stop is not None and done >= stop:
            return self.end(task, "stopped", stop)
        if self.handing_in and task.number not in self.handed_in:
            self.handed_in.add(task.number)
            return self.state(task)
        if self.handing_in:
            return self.end(task, "handed_in", done)
        if done == EPOCHS:
            return self.end(task, "completed", done)
        self.epochs[task.number] = done + 1
        return Reported(number=task.number, attempt=task.attempt, report=self.score(task, done + 1))

    def state(self, task: TrialTask) -> Event:
        epoch = self.epochs[task.number]
        payload = Bytes(str(epoch).encode())
        return StateGiven(
            number=task.number, attempt=task.attempt, epoch=epoch, step=0, payload=payload
        )

    def end(self, task: TrialTask, kind: Any, upto: int) -> Event:
        self.free(task)
        outcome = Outcome(kind=kind, reason="", best=self.best(task, upto))
        return Ended(
            number=task.number, attempt=task.attempt, outcome=outcome, weights=Bytes(b"weights")
        )

    def free(self, task: TrialTask) -> None:
        slot = next(slot for slot, other in self.tasks.items() if other is task)
        self.tasks[slot] = None

    def score(self, task: TrialTask, epoch: int) -> Any:
        wobble = 0.3 * ((task.seed >> epoch) % 5)
        return self.report(epoch, 9.0 - 0.1 * task.model.hidden_size - 0.2 * epoch + wobble)

    def best(self, task: TrialTask, upto: int) -> Any:
        reports = [self.score(task, epoch) for epoch in range(1, upto + 1)]
        return min(reports, key=lambda r: r.metrics["cross_entropy"], default=None)

    def stop(self, number: int, *, epoch: int) -> None:
        self.stops[number] = epoch

    def wish_state(self, number: int) -> None:
        self.wishes.append((number, "state"))

    def wish_weights(self, number: int) -> None:
        self.wishes.append((number, "weights"))

    def hand_in(self) -> None:
        self.handing_in = True

    def check(self) -> None:
        pass

    def release_idle(self) -> None:
        self.released += 1


class Signal:
    """Asks for an end after so many looks."""

    def __init__(self, ending: Ending | None = None, *, after: int = 0) -> None:
        self.ending, self.after = ending, after

    def asked(self) -> Ending | None:
        self.after -= 1
        return self.ending if self.after < 0 else None


class Clock:
    """Moves two seconds at each look."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 2.0
        return self.seconds


def coordinate(
    desk: Any, workers: FakeWorkers, place: Any, stop: Any = None, disk: Any = None, **more: Any
) -> Any:
    """Launch once; always let the desk go, as a dead process does."""
    stop = stop or Signal()
    through = Patience(stop, disk.said.append, seconds=100, clock=Clock()) if disk else at_once
    ledger = desk.open(through)
    store = Store(
        at(str(place)),
        generation=desk.lease.generation,
        keep=desk.spec.keep,
        may_delete=desk.lease.surely_held,
    )
    coordinator = Coordinator(
        ledger=ledger,
        workers=workers,
        store=store,
        checkpoint_every=4.0,
        clock=Clock(),
        through=through,
        **more,
    )
    if disk:
        through.meanwhile = coordinator.put_aside
        through.before_retry = disk.time_passes
        disk.limit(desk.engine)
    try:
        return coordinator.run(stop)
    finally:
        store.close()
        desk.close()


def facts(desk: Any) -> list[Any]:
    return [(t.params, t.intermediate_values, t.state, t.value) for t in desk.trials()]


def check_whole(desk: Any, workers: list[FakeWorkers]) -> None:
    """Nothing lost, doubled or left: budget, numbers, curves, seeds."""
    trials = desk.trials()
    assert [trial.number for trial in trials] == list(range(desk.spec.trials))
    assert all(trial.state.is_finished() for trial in trials)
    tasks = {task.number: task for fake in workers for task in fake.started}
    for trial in trials:
        curve, task = trial.intermediate_values, tasks[trial.number]
        assert sorted(curve) == list(range(1, len(curve) + 1))
        for epoch, value in curve.items():
            assert value == workers[0].score(task, epoch).metrics["cross_entropy"]
        assert trial.value == min(curve.values())


def check_store(desk: Any, place: Any) -> None:
    """After the end: the best weights of the leaders and nothing else."""
    trials = sorted(desk.trials(), key=lambda t: (t.value, t.number))
    kept = checkpoints(at(str(place)))
    assert {c.kind for c in kept} == {"weights"}
    assert sorted(c.number for c in kept) == sorted(t.number for t in trials[: desk.spec.keep])
    for checkpoint in kept:
        curve = desk.trials()[checkpoint.number].intermediate_values
        assert curve[checkpoint.epoch] == min(curve.values())


@pytest.mark.parametrize("slots", [1, 3])
def test_a_study_runs_to_its_budget(
    slots: int, desk: Any, make_report: Any, tmp_path: Path
) -> None:
    workers = FakeWorkers(make_report, slots, Random(1))
    assert coordinate(desk, workers, tmp_path / "c") is Ending.SPENT
    check_whole(desk, [workers])
    check_store(desk, tmp_path / "c")
    assert workers.released


@pytest.mark.parametrize("seed", range(6))
def test_kills_of_workers_and_coordinator_lose_and_double_nothing(
    seed: int, make_desk: Any, make_report: Any, tmp_path: Path
) -> None:
    chance = Random(seed)
    desk = make_desk(trials=14)
    fakes = []

    class Mortal(FakeWorkers):
        def next_event(self) -> Event:
            if chance.random() < 0.04:
                raise Killed
            return super().next_event()

    for _ in range(100):
        fakes.append(Mortal(make_report, 3, chance, faults=0.05))
        try:
            if coordinate(desk, fakes[-1], tmp_path / "c") is Ending.SPENT:
                break
        except Killed:
            continue
    assert len(fakes) > 1
    check_whole(desk, fakes)
    check_store(desk, tmp_path / "c")


def test_with_one_slot_kills_change_nothing_at_all(
    make_desk: Any, make_report: Any, tmp_path: Path
) -> None:
    calm = make_desk(trials=10)
    coordinate(calm, FakeWorkers(make_report, 1, Random(0)), tmp_path / "calm")
    expected = facts(calm)
    archive = calm.archive()
    archive.delete(archive.get("small"))
    chance = Random(5)

    class Mortal(FakeWorkers):
        def next_event(self) -> Event:
            if chance.random() < 0.1:
                raise Killed
            return super().next_event()

        def stop(self, number: int, *, epoch: int) -> None:
            if chance.random() < 0.5:
                raise Killed  # the epoch is recorded, and the verdict is owed
            super().stop(number, epoch=epoch)

    torn = make_desk(trials=10)
    for _ in range(200):
        try:
            coordinate(torn, Mortal(make_report, 1, chance, faults=0.05), tmp_path / "torn")
            break
        except Killed:
            continue
    assert facts(torn) == expected


def test_a_state_from_after_a_verdict_is_not_kept_so_that_the_next_owner_gives_it_again(
    make_desk: Any, make_report: Any, tmp_path: Path
) -> None:
    class Late(FakeWorkers):
        """Tells of a state that was asked for before the stop, then the process is gone."""

        doomed: int | None = None
        gone = False

        def stop(self, number: int, *, epoch: int) -> None:
            super().stop(number, epoch=epoch)
            self.wishes.clear()
            self.doomed = number

        def next_event(self) -> Event:
            if self.gone:
                raise Killed
            if self.doomed is None:
                return super().next_event()
            self.gone = True
            return self.state(next(task for task in self.running() if task.number == self.doomed))

    calm = make_desk(trials=10)
    coordinate(calm, FakeWorkers(make_report, 1, Random(0)), tmp_path / "calm")
    expected = facts(calm)
    archive = calm.archive()
    archive.delete(archive.get("small"))
    torn = make_desk(trials=10)
    with pytest.raises(Killed):
        coordinate(torn, Late(make_report, 1, Random(0)), tmp_path / "torn")
    coordinate(torn, FakeWorkers(make_report, 1, Random(0)), tmp_path / "torn")
    assert facts(torn) == expected


@pytest.mark.parametrize("ending", [Ending.INTERRUPTED, Ending.TIMEOUT, Ending.STOPPED])
def test_an_interrupted_study_hands_its_trials_in_and_goes_on_from_there(
    ending: Ending, desk: Any, make_report: Any, tmp_path: Path
) -> None:
    first = FakeWorkers(make_report, 2, Random(3))
    assert coordinate(desk, first, tmp_path / "c", Signal(ending, after=12)) is ending
    left = [trial for trial in desk.trials() if not trial.state.is_finished()]
    states = {c.number: c.epoch for c in checkpoints(at(str(tmp_path / "c"))) if c.kind == "state"}
    assert left
    assert states == {trial.number: trial.last_step for trial in left}
    second = FakeWorkers(make_report, 2, Random(4))
    assert coordinate(desk, second, tmp_path / "c") is Ending.SPENT
    resumed = {task.number: int(task.state) for task in second.started[: len(left)]}
    assert resumed == states
    check_whole(desk, [first, second])


def test_a_trial_whose_slot_goes_goes_on_elsewhere_from_the_state_it_gave_as_often_as_it_takes(
    desk: Any, make_report: Any, tmp_path: Path
) -> None:
    class Slow(Bytes):
        """Bytes that take a while to come."""

        def fetch(self) -> bytes:
            time.sleep(0.05)
            return super().fetch()

    class Moving(FakeWorkers):
        """Slots that go, each time after a state."""

        def state(self, task: TrialTask) -> Event:
            return replace(
                super().state(task), payload=Slow(str(self.epochs[task.number]).encode())
            )

        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            self.moved: list[tuple[int, int]] = []

        def step(self, task: TrialTask) -> Event:
            number = task.number
            if number in self.handed_in:
                self.handed_in.discard(number)
                if number not in self.stops:  # else its verdict stands, and it has ended
                    self.moved.append((number, self.epochs[number]))
                ended = self.end(task, "handed_in", self.epochs[number])
                return replace(ended, weights=None)  # as of one that does not lead
            if self.chance.random() < 0.4:
                self.handed_in.add(number)
                return self.state(task)
            return super().step(task)

    workers = Moving(make_report, 3, Random(3))
    assert coordinate(desk, workers, tmp_path / "c") is Ending.SPENT
    again = [(task.number, int(task.state or b"0")) for task in workers.started if task.attempt]
    assert sorted(again) == sorted(workers.moved)
    assert max(task.attempt for task in workers.started) > 3, "more often than a loss may happen"
    check_whole(desk, [workers])
    check_store(desk, tmp_path / "c")


def test_a_running_trial_keeps_two_states_and_leaders_their_weights(
    desk: Any, make_report: Any, tmp_path: Path
) -> None:
    workers = FakeWorkers(make_report, 2, Random(3))
    most: dict[str, int] = {"state": 0, "weights": 0}

    class Watching(Signal):
        def asked(self) -> Ending | None:
            for number in [task.number for task in workers.running()]:
                mine = [c for c in checkpoints(at(str(tmp_path / "c"))) if c.number == number]
                for kind, former in most.items():
                    most[kind] = max(former, sum(c.kind == kind for c in mine))
            return None

    coordinate(desk, workers, tmp_path / "c", Watching())
    assert most["state"] in (2, 3)  # a third while the oldest is being replaced
    assert most["weights"] in (1, 2)
    check_store(desk, tmp_path / "c")


class Disk:
    """One disk for database and store: what grows a file fails while it is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        self.tries_left = 0
        """Of what is tried again, before there is room; below 0 there never is."""
        self.said: list[Any] = []
        self._sync = os.fsync
        monkeypatch.setattr(os, "fsync", self.sync)

    def fill(self, tries: int) -> None:
        self.full, self.tries_left = True, tries

    def time_passes(self) -> None:
        self.tries_left -= 1
        self.full = self.full and self.tries_left != 0

    def sync(self, descriptor: int) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._sync(descriptor)

    def limit(self, engine: sa.Engine) -> None:
        @sa.event.listens_for(engine, "commit")
        def _(connection: Any) -> None:
            if self.full and not connection.get_execution_options().get(lease.UNFENCED):
                raise Outage("the database cannot be written: full")


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


class Filling(FakeWorkers):
    """Fills the disk at some moments of its own choice."""

    disk: Disk
    tries = 3
    share = 0.1
    filled = 0

    def next_event(self) -> Event:
        if not self.disk.full and self.chance.random() < self.share:
            self.disk.fill(self.tries)
            self.filled += 1
        return super().next_event()


def filling(disk: Disk, *given: Any, **changes: Any) -> Filling:
    workers = Filling(*given)
    workers.disk = disk
    for name, value in changes.items():
        setattr(workers, name, value)
    return workers


@pytest.mark.parametrize("seed", range(4))
def test_a_disk_that_is_full_now_and_then_loses_and_doubles_nothing(
    seed: int, desk: Any, make_report: Any, disk: Disk, tmp_path: Path
) -> None:
    workers = filling(disk, make_report, 3, Random(seed))
    workers.faults = 0.03
    assert coordinate(desk, workers, tmp_path / "c", disk=disk) is Ending.SPENT
    assert workers.filled > 2
    blocked = [fact for fact in disk.said if isinstance(fact, Blocked)]
    assert len(disk.said) == 2 * len(blocked) > 5
    check_whole(desk, [workers])
    check_store(desk, tmp_path / "c")


class FarStore(Disk):
    """An object store that cannot be reached now and then; the database can."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch)
        self.missed: set[str] = set()
        for name in ("ls", "cat_file", "pipe_file", "rm_file"):
            monkeypatch.setattr(MemoryFileSystem, name, self.reached(name))

    def reached(self, name: str) -> Any:
        real = getattr(MemoryFileSystem, name)

        def reach(*given: Any, **named: Any) -> Any:
            if self.full:
                self.missed.add(name)
                raise TimeoutError("no answer")
            return real(*given, **named)

        return reach

    def sync(self, descriptor: int) -> None:
        self._sync(descriptor)

    def limit(self, engine: sa.Engine) -> None:
        pass


@pytest.mark.parametrize("seed", range(3))
def test_a_store_out_of_reach_now_and_then_loses_and_doubles_nothing(
    seed: int, desk: Any, make_report: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    far, place = FarStore(monkeypatch), f"memory://{uuid4().hex}/c"

    class AtStarts(Filling):
        def free_slots(self) -> list[int]:
            if slots := super().free_slots():
                far.fill(2)
            return slots

    far.fill(2)
    first = filling(far, make_report, 3, Random(seed))
    asked = Signal(Ending.INTERRUPTED, after=40)
    assert coordinate(desk, first, place, asked, disk=far) is Ending.INTERRUPTED
    far.said.clear()
    far.fill(2)
    second = AtStarts(make_report, 3, Random(seed), faults=0.05)
    second.disk = far
    assert coordinate(desk, second, place, disk=far) is Ending.SPENT
    assert far.missed >= {"ls", "pipe_file"}
    blocked = [fact for fact in far.said if isinstance(fact, Blocked)]
    assert len(far.said) == 2 * len(blocked) > 5
    assert "cannot be read: no answer - see that it is up" in blocked[0].problem
    check_whole(desk, [first, second])
    check_store(desk, place)


def test_while_the_disk_is_full_trials_train_on_and_none_is_started_ended_or_stopped(
    desk: Any, make_report: Any, disk: Disk, tmp_path: Path
) -> None:
    moves: list[str] = []
    reported: list[int] = []

    class Watched(Filling):
        def start(self, slot: int, task: TrialTask) -> None:
            moves.append(f"start while full: {self.disk.full}")
            super().start(slot, task)

        def stop(self, number: int, *, epoch: int) -> None:
            moves.append(f"stop while full: {self.disk.full}")
            assert epoch >= self.epochs[number] - 1  # what it still has the weights of
            super().stop(number, epoch=epoch)

        def release_idle(self) -> None:
            moves.append(f"release while full: {self.disk.full}")
            super().release_idle()

        def step(self, task: TrialTask) -> Event:
            if self.disk.full:
                reported.append(task.number)
            return super().step(task)

    workers = Watched(make_report, 3, Random(2))
    workers.disk, workers.tries = disk, 4
    assert coordinate(desk, workers, tmp_path / "c", disk=disk) is Ending.SPENT
    assert len(reported) > 10
    assert {move.split()[0] for move in moves} == {"start", "stop", "release"}
    assert not [move for move in moves if move.endswith("True")]
    check_whole(desk, [workers])


@pytest.mark.parametrize("ending", [Ending.INTERRUPTED, Ending.TIMEOUT, Ending.STOPPED])
def test_a_study_interrupted_while_the_disk_is_full_ends_at_once_and_goes_on_later(
    ending: Ending, desk: Any, make_report: Any, disk: Disk, tmp_path: Path
) -> None:
    class Asked(Signal):
        def asked(self) -> Ending | None:
            return super().asked() if disk.full else None

    seen: list[Any] = []
    first = filling(disk, make_report, 3, Random(5), tries=-1, share=0.05)
    asked = Asked(ending, after=9)
    got = coordinate(desk, first, tmp_path / "c", asked, disk=disk, watch=seen.append)
    assert got is ending
    (said,) = [fact for fact in seen if isinstance(fact, Stopping)]
    assert "cannot be written" in said.blocked
    assert not list((tmp_path / "c").glob("*.part"))
    assert [trial for trial in desk.trials() if not trial.state.is_finished()]
    disk.full = False
    second = FakeWorkers(make_report, 3, Random(6))
    assert coordinate(desk, second, tmp_path / "c") is Ending.SPENT
    check_whole(desk, [first, second])
    check_store(desk, tmp_path / "c")


def test_a_disk_that_is_found_full_while_states_are_handed_in_ends_the_launch_all_the_same(
    desk: Any, make_report: Any, disk: Disk, tmp_path: Path
) -> None:
    class HandingIn(FakeWorkers):
        def hand_in(self) -> None:
            super().hand_in()
            disk.fill(-1)

    first = HandingIn(make_report, 3, Random(5))
    asked = Signal(Ending.TERMINATED, after=20)
    assert coordinate(desk, first, tmp_path / "c", asked, disk=disk) is Ending.TERMINATED
    assert disk.said == []
    disk.full = False
    second = FakeWorkers(make_report, 3, Random(6))
    assert coordinate(desk, second, tmp_path / "c") is Ending.SPENT
    check_whole(desk, [first, second])
    check_store(desk, tmp_path / "c")


def test_a_disk_that_stays_full_ends_the_launch_and_the_next_goes_on(
    desk: Any, make_report: Any, disk: Disk, tmp_path: Path
) -> None:
    first = filling(disk, make_report, 3, Random(7), tries=-1, share=0.03)
    with pytest.raises(Outage, match="launch again: the study goes on"):
        coordinate(desk, first, tmp_path / "c", disk=disk)
    assert [trial for trial in desk.trials() if not trial.state.is_finished()]
    disk.full = False
    second = FakeWorkers(make_report, 3, Random(8))
    assert coordinate(desk, second, tmp_path / "c") is Ending.SPENT
    check_whole(desk, [first, second])
    check_store(desk, tmp_path / "c")


def test_an_owner_replaced_while_the_disk_was_full_stands_down(
    desk: Any, make_report: Any, disk: Disk, tmp_path: Path
) -> None:
    class Replaced(Filling):
        def step(self, task: TrialTask) -> Event:
            if self.disk.full:
                with desk.engine.execution_options(unfenced=True).begin() as connection:
                    connection.exec_driver_sql("UPDATE coordinator_lease SET owner = 'another'")
            return super().step(task)

    workers = Replaced(make_report, 2, Random(1))
    workers.disk = disk
    with pytest.raises(LeaseLost):
        coordinate(desk, workers, tmp_path / "c", disk=disk)


def test_with_one_slot_a_full_disk_changes_nothing_at_all(
    make_desk: Any, make_report: Any, disk: Disk, tmp_path: Path
) -> None:
    calm = make_desk(name="calm", trials=16, pruner="none")
    coordinate(calm, FakeWorkers(make_report, 1, Random(0)), tmp_path / "calm")
    full = make_desk(trials=16, pruner="none")  # the last of them are drawn by what came before
    workers = filling(disk, make_report, 1, Random(1), tries=6, share=0.5)
    coordinate(full, workers, tmp_path / "full", disk=disk)
    assert workers.filled > 2
    assert facts(full) == facts(calm)


def test_weights_of_a_trial_that_ended_while_the_last_was_created_are_fetched_in_time(
    make_desk: Any, make_report: Any, disk: Disk, tmp_path: Path
) -> None:
    class Lies:
        """Weights that lie with a worker, for as long as it lives."""

        lost = False

        def fetch(self) -> bytes:
            if self.lost:
                raise PayloadLost("its worker was given back")
            return b"weights"

    class Filled(FakeWorkers):
        ended = 0

        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            self.lying: list[Lies] = []

        def free_slots(self) -> list[int]:
            free = super().free_slots()
            if free and len(self.started) == desk.spec.trials - 1:
                disk.fill(6)  # until the other trial has ended too
            return free

        def end(self, task: TrialTask, kind: Any, upto: int) -> Event:
            self.lying.append(Lies())
            self.ended += disk.full
            return replace(super().end(task, kind, upto), weights=self.lying[-1])

        def release_idle(self) -> None:
            for weights in self.lying:
                weights.lost = True

    desk = make_desk(trials=4, pruner="none", keep=4)
    workers = Filled(make_report, 2, Random(1))
    assert coordinate(desk, workers, tmp_path / "c", disk=disk) is Ending.SPENT
    assert workers.ended
    assert len(workers.started) == 4
    check_store(desk, tmp_path / "c")


def test_reports_that_are_not_yet_written_are_counted_until_all_are(
    desk: Any, make_report: Any, disk: Disk, tmp_path: Path
) -> None:
    workers, seen = filling(disk, make_report, 3, Random(5), tries=4, share=0.3), disk.said
    assert coordinate(desk, workers, tmp_path / "c", disk=disk, watch=seen.append) is Ending.SPENT
    told = [fact.reports for fact in seen if isinstance(fact, Unwritten)]
    assert max(told) > 2
    assert told[-1] == 0
    outages = sum(isinstance(fact, Blocked) for fact in seen)
    assert 0 < told.count(0) <= outages
    waits = False
    for fact in seen:
        waits = isinstance(fact, Blocked) or (waits and not isinstance(fact, Unblocked))
        if isinstance(fact, Unwritten):
            assert waits == (fact.reports > 0)


def test_what_was_put_aside_is_recorded_before_a_launch_ends(
    make_desk: Any, make_report: Any, disk: Disk, tmp_path: Path
) -> None:
    class AskedOnceThereIsRoom(Signal):
        def asked(self) -> Ending | None:
            there_is = any(isinstance(fact, Unblocked) for fact in disk.said)
            return Ending.INTERRUPTED if there_is else None

    class Filled(FakeWorkers):
        def next_event(self) -> Event:
            if not disk.said and self.epochs.get(0) == 4:
                disk.fill(6)  # until the trial has ended
            return super().next_event()

    desk = make_desk(pruner="none")
    workers = Filled(make_report, 1, Random(1))
    asked = AskedOnceThereIsRoom()
    assert coordinate(desk, workers, tmp_path / "c", asked, disk=disk) is Ending.INTERRUPTED
    (trial,) = desk.trials()
    assert trial.state.is_finished()
    assert len(trial.intermediate_values) == EPOCHS


def test_what_goes_wrong_in_the_background_at_the_very_end_is_told(
    desk: Any, make_report: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finishing, finish, settle = threading.Event(), Store.finish, Store.settle

    def announced(store: Store, *written: Any) -> None:
        if len(desk.trials()) == desk.spec.trials and not written:
            finishing.set()
        finish(store, *written)

    def breaks(store: Store, number: int, leaders: dict[int, int]) -> None:
        settle(store, number, leaders)
        if number == desk.spec.trials - 1:
            store._writer.submit(fail)

    def fail() -> None:
        finishing.wait(5)
        raise StoreError("the last file could not be deleted")

    monkeypatch.setattr(Store, "finish", announced)
    monkeypatch.setattr(Store, "settle", breaks)
    with pytest.raises(StoreError, match="the last file"):
        coordinate(desk, FakeWorkers(make_report, 1, Random(1)), tmp_path / "c")


class OutOfSight(FakeWorkers):
    """Whose Ray is away for a while, or for good, from some event on; their workers are not."""

    since: float = 60
    until: float = 100
    events = 0

    @property
    def is_away(self) -> bool:
        return self.since <= self.events < self.until

    def next_event(self) -> Event:
        self.events += 1
        return super().next_event()

    def check(self) -> None:
        if self.is_away:
            raise Outage("Ray cannot be reached")

    def start(self, slot: int, task: TrialTask) -> None:
        assert not self.is_away
        super().start(slot, task)

    def release_idle(self) -> None:
        assert not self.is_away
        super().release_idle()


def test_while_ray_is_away_what_its_workers_say_is_recorded_and_no_trial_is_started(
    desk: Any, make_report: Any, tmp_path: Path
) -> None:
    recorded: dict[bool, list[int]] = {True: [], False: []}

    class Watched(OutOfSight):
        def next_event(self) -> Event:
            epochs = sum(len(trial.intermediate_values) for trial in desk.trials())
            recorded[self.is_away].append(epochs)
            return super().next_event()

    workers, said = Watched(make_report, 3, Random(3)), []
    beside = Beside(said.append, seconds=1000, clock=Clock())
    assert coordinate(desk, workers, tmp_path / "c", beside=beside) is Ending.SPENT
    away = recorded[True]
    assert away[-1] - away[0] > 8, "epochs were recorded"
    assert [type(fact) for fact in said] == [Blocked, Unblocked]
    check_whole(desk, [workers])
    check_store(desk, tmp_path / "c")


@pytest.mark.parametrize("ending", [Ending.INTERRUPTED, Ending.TIMEOUT, Ending.STOPPED])
def test_a_study_interrupted_while_ray_is_away_hands_its_trials_in(
    ending: Ending, desk: Any, make_report: Any, tmp_path: Path
) -> None:
    first = OutOfSight(make_report, 3, Random(3))
    first.since, first.until = 8, 10_000

    class Asked(Signal):
        def asked(self) -> Ending | None:
            return super().asked() if first.is_away else None

    said: list[Any] = []
    beside = Beside(said.append, seconds=1000, clock=Clock())
    got = coordinate(desk, first, tmp_path / "c", Asked(ending, after=5), beside=beside)
    assert (got, [type(fact) for fact in said]) == (ending, [Blocked])
    left = [trial for trial in desk.trials() if not trial.state.is_finished()]
    states = {c.number: c.epoch for c in checkpoints(at(str(tmp_path / "c"))) if c.kind == "state"}
    assert len(left) == 3
    assert states == {trial.number: trial.last_step for trial in left}
    second = FakeWorkers(make_report, 3, Random(4))
    assert coordinate(desk, second, tmp_path / "c") is Ending.SPENT
    check_whole(desk, [first, second])


def test_a_ray_that_stays_away_ends_the_launch_and_the_next_goes_on(
    desk: Any, make_report: Any, tmp_path: Path
) -> None:
    first = OutOfSight(make_report, 3, Random(3))
    first.until = 10_000
    beside = Beside(seconds=100, clock=Clock())
    with pytest.raises(Outage, match=r"Ray cannot be reached, and launch again: the study goes on"):
        coordinate(desk, first, tmp_path / "c", beside=beside)
    second = FakeWorkers(make_report, 3, Random(4))
    assert coordinate(desk, second, tmp_path / "c") is Ending.SPENT
    check_whole(desk, [first, second])
    check_store(desk, tmp_path / "c")


CURVE = (9.0, 8.0, 7.0, 6.0, 5.0, 1.0, 2.0, 2.0, 2.0)
"""Of which epoch 6 is the best."""


class Scripted(FakeWorkers):
    """One slot, in which a script says what comes next; a checkpoint says what is in it."""

    def __init__(self, report: Any, script: str) -> None:
        super().__init__(report, 1, Random(0))
        self.script = deque(script.split())
        self.asked_at: list[int] = []
        """After which epochs weights were asked for."""

    def start(self, slot: int, task: TrialTask) -> None:
        epoch = read_header(task.state)["epoch"] if task.state else "0"
        super().start(slot, replace(task, state=epoch.encode()))

    def next_event(self) -> Event:
        if not self.script:
            raise Killed
        what, task = self.script.popleft(), self.running()[0]
        best = self.best(task, self.epochs[task.number])
        given = {"number": task.number, "attempt": task.attempt}
        match what:
            case "epoch":
                return self.step(task)
            case "state":
                return self.state(task)
            case "weights":
                return WeightsGiven(**given, epoch=best.epoch, payload=headed_weights(best))
            case "lost":
                self.free(task)
                return Lost(**given, reason="shot", blames_trial=True)
            case "out_of_memory":
                self.free(task)
                outcome = Outcome(kind="out_of_memory", reason="", best=None)
                return Ended(**given, outcome=outcome, weights=None)
            case _:
                ended = self.end(task, what, best.epoch)
                return replace(ended, weights=headed_weights(best))

    def state(self, task: TrialTask) -> Event:
        epoch = self.epochs[task.number]
        file = io.BytesIO()
        zipfile.ZipFile(file, "w").close()
        header = {"epoch": str(epoch), "best": report_to_json(self.best(task, epoch))}
        payload = Bytes(seal_state(file.getvalue(), header))
        return replace(super().state(task), payload=payload)

    def wish_state(self, number: int) -> None:
        pass

    def wish_weights(self, number: int) -> None:
        self.asked_at.append(self.epochs[number])

    def score(self, task: TrialTask, epoch: int) -> Any:
        return self.report(epoch, CURVE[epoch - 1])


def headed_weights(best: Any) -> Bytes:
    text = json.dumps({"__metadata__": {"best": report_to_json(best)}}).encode()
    return Bytes(struct.pack("<Q", len(text)) + text)


def follow(desk: Any, place: Path, report: Any, *scripts: str) -> Scripted:
    """Launch once a script, each of which ends with the death of its coordinator; give the last."""
    for script in scripts:
        workers = Scripted(report, script)
        try:
            coordinate(desk, workers, place)
        except Killed:
            continue
    return workers


def kept_of(place: Path) -> list[tuple[str, int]]:
    return [(c.kind, c.epoch) for c in checkpoints(at(str(place))) if c.number == 0]


@pytest.mark.parametrize(
    ("again", "is_over"),
    [
        ("epoch weights", False),
        ("epoch handed_in", False),
        ("epoch weights epoch weights lost epoch weights", False),
        ("epoch completed", True),
        ("epoch stopped", True),
        ("epoch out_of_time", True),
        ("epoch out_of_memory", True),
        ("epoch lost epoch lost epoch lost", True),
        ("epoch epoch epoch lost lost lost", True),
    ],
)
def test_epochs_that_are_run_again_take_nothing_from_the_weights_that_are_kept(
    again: str, is_over: bool, make_desk: Any, make_report: Any, tmp_path: Path
) -> None:
    desk = make_desk(trials=1, keep=1, pruner="none")
    first = "epoch epoch epoch state epoch epoch epoch weights"
    follow(desk, tmp_path / "c", make_report, first, again)
    assert [epoch for kind, epoch in kept_of(tmp_path / "c") if kind == "weights"] == [6]
    (trial,) = desk.trials()
    assert trial.state.is_finished() == is_over
    leader = desk.archive().summary(desk.stored()).leaders[0]
    assert (leader.value, leader.best_epoch) == (1.0, 6)


@pytest.mark.parametrize(
    ("again", "worth", "kept"),
    [
        ("epoch completed", 4, ("weights", 4)),
        ("epoch diverged", 4, ("weights", 4)),
        ("epoch lost epoch lost epoch lost", 3, ("state", 3)),
        ("epoch out_of_memory", 3, ("state", 3)),
        ("epoch epoch epoch completed", 6, ("weights", 6)),
    ],
)
def test_a_trial_that_ends_before_it_has_caught_up_is_worth_what_there_are_weights_of(
    again: str, worth: int, kept: Any, make_desk: Any, make_report: Any, tmp_path: Path
) -> None:
    desk = make_desk(trials=1, keep=1, pruner="none")
    first = "epoch epoch epoch state epoch epoch epoch"
    follow(desk, tmp_path / "c", make_report, first, again)
    (trial,) = desk.trials()
    note = trial.user_attrs[summaries.NOTE]
    assert (note["best_epoch"], note["epochs"]) == (worth, 6)
    assert note["metrics"]["cross_entropy"] == CURVE[worth - 1]
    assert kept_of(tmp_path / "c") == [kept]


def test_weights_are_asked_of_a_trial_once_it_has_caught_up_with_what_is_recorded(
    make_desk: Any, make_report: Any, tmp_path: Path
) -> None:
    desk = make_desk(trials=1, keep=1, pruner="none")
    first = "epoch epoch epoch state epoch epoch epoch"
    second = follow(desk, tmp_path / "c", make_report, first, "epoch epoch epoch epoch")
    assert second.asked_at == [6]
    third = follow(desk, tmp_path / "c", make_report, "epoch epoch epoch epoch weights", "epoch")
    assert third.asked_at == []


def test_weights_whose_bytes_are_lost_are_asked_for_again(
    make_desk: Any, make_report: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Giving(Scripted):
        def wish_weights(self, number: int) -> None:
            super().wish_weights(number)
            self.script.insert(0, "weights")

    lost: Future[None] = Future()
    lost.set_exception(PayloadLost("its worker died"))
    monkeypatch.setattr(Store, "keep_weights", lambda *_, **__: lost)
    monkeypatch.setattr(loop, "WEIGHTS_SECONDS", 0)
    desk = make_desk(trials=1, keep=1, pruner="none")
    workers = Giving(make_report, "epoch epoch epoch epoch epoch epoch epoch epoch")
    with pytest.raises(Killed):
        coordinate(desk, workers, tmp_path / "c")
    assert workers.asked_at[-3:] == [6, 7, 8]


class Late(Scripted):
    """Whose bytes do not come in time, of one kind of event."""

    kind: type[Event]

    def next_event(self) -> Event:
        event = super().next_event()
        if not isinstance(event, self.kind):
            return event
        return replace(event, **{"weights" if self.kind is Ended else "payload": NeverThere()})


class NeverThere:
    def fetch(self) -> bytes:
        raise PayloadLate("its bytes have not come within 60 s")


@pytest.mark.parametrize(
    ("kind", "script"),
    [
        (Ended, "epoch completed epoch completed epoch completed"),
        (StateGiven, "epoch state handed_in epoch state handed_in epoch state handed_in"),
    ],
)
def test_bytes_that_come_too_late_each_time_fail_their_trial_and_not_the_study(
    kind: Any, script: str, make_desk: Any, make_report: Any, tmp_path: Path
) -> None:
    desk = make_desk(trials=1, keep=1, pruner="none")
    workers = Late(make_report, script)
    workers.kind = kind
    assert coordinate(desk, workers, tmp_path / "c") is Ending.SPENT
    (trial,) = desk.trials()
    note = trial.user_attrs[summaries.NOTE]
    assert (trial.state.name, note["kind"]) == ("FAIL", "failed")
    assert "3 times in a row: its bytes have not come within 60 s" in note["reason"]


def test_bytes_of_a_running_trial_that_come_too_late_cost_it_nothing(
    make_desk: Any, make_report: Any, tmp_path: Path
) -> None:
    desk = make_desk(trials=1, keep=1, pruner="none")
    workers = Late(make_report, "epoch state epoch state epoch state epoch state completed")
    workers.kind = StateGiven
    assert coordinate(desk, workers, tmp_path / "c") is Ending.SPENT
    assert [trial.value for trial in desk.trials()] == [CURVE[3]]


@pytest.mark.parametrize(
    ("given", "said"), [({"state": TrialState.FAIL}, "failed"), ({"values": 0.5}, "complete")]
)
def test_a_trial_that_somebody_else_has_told_is_stopped_and_said_to_be_over(
    given: dict[str, Any], said: str, make_desk: Any, make_report: Any, tmp_path: Path
) -> None:
    class Meddled(Scripted):
        def next_event(self) -> Event:
            if self.script[0] == "told":
                self.script.popleft()
                study = optuna.load_study(study_name=desk.spec.name, storage=desk.archive().storage)
                study.tell(0, **given)
            return super().next_event()

        def stop(self, number: int, *, epoch: int) -> None:
            super().stop(number, epoch=epoch)
            self.script.appendleft("epoch")  # finds that it is to end

    desk = make_desk(trials=2, keep=1, pruner="none")
    workers, seen = Meddled(make_report, "epoch epoch told epoch epoch completed"), []
    got = coordinate(desk, workers, tmp_path / "c", watch=seen.append)
    assert got is Ending.SPENT
    assert workers.stops == {0: 0}
    ended = [fact.trial for fact in seen if isinstance(fact, Told)]
    assert [(one.number, one.state) for one in ended] == [(0, said), (1, "complete")]
    assert ended[0].reason == "told by someone else"
    assert [task.number for task in workers.started] == [0, 1]
    assert [c.kind for c in checkpoints(at(str(tmp_path / "c")))] in ([], ["weights"])


def test_no_trial_is_created_while_what_has_come_meanwhile_waits_to_be_heard(
    desk: Any, make_report: Any, disk: Disk, tmp_path: Path
) -> None:
    started: list[int] = []
    """In each round of filling slots."""

    class Watched(FakeWorkers):
        def free_slots(self) -> list[int]:
            free = super().free_slots()
            if not started:
                free = free[:1]  # so that one runs, and has something to say
            elif len(started) == 1:
                disk.fill(3)
            started.append(0)
            return free

        def start(self, slot: int, task: TrialTask) -> None:
            super().start(slot, task)
            started[-1] += 1

    workers = Watched(make_report, 3, Random(1))
    assert coordinate(desk, workers, tmp_path / "c", disk=disk) is Ending.SPENT
    assert started[:2] == [1, 1]
    check_whole(desk, [workers])
