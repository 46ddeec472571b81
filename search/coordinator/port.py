"""What the loop needs of those who train: the workers' side is made to fit."""

from typing import Protocol, TypeVar

from search.records import Event, Slots, TrialTask

S = TypeVar("S")
"""A slot, as the workers know it."""


class Workers(Protocol[S]):
    """Where trials run."""

    @property
    def busy(self) -> int:
        """Slots in which a trial runs."""
        ...

    @property
    def slots(self) -> Slots:
        """Count the slots that are ready, and those that are waited for."""
        ...

    def open(self, places: int) -> None:
        """Have as many workers as there are places to fill, up to the slots there may be."""
        ...

    def free_slots(self) -> list[S]:
        """List the slots whose worker is ready and has nothing to do."""
        ...

    def start(self, slot: S, task: TrialTask) -> None:
        """Send a trial to a free slot."""
        ...

    def next_event(self) -> Event:
        """Wait for something to happen; `Quiet` after a moment without."""
        ...

    def stop(self, number: int, *, epoch: int) -> None:
        """End a trial as of an epoch; it has heard of it when this returns."""
        ...

    def wish_state(self, number: int) -> None:
        """Ask for a state to go on from."""
        ...

    def wish_weights(self, number: int) -> None:
        """Ask for the best weights so far."""
        ...

    def hand_in(self) -> None:
        """Ask every running trial for a state, and to end."""
        ...

    def check(self) -> None:
        """See whether the slots are within reach; an `Outage` is raised where they are not."""
        ...

    def release_idle(self) -> None:
        """Give back the slots that have nothing to do and will have nothing."""
        ...
