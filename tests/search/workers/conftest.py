"""Workers that train nothing, so that what happens to slots is quick to see."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lstm_attn.config import ModelConfig, TrainingConfig
from search import workers
from search.errors import ClusterError
from search.records import Event, Quiet, TrialTask
from search.workers.actor import Worker
from search.workers.nodes import Node


def light_worker() -> type[Worker]:
    """Make a class that travels to Ray's processes by value: these cannot import this file."""

    class Light(Worker):
        """Reports an epoch a tenth of a second until it is told to end; a state is its epoch."""

        def __init__(self, data: Any, **given: Any) -> None:
            from search.records import Limits

            limits = given.pop("limits", Limits())
            self.fails = data == "broken"
            if self.fails:
                raise ValueError("no such thing here")
            self._listen(limits, 60.0)

        def train(self, task: Any) -> Any:
            import time

            from lstm_attn.reports import EpochReport
            from search.records import Outcome

            wish = self.wish_of(task.number, task.attempt)
            self._guard.begin(wish)
            if self._leaving:
                wish.hand_in()
            epoch, kind = int(task.state or b"0"), "completed"
            while epoch < task.training.epochs:
                time.sleep(0.1)
                if wish.take_state() or wish.handing_in:
                    yield ("state", epoch, 0)
                    yield str(epoch).encode().ljust(200_000)  # too much to travel with words
                if wish.handing_in:
                    kind = "handed_in"
                    break
                epoch += 1
                yield EpochReport(
                    epoch=epoch,
                    training_loss=1.0,
                    metrics={"cross_entropy": 1.0 / epoch},
                    seconds=0.1,
                    rows_per_second=1.0,
                )
            self._guard.end(wish)
            yield Outcome(kind=kind, reason="", best=None)

    return Light


@pytest.fixture(scope="session")
def light() -> type[Worker]:
    return light_worker()


@pytest.fixture
def make_task() -> Callable[..., TrialTask]:
    def make(number: int, *, epochs: int = 10_000, **changes: Any) -> TrialTask:
        model = ModelConfig(
            variant="lstm", input_size=2, output_size=2, hidden_size=2, tokens=False, causal=False
        )
        training = TrainingConfig(
            epochs=epochs,
            batch_size=4,
            learning_rate=0.01,
            weight_decay=0.0,
            objective="cross_entropy",
            context=4,
        )
        plain: dict[str, Any] = {"attempt": 0, "seed": 1, "threads": 1, **changes}
        return TrialTask(number=number, model=model, training=training, **plain)

    return make


class Asked:
    """A cluster that answers as a test says."""

    def __init__(self, *nodes: Node) -> None:
        self.answer: tuple[Node, ...] | ClusterError = nodes

    def __call__(self) -> tuple[Node, ...]:
        if isinstance(self.answer, ClusterError):
            raise self.answer
        return self.answer


@pytest.fixture
def two_places() -> Asked:
    return Asked(Node(cpus=2))


class Places:
    """Slots, what has happened in them, and the wish for more that a coordinator has."""

    def __init__(self, slots: workers.RayWorkers, wanted: int = 9) -> None:
        self.slots = slots
        self.wanted = wanted
        self.events: list[Event] = []

    def until(self, holds: Callable[[], Any]) -> None:
        """Take events until something holds; the test's own time limit ends it."""
        while not holds():
            self.slots.open(self.wanted)
            event = self.slots.next_event()
            if not isinstance(event, Quiet):
                self.events.append(event)

    def ready(self, count: int) -> None:
        self.until(lambda: (self.slots.slots.ready, self.slots.slots.waiting) == (count, 0))

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def make_places(light: type[Worker]) -> Iterator[Callable[..., Places]]:
    made: list[Places] = []

    def make(data: Any = "data", **given: Any) -> Places:
        options: dict[str, Any] = {"slots": None, "cpus": 1, "gpus": 0.0, "worker": light, **given}
        options = {"look_seconds": 0.1, **options}
        made.append(Places(workers.RayWorkers(data, **options)))
        return made[-1]

    yield make
    for places in made:
        places.slots.close()
