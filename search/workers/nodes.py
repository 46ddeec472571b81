"""What the cluster has room for: counted node by node, since no trial spans two."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from search.errors import ClusterError
from search.workers.repeated import Repeated

LOOK_SECONDS = 1.0
"""How often the cluster is asked which nodes it has."""
FAILURES = 5
"""Questions in a row without an answer after which Ray is out of reach."""
ROUNDING = 1e-9
"""So that five fifths of a GPU are five places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A machine of the cluster that is there."""

    cpus: float
    """CPUs that Ray may give on it, in use or not."""
    gpus: float = 0.0
    """Likewise GPUs."""
    id: str = ""
    """Ray's name for it."""
    leaving: bool = False
    """Whether it is about to be taken away: Ray starts nothing more on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a slot takes."""

    cpus: int
    """From 1."""
    gpus: float = 0.0
    """GPUs, or a share of one; 0 for none."""

    def room(self, nodes: Iterable[Node]) -> int:
        """Count the slots for which there is room, in use or not, on nodes that stay."""
        return sum(self._on(node) for node in nodes if not node.leaving)

    def lacking(self, nodes: Iterable[Node]) -> str:
        """Say what is asked for and what there is, where no node is large enough; else nothing."""
        known = list(nodes)
        if self.room(known):
            return ""
        asked = f"a trial asks for {self._told(self.cpus, self.gpus)}"
        if not _at_work(known):
            return f"{asked}, and no node is there yet"
        largest = max(_at_work(known), key=lambda node: (min(node.gpus, self.gpus), node.cpus))
        return f"{asked}, and the largest node of Ray has {self._told(largest.cpus, largest.gpus)}"

    def check(self, nodes: Iterable[Node]) -> None:
        """Refuse a cluster that has nodes of which none is large enough.

        Raises:
            ClusterError: with what is asked for and what there is.
        """
        known = list(nodes)
        if _at_work(known) and (lacking := self.lacking(known)):
            settings = "cpus_per_trial" + (" or gpus_per_trial" if self.gpus else "")
            raise ClusterError(
                f"no room for a trial: {lacking} - lower {settings} in [resources], or add a node"
            )

    def _told(self, cpus: float, gpus: float) -> str:
        """Name so many CPUs, and GPUs where some are asked for."""
        amounts = [(cpus, "CPU"), *([(gpus, "GPU")] if self.gpus else [])]
        return " and ".join(f"{n:g} {name}{'' if n == 1 else 's'}" for n, name in amounts)

    def _on(self, node: Node) -> int:
        places = int(node.cpus // self.cpus)
        if not self.gpus:
            return places
        # A share lies on one card; the rest of two cards makes no third share.
        return min(places, int(node.gpus) * int(1 / self.gpus + ROUNDING))


class Lookout:
    """Knows which nodes there are, from a thread of its own: Ray may take minutes to answer.

    Arguments:
        ask: gives the nodes.
        every: seconds between two questions.
    """

    def __init__(self, ask: Callable[[], tuple[Node, ...]], *, every: float = LOOK_SECONDS) -> None:
        self._ask = ask
        self.nodes = ask()
        """As they were when Ray last answered."""
        self.trouble: ClusterError | None = None
        """Why it has not answered since; None where it has."""
        self._failed = 0
        self._thread = Repeated(self._look, every=every, name="nodes")

    def close(self) -> None:
        """Ask no more."""
        self._thread.close()

    def check(self) -> None:
        """Raise what has ended it, which nobody has foreseen."""
        self._thread.check()

    def _look(self) -> None:
        try:
            self.nodes = self._ask()
        except ClusterError as error:
            self.trouble = error
            self._failed += 1
        else:
            self._failed, self.trouble = 0, None

    @property
    def out_of_reach(self) -> ClusterError | None:
        """Why Ray has not said for some time which nodes there are; None where it has."""
        return self.trouble if self._failed >= FAILURES else None


def _at_work(nodes: Iterable[Node]) -> list[Node]:
    """Leave out a head that is there to manage others only, and who is about to go."""
    return [node for node in nodes if node.cpus and not node.leaving]
