"""The coordinator's hand in a study's checkpoint store.

Kept are the best weights of the leading trials, the last two states of each running trial, and
while a file is being replaced its successor too. Deleting comes last, and only while the lease is
surely ours.
"""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import cache

from lstm_attn.errors import CheckpointError
from lstm_attn.headers import read_header, report_from_json
from lstm_attn.reports import EpochReport
from search.checkpoints.files import (
    KINDS,
    PART,
    Checkpoint,
    Kind,
    checkpoints,
    is_ours,
    name_of,
    newest_intact,
)
from search.checkpoints.keeping import (
    STATES_KEPT,
    Leaders,
    displaced,
    leads,
    left_over,
    states_let_go,
    surplus,
)
from search.checkpoints.places import Place
from search.records import Payload
from search.writer import Writer


class Store:
    """Writes, settles and sweeps.

    Arguments:
        place: the study's own.
        generation: of the lease that is held.
        keep: trials whose best weights are kept.
        may_delete: tells whether the lease is surely still ours.

    Raises:
        StoreError: it cannot be made or, in all that follows, read or written.
        Outage: it is full or out of reach, likewise. What was to be written is held, and tried
            again by the next call, whichever that is; nothing overtakes it.
    """

    def __init__(
        self, place: Place, *, generation: int, keep: int, may_delete: Callable[[], bool]
    ) -> None:
        self.place = place
        self._generation = generation
        self._keep = keep
        self._may_delete = may_delete
        place.make()
        self._writer = Writer()

    def sweep(self, running: Collection[int], leaders: Leaders) -> None:
        """Delete what a former owner left: half-written files, states and weights not wanted."""
        if not self._may_delete():
            return
        for name in self.place.names():
            if name.endswith(PART) and is_ours(name):
                self.place.delete(name)
        self._delete(left_over(checkpoints(self.place), running, leaders, self._keep))

    def state(self, number: int, *, upto: int) -> bytes | None:
        """Read the newest intact state of a trial; None where there is none.

        Arguments:
            number: the trial's.
            upto: its last recorded epoch. After a power cut a state may know later ones, which
                would then never be recorded.
        """
        found = newest_intact(self.place, "state", number, upto=upto)
        return found[1] if found else None

    def bests(self, number: int, *, upto: int) -> list[EpochReport]:
        """Read which best epochs a trial's checkpoints hold the weights of.

        Arguments:
            number: the trial's.
            upto: its last recorded epoch.
        """
        found = [newest_intact(self.place, kind, number, upto=upto) for kind in KINDS]
        bests = []
        for _, content in filter(None, found):
            with suppress(CheckpointError, KeyError):  # nothing is known from it, then
                bests.append(report_from_json(read_header(content)["best"]))
        return bests

    def weights(self) -> dict[int, int]:
        """List of which trials weights are kept, each with the epoch that they are from."""
        return {c.number: c.epoch for c in checkpoints(self.place) if c.kind == "weights"}

    def keep_state(self, number: int, *, epoch: int, step: int, payload: Payload) -> Future[None]:
        """Fetch and write a state, in the background, and let the oldest go."""
        content = cache(payload.fetch)

        def work() -> None:
            self._write("state", number, epoch, step, content())
            self._delete(surplus(checkpoints(self.place), number, "state", STATES_KEPT))

        return self._writer.submit(work)

    def keep_weights(
        self, number: int, *, epoch: int, payload: Payload, leaders: Leaders
    ) -> Future[None]:
        """Fetch and write a leader's best weights, in the background.

        Its former weights go, and those of whom it has displaced.
        """
        content = cache(payload.fetch)

        def work() -> None:
            written = self._write("weights", number, epoch, 0, content())
            found = checkpoints(self.place)
            former = [c for c in found if (c.kind, c.number) == ("weights", number)]
            former = [c for c in former if c.name != written]
            self._delete(former)
            rest = [c for c in found if c not in former]
            self._delete(displaced(rest, leaders, self._keep))

        return self._writer.submit(work)

    def settle(self, number: int, leaders: Leaders) -> None:
        """Let go of a trial that has ended: its states, and weights of who leads no more."""

        def work() -> None:
            found = checkpoints(self.place)
            self._delete(states_let_go(found, number, leaders, self._keep))
            self._delete(displaced(found, leaders, self._keep))

        self._writer.submit(work)

    def leads(self, number: int, leaders: Leaders) -> bool:
        """Tell whether a trial is among those whose weights are kept."""
        return leads(number, leaders, self._keep)

    def check(self) -> None:
        """Raise what went wrong in the background since the last call."""
        self._writer.check()

    def finish(self, *written: Future[None]) -> None:
        """Wait until these are written, or all there are; raise what went wrong.

        Raises:
            PayloadLost: the content of one of these is gone.
        """
        self._writer.finish(*written)

    def close(self) -> None:
        """Write what can be written, and end: `check` tells what could not."""
        self._writer.close()

    def _write(self, kind: Kind, number: int, epoch: int, step: int, content: bytes) -> str:
        name = name_of(
            kind,
            number=number,
            epoch=epoch,
            step=step,
            generation=self._generation,
            content=content,
        )
        self.place.write_whole(name, content)
        return name

    def _delete(self, doomed: Sequence[Checkpoint]) -> None:
        for checkpoint in doomed:
            if checkpoint.generation <= self._generation and self._may_delete():
                self.place.delete(checkpoint.name)
