"""A machine joins a cluster as long as anybody on it needs that, and no longer."""

import inspect
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray._private import node
from ray.exceptions import RpcError

from search.errors import ClusterError
from search.workers import cluster, joining

ADDRESS = "192.0.2.9:6379"


@pytest.fixture(autouse=True)
def own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(joining, "LOOK_SECONDS", 0.01)


def processes(*commands: tuple[str, list[str] | None]) -> Callable[..., Iterator[Any]]:
    found = [SimpleNamespace(info={"name": name, "cmdline": line}) for name, line in commands]
    return lambda _: iter(found)


@pytest.mark.parametrize(
    ("process", "is_node"),
    [
        (("raylet", ["raylet", f"--gcs-address={ADDRESS}"]), True),
        (("raylet", ["raylet", "--gcs-address=192.0.2.9:6380"]), False),
        (("raylet", ["raylet", "--gcs-address=192.0.2.8:6379"]), False),
        (("raylet", None), False),  # another user's
        (("gcs_server", ["gcs_server", f"--gcs-address={ADDRESS}"]), False),
    ],
)
def test_a_machine_is_a_node_where_a_raylet_of_the_cluster_runs(
    process: Any, is_node: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining.psutil, "process_iter", processes(process))
    assert joining.is_node(ADDRESS) is is_node


def test_this_machine_has_many_names(monkeypatch: pytest.MonkeyPatch) -> None:
    raylet = ("raylet", ["raylet", "--gcs-address=127.0.0.1:6379"])
    monkeypatch.setattr(joining.psutil, "process_iter", processes(raylet))
    assert joining.is_node("localhost:6379")
    assert joining.is_node("127.0.0.1:6379")


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Keepers whose node is a process that only waits, and which run in a thread of this one."""
    started: list[Any] = []
    popen = subprocess.Popen

    def start(command: list[str], **_: Any) -> Any:
        if "search.workers.joining" in command:
            address, lock = command[-2:]
            thread = threading.Thread(target=joining.keep, args=(address, Path(lock)))
            started.append(thread)
            thread.start()
            return SimpleNamespace(poll=lambda: None)
        assert command[-1] == f"--address={ADDRESS}"
        assert "--num-cpus=0" in command
        started.append(popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
        return started[-1]

    monkeypatch.setattr(joining.subprocess, "Popen", start)
    monkeypatch.setattr(joining.signal, "signal", lambda *_: None)
    monkeypatch.setattr(joining, "is_node", lambda _: len(started) > 1)
    return started


def test_a_node_lives_as_long_as_anybody_needs_it(nodes: list[Any]) -> None:
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(joining.joined(ADDRESS))
        second.enter_context(joining.joined(ADDRESS))
        keeper, node = nodes
        first.close()
        assert node.poll() is None
        second.close()
        keeper.join(60)
        assert node.poll() is not None
        node.stdin.close()


def test_a_keeper_ends_with_its_node(nodes: list[Any]) -> None:
    with joining.joined(ADDRESS):
        keeper, node = nodes
        node.communicate(b"end\n")
        keeper.join(60)
        assert not keeper.is_alive()


def test_a_node_that_does_not_start_is_told_in_rays_words(monkeypatch: pytest.MonkeyPatch) -> None:
    popen = subprocess.Popen

    def start(_: list[str], **options: Any) -> Any:
        return popen([sys.executable, "-c", "print('a story\\nit has no room\\n\\n')"], **options)

    monkeypatch.setattr(joining.subprocess, "Popen", start)
    monkeypatch.setattr(joining, "is_node", lambda _: False)
    with pytest.raises(joining.CannotJoin, match=r"^it has no room$"), joining.joined(ADDRESS):
        pass
    for asked in ("knock", "_greet"):
        monkeypatch.setattr(cluster, asked, lambda _: None)
    with pytest.raises(ClusterError, match=r"at 192.* no node of it .* here, it has no room - "):
        cluster.connect(ADDRESS, slots=None, cpus=1)


def test_the_lock_is_nobody_elses(tmp_path: Path, nodes: list[Any]) -> None:
    with joining.joined(ADDRESS):
        [lock] = tmp_path.glob("lstm-search-*.lock")
        assert lock.stat().st_mode & 0o777 == 0o600
        assert str(os.getuid()) in lock.name
    nodes[0].join(60)
    nodes[1].stdin.close()


@pytest.mark.parametrize("error", [RpcError("GCS is away"), OSError("a raylet is away")])
def test_a_ray_that_goes_while_it_is_joined_is_out_of_reach(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def init(**_: Any) -> None:
        raise error

    for asked in ("knock", "_greet"):
        monkeypatch.setattr(cluster, asked, lambda _: None)
    monkeypatch.setattr(cluster, "_join", lambda _: None)
    monkeypatch.setattr(cluster.ray, "is_initialized", lambda: False)
    monkeypatch.setattr(cluster.ray, "init", init)
    with pytest.raises(ClusterError, match="is away"):
        cluster.connect(ADDRESS, slots=None, cpus=1)


SLOW = (
    "The current node timed out during startup. This could happen because some of the raylet "
    "failed to startup or the GCS has become overloaded."
)


@pytest.mark.parametrize(
    ("said", "raised", "told"),
    [
        (SLOW, ClusterError, "Ray has not started on this machine within 30 seconds, .* RAY_ADDR"),
        ("it has no class for it", Exception, "^it has no class for it$"),
    ],
)
def test_a_ray_of_our_own_that_starts_too_slowly_is_told_in_a_line(
    said: str, raised: type[Exception], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def init(**_: Any) -> None:
        raise Exception(said)  # noqa: TRY002 - as Ray does

    source = re.sub(r'"\n\s+"', "", inspect.getsource(node))
    assert (said in source) == (said is SLOW), "as the installed Ray says it"
    monkeypatch.setattr(cluster.ray, "is_initialized", lambda: False)
    monkeypatch.setattr(cluster.ray, "init", init)
    with pytest.raises(raised, match=told) as error:
        cluster.connect(None, slots=None, cpus=1)
    assert type(error.value) is raised


@pytest.mark.parametrize("given", ["RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"])
def test_a_ray_of_our_own_asks_for_a_token_unless_the_user_says_otherwise(
    given: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def init(**_: Any) -> None:
        raise ValueError("enough")

    monkeypatch.setattr(cluster.ray, "is_initialized", lambda: False)
    monkeypatch.setattr(cluster.ray, "init", init)
    tokens = []
    for _ in range(2):
        for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
            monkeypatch.setenv(name, "")
            monkeypatch.delenv(name)
        with pytest.raises(ClusterError, match="enough"):
            cluster.connect(None, slots=None, cpus=1)
        tokens.append(os.environ["RAY_AUTH_TOKEN"])
    assert len(set(tokens)) == 2
    assert all(len(token) == 64 for token in tokens)
    monkeypatch.delenv("RAY_AUTH_TOKEN")
    (tmp_path / "mine").write_text("7" * 64)
    monkeypatch.setenv(given, str(tmp_path / "mine"))
    with pytest.raises(ClusterError, match="enough"):
        cluster.connect(None, slots=None, cpus=1)
    assert {name for name in os.environ if name.startswith("RAY_AUTH")} == {given}
