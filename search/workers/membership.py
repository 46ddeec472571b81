"""Whether this process still belongs to the cluster that it joined, and which nodes that has.

A Ray that is out of reach must not be asked anything: a question may wait for minutes, and one that
waits when another Ray begins at the same address ends this process.
"""

from typing import Any

import ray
from ray._private.state import state  # as Ray's own libraries ask which nodes drain
from ray._raylet import GcsClient  # type: ignore[attr-defined]  # Ray's only such name
from ray.exceptions import RayError

from search.errors import ClusterError
from search.workers.cluster import address, knock
from search.workers.nodes import Node
from search.workers.session import session

_TROUBLES = (RayError, OSError, ValueError)
"""What Ray raises where it does not answer: as its own code turns the states of its core's into."""
DIED = "the Ray node to which this process belongs has died"


class Expelled(ClusterError):
    """The cluster that was joined is no more; another may be joined in its place."""


class Membership:
    """Of the cluster that has just been joined.

    Raises:
        ClusterError: it is out of reach.
    """

    def __init__(self) -> None:
        self._address = address()
        self._node = ray.get_runtime_context().get_node_id()
        self._cluster = _cluster_at(self._address)
        self._certain = True

    def nodes(self) -> tuple[Node, ...]:
        """List the nodes that are there.

        Raises:
            Expelled: this process has to join anew.
            ClusterError: the cluster cannot be reached, or does not say.
        """
        if session.node_has_died:
            raise Expelled(DIED)
        try:
            knock(self._address)
        except ClusterError as error:
            self._certain = False
            if session.is_own and not isinstance(error.__cause__, TimeoutError):
                raise Expelled("the head of the Ray that was started here has died") from error
            raise
        if not self._certain and _cluster_at(self._address) != self._cluster:
            raise Expelled(f"another Ray than the one that was joined answers at {self._address}")
        self._certain = True
        try:
            found = ray.nodes()  # type: ignore[no-untyped-call]
            leaving = state.get_draining_nodes()
        except _TROUBLES as error:
            self._certain = False
            raise ClusterError(f"Ray at {self._address} does not say which nodes it has") from error
        there = [node for node in found if node["Alive"]]
        if self._node not in [node["NodeID"] for node in there]:
            raise Expelled(DIED)
        return tuple(_node(node, leaving=node["NodeID"] in leaving) for node in there)


def _node(told: dict[str, Any], *, leaving: bool) -> Node:
    has = told["Resources"]
    return Node(
        cpus=has.get("CPU", 0.0), gpus=has.get("GPU", 0.0), id=told["NodeID"], leaving=leaving
    )


def _cluster_at(place: str) -> str:
    """Give what no other cluster has, at the same address or elsewhere."""
    try:
        found: str = GcsClient(address=place).cluster_id.hex()
    except _TROUBLES as error:
        raise ClusterError(f"Ray at {place} does not say which it is") from error
    return found
