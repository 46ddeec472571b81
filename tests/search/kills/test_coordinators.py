"""The loop with ledger and store, when its process dies between any two steps of either."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from search.archive import Archive
from search.checkpoints import Store, checkpoints
from search.coordinator import Coordinator
from search.records import (
    Ended,
    Ending,
    Event,
    Outcome,
    Quiet,
    Reported,
    Slots,
    StateGiven,
    TrialTask,
    WeightsGiven,
)

EPOCHS = {0: 1, 1: 2}
"""Of each trial. The second is better than the first, and its second epoch than its first."""


@dataclass(frozen=True)
class Bytes:
    content: bytes

    def fetch(self) -> bytes:
        return self.content


class OneSlot:
    """Trains a trial at a time by a formula; a state is the number of epochs in it."""

    def __init__(self, report: Any) -> None:
        self.report = report
        self.script: Iterator[Event] = iter(())
        self.task: TrialTask | None = None

    @property
    def busy(self) -> int:
        return int(self.task is not None)

    @property
    def slots(self) -> Slots:
        return Slots(ready=1, waiting=0)

    def open(self, places: int) -> None:
        pass

    def free_slots(self) -> list[int]:
        return [] if self.task else [0]

    def start(self, slot: int, task: TrialTask) -> None:
        self.task, self.script = task, self.train(task)

    def next_event(self) -> Event:
        return next(self.script, Quiet())

    def train(self, task: TrialTask) -> Iterator[Event]:
        """Report each epoch, and give a state and the best weights after the first."""
        me: Any = {"number": task.number, "attempt": task.attempt}
        last = EPOCHS[task.number]
        for epoch in range(int(task.state or 0) + 1, last + 1):
            yield Reported(**me, report=self.score(task, epoch))
            if epoch == 1:
                yield StateGiven(**me, epoch=epoch, step=0, payload=Bytes(b"%d" % epoch))
                yield WeightsGiven(**me, epoch=epoch, payload=weights_of(task.number, epoch))
        self.task = None
        outcome = Outcome(kind="completed", reason="", best=self.score(task, last))
        yield Ended(**me, outcome=outcome, weights=weights_of(task.number, last))

    def score(self, task: TrialTask, epoch: int) -> Any:
        return self.report(epoch, worth(task.number, epoch))

    def stop(self, number: int, *, epoch: int) -> None:
        raise AssertionError("nobody is pruned")

    def wish_state(self, number: int) -> None:
        pass

    def wish_weights(self, number: int) -> None:
        pass

    def hand_in(self) -> None:
        pass

    def check(self) -> None:
        pass

    def release_idle(self) -> None:
        pass


class Never:
    def asked(self) -> Ending | None:
        return None


def worth(number: int, epoch: int) -> float:
    return 9.0 - number - epoch / 8


def weights_of(number: int, epoch: int) -> Bytes:
    """Give weights that say what they are worth."""
    return Bytes(str(worth(number, epoch)).encode())


def coordinate(desk: Any, report: Any) -> None:
    ledger = desk.open()
    folder = desk.study.place(desk.settings)
    held = desk.lease
    store = Store(
        folder, generation=held.generation, keep=desk.spec.keep, may_delete=held.surely_held
    )
    loop = Coordinator(ledger=ledger, workers=OneSlot(report), store=store, checkpoint_every=30.0)
    assert loop.run(Never()) is Ending.SPENT
    store.close()
    store.check()
    desk.close()


def look(place: Any) -> tuple[list[Any], Any, Any]:
    """Read the trials, the study's summary and the folder of its checkpoints."""
    with closing(Archive(place)) as archive:
        study = archive.get("small")
        trials = archive.storage.get_all_trials(study.id)
        return trials, archive.summary(study), study.place(place)


def test_the_best_checkpoint_loads_wherever_the_coordinator_died(
    deaths: Any, make_desk: Any, make_report: Any
) -> None:
    changes = {"trials": len(EPOCHS), "keep": 1}
    created = make_desk(**changes)
    created.open()
    created.close()

    def live(place: Any, _: Any) -> None:
        coordinate(make_desk(place, **changes), make_report)

    for place, _ in deaths(live, ["files", "commits"]):
        _, study, folder = look(place)
        told = [trial.value for trial in study.trials if trial.state != "running"]
        kept = [one.read() for one in checkpoints(folder) if one.kind == "weights"]
        assert not told or min(map(float, kept)) <= min(told), "the best, or one that is better"
        live(place, None)
        trials, study, folder = look(place)
        assert [trial.number for trial in trials] == list(EPOCHS)
        assert [trial.state.name for trial in trials] == ["COMPLETE", "COMPLETE"]
        assert [list(trial.intermediate_values) for trial in trials] == [[1], [1, 2]]
        assert [trial.best_epoch for trial in study.trials] == [1, 2]
        (kept,) = checkpoints(folder)
        assert float(kept.read()) == worth(1, 2)
        assert folder.names() == [kept.name]
