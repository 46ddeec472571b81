"""A cluster of several nodes, as processes of this machine: nodes that come and go."""

import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest
import ray
from ray._raylet import GcsClient  # type: ignore[attr-defined]  # as the room of workers has it
from ray.cluster_utils import Cluster
from ray.core.generated import autoscaler_pb2

from search import workers
from search.errors import ClusterError
from search.records import Ended, Lost, Reported, StateGiven
from tests.clusters import add_node

pytestmark = pytest.mark.slow


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A head that has no room for trials."""
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    yield made
    workers.disconnect()
    made.shutdown()


def test_slots_follow_the_nodes_of_a_cluster_in_the_middle_of_trials(
    cluster: Any, make_places: Any, make_task: Any
) -> None:
    workers.connect(cluster.address, slots=None, cpus=1)
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    places = make_places(cpus=1)
    places.slots.open(9)
    assert "no node is there yet" in places.slots.slots.lacking

    first = add_node(cluster, num_cpus=1)
    places.ready(1)
    places.slots.start(places.slots.free_slots()[0], make_task(0))
    add_node(cluster, num_cpus=2)
    places.ready(3)
    for number, slot in enumerate(places.slots.free_slots(), start=1):
        places.slots.start(slot, make_task(number))
    places.until(lambda: {event.number for event in places.of(Reported)} == {0, 1, 2})

    places.slots.wish_state(1)
    places.until(lambda: places.of(StateGiven))
    (given,) = places.of(StateGiven)  # comes once its bytes are here: whoever writes waits for none
    assert int(ray.get(given.payload.reference, timeout=0)) == given.epoch

    cluster.remove_node(first, allow_graceful=False)
    places.until(lambda: places.of(Lost))
    places.ready(2)
    (lost,) = places.of(Lost)
    assert (lost.number, lost.blames_trial) == (0, False)
    assert places.slots.busy == 2
    assert not places.of(Ended)
    with pytest.raises(ClusterError, match=r"asks for 3 CPUs, .* largest node of Ray has 2 CPUs"):
        make_places(cpus=3)
    assert sum(node["Alive"] for node in ray.nodes()) == 2


def test_a_node_that_is_drained_hands_in_and_is_given_nothing_more(
    cluster: Any, make_places: Any, make_task: Any
) -> None:
    nodes = [add_node(cluster, num_cpus=1) for _ in range(2)]
    workers.connect(cluster.address, slots=None, cpus=1)
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    places = make_places(cpus=1)
    places.ready(2)
    slots = {slot.node: slot for slot in places.slots.free_slots()}
    for number, node in enumerate(nodes):
        places.slots.start(slots[node.node_id], make_task(number))
    places.until(lambda: {event.number for event in places.of(Reported)} == {0, 1})

    in_ten_minutes = int((time.time() + 600) * 1000)
    preempted = autoscaler_pb2.DrainNodeReason.Value("DRAIN_NODE_REASON_PREEMPTION")
    accepted, refusal = GcsClient(address=cluster.address).drain_node(
        nodes[0].node_id, preempted, "a test", in_ten_minutes
    )
    assert accepted, refusal
    add_node(cluster, num_cpus=1)  # as large: the one that leaves is told from the others
    places.until(lambda: places.of(Ended))
    places.ready(2)
    (ended,), (given,) = places.of(Ended), places.of(StateGiven)
    assert (ended.number, ended.outcome.kind, given.number) == (0, "handed_in", 0)
    (free,) = places.slots.free_slots()
    assert free.node not in [node.node_id for node in nodes]
    assert places.slots.busy == 1
    assert not places.of(Lost)
