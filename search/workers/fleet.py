"""Slots that come and go with the cluster's nodes, and with a study's share of them."""

import math
import time
from collections.abc import Callable
from typing import Any

import ray
from ray.exceptions import RayActorError, RayError

from lstm_attn.sequences import SequenceData
from search.errors import ClusterError
from search.records import Limits
from search.workers.actor import Worker
from search.workers.membership import Membership
from search.workers.nodes import Lookout, Need, Node
from search.workers.partings import Partings
from search.workers.refusals import no_start
from search.workers.repeated import Repeated
from search.workers.saying import NODE_DIED
from search.workers.slot import Slot, said

STARTS = 3
"""Workers that fail to start in a row before that is taken for a fault of the cluster."""
REST_SECONDS = 10.0
"""How long no worker is started after so many have failed, where others have been ready."""


class Fleet:
    """The slots of one study, and the cluster that they are in.

    Arguments:
        data: go to the object store once, and from there to each node once.
        need: of a slot.
        most: slots at most; None takes what the cluster has.
        share: gives the slots that may be held, of those there is room for.
        limits: of a trial.
        worker: what sits in a slot.
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
        need: Need,
        most: int | None,
        share: Callable[[int], int],
        limits: Limits,
        worker: type[Worker],
        ask: Callable[[], tuple[Node, ...]] | None,
        look_seconds: float,
        beat_seconds: float,
    ) -> None:
        self.slots: list[Slot] = []
        """Those whose worker is ready or starts."""
        self.trouble = ""
        """Why workers cannot start; empty where they can."""
        self.need = need
        self._content = data
        self._most = most
        self._share = share
        self._limits = limits
        self._worker = worker
        self._ask = ask
        self._look_seconds = look_seconds
        self._beat_seconds = beat_seconds
        self._ever_ready = False
        self._partings = Partings()
        self.enter()
        self.need.check(self.lookout.nodes)

    def enter(self) -> None:
        """Settle in a cluster that has just been joined.

        Raises:
            ClusterError: it does not answer.
        """
        ask = self._ask or Membership().nodes
        try:
            self._data = ray.put(self._content)
        except (RayError, OSError) as error:
            raise ClusterError(f"Ray does not take the data: {said(error)}") from error
        # Once: each new one is sent to the head, which may have gone without our knowing yet.
        self._hire = ray.remote(self._worker).options(
            max_concurrency=2, num_cpus=self.need.cpus, num_gpus=self.need.gpus
        )
        self._failed_starts, self._rests_until = 0, 0.0
        self.lookout = Lookout(ask, every=self._look_seconds)
        self._pulse = Repeated(self._beat, every=self._beat_seconds, name="pulse")
        self._allowed, self._look_at = 0, 0.0

    def leave(self) -> None:
        """Ask nothing more of the cluster, and have no further workers there."""
        self.freeze()
        self._pulse.close()
        self.lookout.close()
        self._partings.see_off()

    def check(self) -> None:
        """Raise what has ended the looking at nodes or workers, which nobody has foreseen."""
        self._pulse.check()
        self.lookout.check()

    def freeze(self) -> None:
        """Have no further workers."""
        self._allowed, self._look_at = 0, math.inf

    def open(self, places: int) -> None:
        """Have as many workers as there are places to fill, up to the slots there may be.

        Raises:
            ClusterError: none has ever started.
        """
        self.look()
        while self._held < places and self._has_room():
            self._add()

    def look(self) -> None:
        """See now and then how many slots there may be; let go of what is more, or has to leave."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + self._look_seconds
        room = self.need.room(self.lookout.nodes)
        self._allowed = min(room, self._most or room, self._share(room))
        left = {node.id for node in self.lookout.nodes if node.leaving}
        for slot in [slot for slot in self.slots if slot.node in left and not slot.leaving]:
            self._let_go(slot)
        surplus = self._held - self._allowed
        for slot in sorted(self.slots, key=_worth):
            if surplus > 0 and not slot.leaving:
                surplus -= 1
                self._let_go(slot)

    def drop(self, slot: Slot) -> None:
        """Give a slot back at once."""
        self._partings.end(slot)
        self.slots.remove(slot)

    def replace(self, slot: Slot) -> None:
        """Do without a worker, and have another if there is room for it.

        Raises:
            ClusterError: none has ever started.
        """
        self.drop(slot)
        if self._has_room():
            self._add()

    def welcome(self, slot: Slot) -> None:
        """Take a worker that has started, or do without one that could not.

        Raises:
            ClusterError: none has ever started.
        """
        try:
            slot.where, slot.node = ray.get([slot.starting, slot.placing])
        except RayError as error:
            self._refuse(slot, error)
        else:
            slot.starting = None
            self._failed_starts, self._ever_ready, self.trouble = 0, True, ""

    @property
    def _held(self) -> int:
        """Slots that are ours for longer than a trial's next batch."""
        return sum(not slot.leaving for slot in self.slots)

    def _has_room(self) -> bool:
        """Tell whether one more may be had; a Ray that is out of reach would not answer."""
        rested = time.monotonic() >= self._rests_until
        return self._held < self._allowed and rested and not self.lookout.trouble

    def _let_go(self, slot: Slot) -> None:
        """Give a slot back: at once, or as soon as its trial has given a state."""
        if slot.task is None:
            self.drop(slot)
        else:
            slot.leaving = True
            slot.tell("hand_in")

    def _add(self) -> None:
        """Have one more worker; a Ray that takes none may be gone, as the lookout will find."""
        try:
            actor: Any = self._hire.remote(self._data, gpu=self.need.gpus, limits=self._limits)
            placing = actor.__ray_call__.remote(_node_of)
            self.slots.append(Slot(actor=actor, starting=actor.ready.remote(), placing=placing))
        except RayError as error:
            self._count(error)
            self._rests_until = time.monotonic() + REST_SECONDS

    def _refuse(self, slot: Slot, error: RayError) -> None:
        """Do without a worker that could not start; a node that is gone is no fault of anybody."""
        if not isinstance(error, RayActorError) or NODE_DIED not in str(error):
            self._count(error)
        self.replace(slot)

    def _count(self, error: RayError) -> None:
        """Note that a worker has not started, and rest where that is no accident any more."""
        self._failed_starts += 1
        self.trouble = no_start(error, said(error))
        if self._failed_starts >= STARTS:
            if not self._ever_ready:
                raise ClusterError(self.trouble) from error
            self._rests_until = time.monotonic() + REST_SECONDS

    def _beat(self) -> None:
        for slot in list(self.slots):
            slot.beat()


def _node_of(_: Worker) -> str:
    """Give Ray's name for the node that a worker is on: asked of Ray, in the worker's process."""
    return ray.get_runtime_context().get_node_id()


def _worth(slot: Slot) -> tuple[bool, bool]:
    """Order slots by what is lost with them: first those that start, then idle ones."""
    return (slot.task is not None, slot.starting is None)
