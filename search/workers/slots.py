"""Trials sent to slots, what they say, and their loss.

Reports come through a streaming generator, one at a time. A checkpoint is told once Ray has brought
its bytes to this node, so that those of a node out of reach keep nobody else's from being written.
"""

import time
from collections import deque
from collections.abc import Callable

import ray

from lstm_attn.sequences import SequenceData
from search.errors import ClusterError, Outage
from search.records import Event, Limits, Lost, Quiet, Slots, TrialTask
from search.workers.actor import NO_LIMITS, Worker
from search.workers.fleet import Fleet
from search.workers.membership import Expelled
from search.workers.nodes import LOOK_SECONDS, Need, Node
from search.workers.saying import ended_by_force, lost, read
from search.workers.session import session
from search.workers.slot import BEAT_SECONDS, Slot

POLL_SECONDS = 0.2
"""How long an event is waited for before the loop gets its turn."""
TRIALS_A_WORKER = 200
"""Trials after which a worker is replaced, so that no leak could ever hurt."""
WISH_SECONDS = 10.0
"""How long a worker may take to hear a wish; one that is gone says so through its stream."""
SILENT = "its worker gave no sign of life"
REPLACED = "its Ray is gone"
GONE = "its slot went before it began"


def all_of(room: int) -> int:
    """Take every slot there is room for."""
    return room


def nowhere() -> None:
    """Join no other cluster.

    Raises:
        ClusterError: always.
    """
    raise ClusterError("the Ray that was joined is gone - start it again")


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
        join: leaves a cluster that is gone and joins what has come in its place.
        ask: gives the nodes of the cluster; None asks Ray.
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
        join: Callable[[], None] = nowhere,
        ask: Callable[[], tuple[Node, ...]] | None = None,
        look_seconds: float = LOOK_SECONDS,
        beat_seconds: float = BEAT_SECONDS,
    ) -> None:
        self._trials_a_worker = trials_a_worker
        self._join = join
        self._losses: deque[Event] = deque()
        """Of trials whose cluster is gone."""
        self._expelled = False
        """Whether the cluster is gone, and none has been joined in its place yet."""
        self._fleet = Fleet(
            data,
            need=Need(cpus=cpus, gpus=gpus),
            most=slots,
            share=share,
            limits=limits,
            worker=worker,
            ask=ask,
            look_seconds=look_seconds,
            beat_seconds=beat_seconds,
        )

    def open(self, places: int) -> None:
        """Have as many workers as there are places to fill, up to the slots there may be."""
        self._fleet.open(places)

    def free_slots(self) -> list[Slot]:
        """List the slots whose worker is ready and has nothing to do."""
        idle = [slot for slot in self._slots if slot.starting is None and slot.task is None]
        return [slot for slot in idle if not slot.lost]

    @property
    def slots(self) -> Slots:
        """Count the slots that are ready, and those that Ray hasn't been able to give yet."""
        waiting = sum(slot.starting is not None for slot in self._slots)
        lacking = self._fleet.need.lacking(self._fleet.lookout.nodes) or self._fleet.trouble
        return Slots(ready=len(self._slots) - waiting, waiting=waiting, lacking=lacking)

    @property
    def busy(self) -> int:
        """Slots in which a trial runs."""
        return sum(slot.task is not None for slot in self._slots) + len(self._losses)

    def start(self, slot: Slot, task: TrialTask) -> None:
        """Send a trial to a free slot; where that has gone meanwhile, the trial is told as lost."""
        if slot in self._slots and not slot.lost:
            slot.start(task)
        else:
            self._losses.append(
                Lost(number=task.number, attempt=task.attempt, reason=GONE, blames_trial=False)
            )

    def next_event(self) -> Event:
        """Wait for something to happen; `Quiet` after a moment without."""
        if self._losses:
            return self._losses.popleft()
        self._fleet.look()
        for slot in [slot for slot in self._slots if slot.lost]:
            if event := self._bury(slot):
                return event
        sources = {slot.source: slot for slot in self._slots if slot.source is not None}
        if not sources or session.node_has_died:  # for listening then, Ray would end this process
            time.sleep(POLL_SECONDS)
            return Quiet()
        done, _ = ray.wait(list(sources), num_returns=1, timeout=POLL_SECONDS)
        if not done:
            return Quiet()
        slot = sources[done[0]]
        self._slots.remove(slot)
        self._slots.append(slot)  # the others get their turn first
        if slot.starting is None:
            return self._hear(slot)
        self._fleet.welcome(slot)
        return Quiet()

    def stop(self, number: int, *, epoch: int) -> None:
        """End a trial as of an epoch; it has heard of it when this returns."""
        for heard in self._tell(number, "stop", epoch):
            ray.wait([heard], timeout=WISH_SECONDS)

    def wish_state(self, number: int) -> None:
        """Ask for a state to go on from."""
        self._tell(number, "state")

    def wish_weights(self, number: int) -> None:
        """Ask for the best weights so far."""
        self._tell(number, "weights")

    def hand_in(self) -> None:
        """Ask every running trial for a state, and to end."""
        self._fleet.freeze()
        for slot in self._slots:
            if slot.task:
                slot.tell("hand_in")

    def release_idle(self) -> None:
        """Give back the slots that have nothing to do and will have nothing."""
        for slot in [slot for slot in self._slots if slot.task is None]:
            self._fleet.drop(slot)

    def check(self) -> None:
        """See whether Ray is within reach; what has come in its place is joined.

        Raises:
            Outage: it is out of reach.
        """
        self._fleet.check()
        lookout = self._fleet.lookout
        if self._expelled or isinstance(lookout.trouble, Expelled):
            self._join_anew()
        elif lookout.out_of_reach:
            raise Outage(*lookout.out_of_reach.problems)

    def close(self) -> None:
        """End all workers, whatever they do."""
        for slot in list(self._slots):
            self._fleet.drop(slot)
        self._fleet.leave()

    @property
    def _slots(self) -> list[Slot]:
        return self._fleet.slots

    def _join_anew(self) -> None:
        """Have the trials of a cluster that is gone go on in what has come in its place."""
        if not self._expelled:
            self._expelled = True
            self._fleet.leave()
            self._losses.extend(
                lost(slot, REPLACED, blames_trial=False) for slot in self._slots if slot.task
            )
            self._slots.clear()
        try:
            self._join()
            self._fleet.enter()
        except ClusterError as error:
            raise Outage(*error.problems) from error
        self._expelled = False

    def _bury(self, slot: Slot) -> Event | None:
        """Do without a worker that does not answer, or ends no trial that is past a limit.

        Where one was found dead, its stream will tell what has become of its trial.
        """
        event: Event = Quiet()
        if slot.task is not None and (over := slot.overrun):
            event = ended_by_force(slot, over)
        elif slot.task is not None and slot.missed:
            event = lost(slot, SILENT, blames_trial=False)
        elif slot.task is not None:
            return None
        self._fleet.replace(slot)
        return event

    def _hear(self, slot: Slot) -> Event:
        """Take the next message of a slot's trial."""
        heard = read(slot)
        if not heard.trial_is_over:
            return heard.event
        if heard.worker_is_fit and slot.trials < self._trials_a_worker and not slot.leaving:
            slot.task = slot.stream = None
        else:
            self._fleet.replace(slot)
        return heard.event

    def _tell(self, number: int, what: str, epoch: int = 0) -> list[object]:
        return [
            slot.tell(what, epoch)
            for slot in self._slots
            if slot.task and slot.task.number == number
        ]
