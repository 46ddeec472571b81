"""Trials sent to slots, what they say, and their loss.

Reports come through a streaming generator, one at a time; checkpoints stay with the worker until
they are fetched.
"""

import time
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import (
    ActorDiedError,
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayActorError,
    RayError,
    RayTaskError,
)

from lstm_attn.reports import EpochReport
from lstm_attn.sequences import SequenceData
from search.errors import ClusterError
from search.records import (
    Ended,
    Event,
    Lost,
    Outcome,
    PayloadLost,
    Quiet,
    Reported,
    Slots,
    StateGiven,
    TrialTask,
    WeightsGiven,
)
from search.workers.actor import Worker
from search.workers.cluster import resources

POLL_SECONDS = 0.2
"""How long an event is waited for before the loop gets its turn."""
TRIALS_A_WORKER = 200
"""Trials after which a worker is replaced, so that no leak could ever hurt."""
NODE_DIED = "its node has died"
"""Ray's words where a whole machine is gone, which no trial is to blame for."""
ROUNDING = 1e-9
"""So that five fifths of a GPU are five places."""
STARTS = 3
"""Workers that fail to start in a row before that is taken for a fault of the cluster."""
WISH_SECONDS = 10.0
"""How long a worker may take to hear a wish; one that is gone says so through its stream."""


@dataclass(frozen=True, slots=True)
class RemotePayload:
    """Bytes that lie in a worker's object store."""

    reference: ray.ObjectRef[bytes]

    def fetch(self) -> bytes:
        """Bring the bytes here."""
        try:
            content: bytes = ray.get(self.reference)
        except (RayActorError, ObjectLostError, NodeDiedError) as error:
            raise PayloadLost(_said(error)) from error
        return content


@dataclass(slots=True, eq=False)
class Slot:
    """A place where one trial runs at a time."""

    actor: Any
    starting: Any
    """The reference of the worker's answer; None once it is ready."""
    where: str = ""
    task: TrialTask | None = None
    stream: Any = None
    trials: int = 0


class RayWorkers:
    """The workers of one study.

    Arguments:
        data: goes to the object store once.
        slots: places at most; None takes what the cluster has.
        cpus: CPUs a slot; also its threads.
        gpus: GPUs a slot, or a share of one.
        worker: what sits in a slot; benchmarks put one there that only reports.
        trials_a_worker: trials after which a worker is replaced.
    """

    def __init__(
        self,
        data: SequenceData,
        *,
        slots: int | None,
        cpus: int,
        gpus: float,
        worker: type[Worker] = Worker,
        trials_a_worker: int = TRIALS_A_WORKER,
    ) -> None:
        self._worker = worker
        self._trials_a_worker = trials_a_worker
        self._data = ray.put(data)
        self._resources = {"num_cpus": cpus, "num_gpus": gpus}
        total = resources()
        room = total.get("CPU", 0) // cpus
        if gpus:
            room = min(room, total.get("GPU", 0) / gpus + ROUNDING)
        if room < 1:
            raise ClusterError(
                f"no room for a trial: it asks for {cpus} CPUs and {gpus:g} GPUs, and Ray has "
                f"{total.get('CPU', 0):g} CPUs and {total.get('GPU', 0):g} GPUs - "
                "ask for less in [resources]"
            )
        self._slots: list[Slot] = []
        self._failed_starts = 0
        self._wanted = min(slots or int(room), int(room))

    def open(self, places: int) -> None:
        """Have as many workers as there are places to fill, up to the slots there may be."""
        while len(self._slots) < min(self._wanted, places):
            self._slots.append(self._new_slot())

    def free_slots(self) -> list[Slot]:
        """List the slots whose worker is ready and has nothing to do."""
        return [slot for slot in self._slots if slot.starting is None and slot.task is None]

    @property
    def slots(self) -> Slots:
        """Count the slots that are ready, and those that Ray hasn't been able to give yet."""
        waiting = sum(slot.starting is not None for slot in self._slots)
        return Slots(ready=len(self._slots) - waiting, waiting=waiting)

    @property
    def busy(self) -> int:
        """Slots in which a trial runs."""
        return sum(slot.task is not None for slot in self._slots)

    def start(self, slot: Slot, task: TrialTask) -> None:
        """Send a trial to a free slot."""
        slot.task = task
        slot.trials += 1
        slot.stream = slot.actor.train.options(
            num_returns="streaming", _generator_backpressure_num_objects=1
        ).remote(task)

    def next_event(self) -> Event:
        """Wait for something to happen; `Quiet` after a moment without."""
        sources = {self._source(slot): slot for slot in self._slots if self._source(slot)}
        if not sources:
            time.sleep(POLL_SECONDS)
            return Quiet()
        done, _ = ray.wait(list(sources), num_returns=1, timeout=POLL_SECONDS, fetch_local=False)
        if not done:
            return Quiet()
        slot = sources[done[0]]
        self._slots.remove(slot)
        self._slots.append(slot)  # the others get their turn first
        return self._welcome(slot) if slot.starting is not None else self._read(slot)

    def stop(self, number: int, *, epoch: int) -> None:
        """End a trial as of an epoch; it has heard of it when this returns."""
        self._tell(number, "stop", epoch, wait=True)

    def wish_state(self, number: int) -> None:
        """Ask for a state to go on from."""
        self._tell(number, "state")

    def wish_weights(self, number: int) -> None:
        """Ask for the best weights so far."""
        self._tell(number, "weights")

    def hand_in(self) -> None:
        """Ask every running trial for a state, and to end."""
        for slot in self._slots:
            if slot.task:
                self._tell(slot.task.number, "hand_in")

    def release_idle(self) -> None:
        """Give back the slots that have nothing to do and will have nothing."""
        for slot in [slot for slot in self._slots if slot.task is None]:
            ray.kill(slot.actor)
            self._slots.remove(slot)

    def close(self) -> None:
        """End all workers, whatever they do."""
        for slot in self._slots:
            ray.kill(slot.actor)
        self._slots.clear()

    def _new_slot(self) -> Slot:
        gpu = self._resources["num_gpus"] > 0
        worker = ray.remote(self._worker).options(max_concurrency=2, **self._resources)
        actor: Any = worker.remote(self._data, gpu=gpu)
        return Slot(actor=actor, starting=actor.ready.remote())

    @staticmethod
    def _source(slot: Slot) -> object:
        return slot.starting if slot.starting is not None else slot.stream

    def _welcome(self, slot: Slot) -> Event:
        try:
            slot.where = ray.get(slot.starting)
        except RayError as error:
            self._failed_starts += 1
            if self._failed_starts >= STARTS:
                raise ClusterError(
                    f"workers cannot start, {STARTS} in a row: {_said(error)} - "
                    "see that this package and its data fit into a worker's memory"
                ) from error
            self._replace(slot)
            return Quiet()
        self._failed_starts = 0
        slot.starting = None
        return Quiet()

    def _read(self, slot: Slot) -> Event:
        """Take the next message of a slot's trial; tell a loss as one."""
        assert slot.task is not None
        number, attempt = slot.task.number, slot.task.attempt
        try:
            return self._message(slot, number, attempt)
        except (OutOfMemoryError, RayTaskError) as error:
            return self._fault(slot, error)
        except (RayActorError, ObjectLostError, NodeDiedError) as error:
            reason = _said(error).partition(". ")[0]  # what follows is advice about Ray
            blames = isinstance(error, ActorDiedError) and NODE_DIED not in str(error)
        except StopIteration:
            reason, blames = "its worker died between announcing a checkpoint and giving it", True
        self._replace(slot)
        return Lost(number=number, attempt=attempt, reason=reason, blames_trial=blames)

    def _message(self, slot: Slot, number: int, attempt: int) -> Event:
        """Take a message and what follows an announcement."""
        message = ray.get(next(slot.stream))
        if isinstance(message, EpochReport):
            return Reported(number=number, attempt=attempt, report=message)
        if isinstance(message, Outcome):
            weights = None if message.best is None else RemotePayload(next(slot.stream))
            self._free(slot)
            return Ended(number=number, attempt=attempt, outcome=message, weights=weights)
        kind, epoch, step = message
        payload = RemotePayload(next(slot.stream))
        if kind == "state":
            return StateGiven(
                number=number, attempt=attempt, epoch=epoch, step=step, payload=payload
            )
        return WeightsGiven(number=number, attempt=attempt, epoch=epoch, payload=payload)

    def _fault(self, slot: Slot, error: OutOfMemoryError | RayTaskError) -> Event:
        """End a trial that raised, or whose process took more memory than the machine has."""
        assert slot.task is not None
        kind = "out_of_memory" if isinstance(error, OutOfMemoryError) else "failed"
        task = slot.task
        self._replace(slot)
        outcome = Outcome(kind=kind, reason=_said(error), best=None)  # type: ignore[arg-type]
        return Ended(number=task.number, attempt=task.attempt, outcome=outcome, weights=None)

    def _free(self, slot: Slot) -> None:
        slot.task = slot.stream = None
        if slot.trials >= self._trials_a_worker:
            self._replace(slot)

    def _replace(self, slot: Slot) -> None:
        ray.kill(slot.actor)
        self._slots[self._slots.index(slot)] = self._new_slot()

    def _tell(self, number: int, what: str, epoch: int = 0, *, wait: bool = False) -> None:
        for slot in self._slots:
            if slot.task and slot.task.number == number:
                heard = slot.actor.hear.remote(number, slot.task.attempt, what, epoch)
                if wait:
                    ray.wait([heard], timeout=WISH_SECONDS)


def _said(error: Exception) -> str:
    """Give the last line of what Ray says, which names the cause."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(error).__name__
