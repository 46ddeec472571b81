"""Nodes of Ray clusters on this machine, for tests."""

from typing import Any

from ray.cluster_utils import Cluster

TRIES = 3
RACE = "The current node timed out during startup"
"""What Ray says where a node has died as it started, among others of another's taking its port."""


def add_node(cluster: Cluster, **resources: Any) -> Any:
    """Add a node; again where Ray gave its port or socket to one that started at the same time."""
    for _ in range(TRIES - 1):
        try:
            return cluster.add_node(**resources)
        except Exception as error:  # Ray has no other class for it
            if RACE not in str(error):
                raise
    return cluster.add_node(**resources)
