"""Trials sent to slots, and slots that come and go with the cluster's nodes.

Reports come through a streaming generator, one at a time; checkpoints stay with the worker until
they are fetched.
"""

import math
import time
from collections.abc import Callable
from typing import Any

import ray
from ray.exceptions import RayActorError, RayError

from lstm_attn.sequences import SequenceData
from search.errors import ClusterError
from search.records import Event, Limits, Quiet, Slots, TrialTask
from search.workers.actor import NO_LIMITS, Worker
from search.workers.nodes import LOOK_SECONDS, Lookout, Need, Node, nodes
from search.workers.repeated import Repeated
from search.workers.saying import NODE_DIED, lost, read
from search.workers.slot import BEAT_SECONDS, Slot, said

POLL_SECONDS = 0.2
"""How long an event is waited for before the loop gets its turn."""
TRIALS_A_WORKER = 200
"""Trials after which a worker is replaced, so that no leak could ever hurt."""
STARTS = 3
"""Workers that fail to start in a row before that is taken for a fault of the cluster."""
WISH_SECONDS = 10.0
"""How long a worker may take to hear a wish; one that is gone says so through its stream."""
REST_SECONDS = 10.0
"""How long no worker is started after so many have failed, where others have been ready."""
SILENT = "its worker gave no sign of life"


def all_of(room: int) -> int:
    """Take every slot there is room for."""
    return room


class RayWorkers:
    """The workers of one study.

    Arguments:
        data: go to the object store once, and from there to each node once.
        slots: places at most; None takes what the cluster has.
        cpus: CPUs a slot; also its threads.
        gpus: GPUs a slot, or a share of one.
        share: gives the slots that may be held, of those there is room for; asked over and over.
        limits: of a trial.
        worker: what sits in a slot; benchmarks put one there that only reports.
        trials_a_worker: trials after which a worker is replaced.
        ask: gives the nodes of the cluster.
        look_seconds: between two looks at nodes and share.
        beat_seconds: between two signs of life that are asked for.

    Raises:
        ClusterError: there are nodes, and none is large enough.
    """

    def __init__(
        self,
        data: SequenceData,
        *,
        slots: int | None,
        cpus: int,
        gpus: float,
        share: Callable[[int], int] = all_of,
        limits: Limits = NO_LIMITS,
        worker: type[Worker] = Worker,
        trials_a_worker: int = TRIALS_A_WORKER,
        ask: Callable[[], tuple[Node, ...]] = nodes,
        look_seconds: float = LOOK_SECONDS,
        beat_seconds: float = BEAT_SECONDS,
    ) -> None:
        self._need = Need(cpus=cpus, gpus=gpus)
        self._need.check(ask())
        self._most = slots
        self._share = share
        self._limits = limits
        self._worker = worker
        self._trials_a_worker = trials_a_worker
        self._data = ray.put(data)
        self._slots: list[Slot] = []
        self._allowed = 0
        self._look_at = 0.0
        self._look_seconds = look_seconds
        self._failed_starts = 0
        self._ever_ready = False
        self._rests_until = 0.0
        self._trouble = ""
        self._lookout = Lookout(ask, every=look_seconds)
        self._pulse = Repeated(self._beat, every=beat_seconds, name="pulse")

    def open(self, places: int) -> None:
        """Have as many workers as there are places to fill, up to the slots there may be."""
        self._look()
        while self._held < min(self._allowed, places) and time.monotonic() >= self._rests_until:
            self._slots.append(self._new_slot())

    def free_slots(self) -> list[Slot]:
        """List the slots whose worker is ready and has nothing to do."""
        return [slot for slot in self._slots if slot.starting is None and slot.task is None]

    @property
    def slots(self) -> Slots:
        """Count the slots that are ready, and those that Ray hasn't been able to give yet."""
        waiting = sum(slot.starting is not None for slot in self._slots)
        lacking = self._need.lacking(self._lookout.nodes) or self._trouble
        return Slots(ready=len(self._slots) - waiting, waiting=waiting, lacking=lacking)

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
        self._look()
        for slot in [slot for slot in self._slots if slot.lost]:
            if slot.task is None:
                self._replace(slot)
            elif slot.missed:
                return self._lose(slot, SILENT, blames_trial=False)
        sources = {slot.source: slot for slot in self._slots if slot.source is not None}
        if not sources:
            time.sleep(POLL_SECONDS)
            return Quiet()
        done, _ = ray.wait(list(sources), num_returns=1, timeout=POLL_SECONDS, fetch_local=False)
        if not done:
            return Quiet()
        slot = sources[done[0]]
        self._slots.remove(slot)
        self._slots.append(slot)  # the others get their turn first
        return self._welcome(slot) if slot.starting is not None else self._hear(slot)

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
        self._allowed, self._look_at = 0, math.inf
        for slot in self._slots:
            if slot.task:
                self._tell(slot.task.number, "hand_in")

    def release_idle(self) -> None:
        """Give back the slots that have nothing to do and will have nothing."""
        for slot in [slot for slot in self._slots if slot.task is None]:
            self._drop(slot)

    def close(self) -> None:
        """End all workers, whatever they do."""
        self._pulse.close()
        self._lookout.close()
        for slot in list(self._slots):
            self._drop(slot)

    # Slots that come and go.

    @property
    def _held(self) -> int:
        """Slots that are ours for longer than a trial's next batch."""
        return sum(not slot.leaving for slot in self._slots)

    def _look(self) -> None:
        """See now and then how many slots there may be; let go of what is more."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + self._look_seconds
        room = self._need.room(self._lookout.nodes)
        self._allowed = min(room, self._most or room, self._share(room))
        surplus = self._held - self._allowed
        for slot in sorted(self._slots, key=_worth):
            if surplus > 0 and not slot.leaving:
                surplus -= 1
                self._let_go(slot)

    def _let_go(self, slot: Slot) -> None:
        """Give a slot back: at once, or as soon as its trial has given a state."""
        if slot.task is None:
            self._drop(slot)
        else:
            slot.leaving = True
            self._tell(slot.task.number, "hand_in")

    def _new_slot(self) -> Slot:
        resources = {"num_cpus": self._need.cpus, "num_gpus": self._need.gpus}
        worker = ray.remote(self._worker).options(max_concurrency=2, **resources)
        actor: Any = worker.remote(self._data, gpu=self._need.gpus, limits=self._limits)
        return Slot(actor=actor, starting=actor.ready.remote())

    def _drop(self, slot: Slot) -> None:
        ray.kill(slot.actor)
        self._slots.remove(slot)

    def _replace(self, slot: Slot) -> None:
        self._drop(slot)
        if self._held < self._allowed and time.monotonic() >= self._rests_until:
            self._slots.append(self._new_slot())

    # What workers say.

    def _beat(self) -> None:
        for slot in list(self._slots):
            slot.beat()

    def _welcome(self, slot: Slot) -> Event:
        try:
            slot.where = ray.get(slot.starting)
        except RayError as error:
            self._refuse(slot, error)
        else:
            slot.starting = None
            self._failed_starts, self._ever_ready, self._trouble = 0, True, ""
        return Quiet()

    def _refuse(self, slot: Slot, error: RayError) -> None:
        """Do without a worker that could not start; a node that is gone is no fault of anybody.

        Raises:
            ClusterError: none has ever started.
        """
        if not isinstance(error, RayActorError) or NODE_DIED not in str(error):
            self._failed_starts += 1
            self._trouble = f"workers cannot start: {said(error)}"
        if self._failed_starts >= STARTS:
            if not self._ever_ready:
                raise ClusterError(
                    f"workers cannot start, {STARTS} in a row: {said(error)} - "
                    "see that this package and its data fit into a worker's memory"
                ) from error
            self._rests_until = time.monotonic() + REST_SECONDS
        self._replace(slot)

    def _hear(self, slot: Slot) -> Event:
        """Take the next message of a slot's trial."""
        heard = read(slot)
        if heard.worker_is_fit and slot.trials < self._trials_a_worker and not slot.leaving:
            if heard.trial_is_over:
                slot.task = slot.stream = None
        elif heard.trial_is_over:
            self._replace(slot)
        return heard.event

    def _lose(self, slot: Slot, reason: str, *, blames_trial: bool) -> Event:
        event = lost(slot, reason, blames_trial=blames_trial)
        self._replace(slot)
        return event

    def _tell(self, number: int, what: str, epoch: int = 0, *, wait: bool = False) -> None:
        for slot in self._slots:
            if slot.task and slot.task.number == number:
                heard = slot.actor.hear.remote(number, slot.task.attempt, what, epoch)
                if wait:
                    ray.wait([heard], timeout=WISH_SECONDS)


def _worth(slot: Slot) -> tuple[bool, bool]:
    """Order slots by what is lost with them: first those that start, then idle ones."""
    return (slot.task is not None, slot.starting is None)
