"""A study on a cluster whose nodes come and go, and which then is gone and comes back."""

import signal
from typing import Any

import pytest
from ray.cluster_utils import Cluster

from tests.clusters import add_node

pytestmark = pytest.mark.slow


def head(port: int | None = None) -> Any:
    """Start what manages a cluster, without room for trials."""
    return Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "gcs_server_port": port})


def test_a_study_outlives_its_nodes_and_its_whole_ray(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.write(trials=4, steps=60)
    cluster = head()
    try:
        monkeypatch.setenv("RAY_ADDRESS", cluster.address)
        first = add_node(cluster, num_cpus=1)
        process = bench.launch()
        bench.wait_until(lambda: bench.epochs() >= 1, process)
        add_node(cluster, num_cpus=1)
        bench.wait_until(lambda: len(bench.unfinished()) == 2, process)
        cluster.remove_node(first, allow_graceful=False)
        seen = bench.epochs()
        bench.wait_until(lambda: bench.epochs() > seen + 1, process)
        port = int(cluster.address.rpartition(":")[2])
        cluster.shutdown()
        cluster = head(port)
        add_node(cluster, num_cpus=2)
        code, _, said = bench.finish(process)
    finally:
        cluster.shutdown()
    assert code == 0, said
    assert "2 ready" in said
    assert "lost its worker" in said
    bench.check_whole(4)


def test_while_the_head_is_away_epochs_are_recorded_and_ctrl_c_takes_states(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.write(trials=9, steps=300)
    # By itself a node gives its head up after a minute, which a busy machine may need for an epoch.
    monkeypatch.setenv("RAY_gcs_rpc_server_reconnect_timeout_s", "600")
    cluster = head()
    try:
        monkeypatch.setenv("RAY_ADDRESS", cluster.address)
        add_node(cluster, num_cpus=2)
        process = bench.launch()
        bench.wait_until(lambda: len(bench.unfinished()) == 2 and bench.epochs() > 1, process)
        [gcs] = cluster.head_node.all_processes["gcs_server"]
        gcs.process.kill()
        assert process.stderr is not None
        said = ""
        while "Ray cannot be reached" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        seen = bench.epochs()
        bench.wait_until(lambda: bench.epochs() > seen, process)
        process.send_signal(signal.SIGINT)
        code, _, rest = bench.finish(process)
    finally:
        cluster.shutdown()
    assert code == 130, said + rest
    left = {trial.number: trial.last_step for trial in bench.unfinished()}
    states = [path.name.split("-") for path in bench.states()]
    assert left
    assert {
        number: max(int(s[2]) for s in states if int(s[1]) == number) for number in left
    } == left
