"""Room is counted node by node."""

import threading

import pytest

from search.errors import ClusterError
from search.workers.nodes import FAILURES, Lookout, Need, Node


def cluster(*cpus_and_gpus: tuple[float, float]) -> list[Node]:
    return [Node(cpus=cpus, gpus=gpus) for cpus, gpus in cpus_and_gpus]


@pytest.mark.parametrize(
    ("cpus", "gpus", "nodes", "room"),
    [
        (1, 0, cluster((4, 0), (2, 0)), 6),
        (3, 0, cluster((4, 0), (2, 0)), 1),  # not two, though there are six CPUs
        (3, 0, cluster((7, 0), (3, 0)), 3),
        (1, 1, cluster((8, 2), (8, 0)), 2),
        (1, 0.2, cluster((8, 1)), 5),
        (1, 0.4, cluster((8, 2)), 4),  # the rest of two cards makes no third share
        (2, 0.2, cluster((8, 1)), 4),
        (1, 0, cluster((0, 0)), 0),
        (1, 0, [], 0),
    ],
)
def test_room_is_what_each_node_holds(cpus: int, gpus: float, nodes: list[Node], room: int) -> None:
    assert Need(cpus=cpus, gpus=gpus).room(nodes) == room


def test_a_node_that_is_leaving_has_no_room() -> None:
    stays, leaves = Node(cpus=2), Node(cpus=8, leaving=True)
    assert Need(cpus=1).room([stays, leaves]) == 2
    assert "largest node of Ray has 2 CPUs" in Need(cpus=4).lacking([stays, leaves])
    assert "no node is there yet" in Need(cpus=4).lacking([leaves])


def test_a_cluster_without_a_node_that_is_large_enough_is_refused_with_the_largest() -> None:
    with pytest.raises(ClusterError) as refused:
        Need(cpus=6).check(cluster((4, 0), (5, 1)))
    assert str(refused.value) == (
        "no room for a trial: a trial asks for 6 CPUs, and the largest node of Ray has 5 CPUs - "
        "lower cpus_per_trial in [resources], or add a node"
    )
    with pytest.raises(ClusterError) as refused:
        Need(cpus=4, gpus=0.5).check(cluster((8, 0), (2, 1)))
    assert str(refused.value) == (
        "no room for a trial: a trial asks for 4 CPUs and 0.5 GPUs, and the largest node of Ray "
        "has 2 CPUs and 1 GPU - lower cpus_per_trial or gpus_per_trial in [resources], or add a "
        "node"
    )


@pytest.mark.parametrize("nodes", [[], cluster((0, 0)), [Node(cpus=1, leaving=True)]])
def test_a_cluster_without_nodes_or_with_a_head_alone_is_waited_for(nodes: list[Node]) -> None:
    need = Need(cpus=2)
    need.check(nodes)
    assert need.lacking(nodes) == "a trial asks for 2 CPUs, and no node is there yet"
    assert need.lacking(cluster((2, 0))) == ""


def test_nodes_are_as_they_were_while_ray_does_not_say() -> None:
    said = threading.Event()
    answers = [cluster((1, 0)), None, cluster((2, 0))]

    def ask() -> tuple[Node, ...]:
        answer = answers.pop(0) if answers else None
        if answer is None:
            said.set() if not answers else None
            raise ClusterError("no answer")
        return tuple(answer)

    lookout = Lookout(ask, every=0.01)
    assert said.wait(60)
    lookout.close()
    assert lookout.nodes == tuple(cluster((2, 0)))


def test_ray_is_out_of_reach_after_some_questions_in_a_row_without_an_answer() -> None:
    answers = [True, *[False] * (FAILURES - 1), True, *[False] * FAILURES, True]
    found = []

    def ask() -> tuple[Node, ...]:
        if not answers.pop(0):
            raise ClusterError("no answer")
        return tuple(cluster((1, 0)))

    lookout = Lookout(ask, every=3600)
    while answers:
        lookout._look()
        found.append(str(lookout.out_of_reach or ""))
    lookout.close()
    assert found == [*[""] * (2 * FAILURES - 1), "no answer", ""]
