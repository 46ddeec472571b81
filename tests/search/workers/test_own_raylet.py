"""The node of a Ray of our own among the processes that this one has started."""

import shutil
import subprocess
from pathlib import Path

import psutil
import pytest

from search.workers import cluster
from search.workers.session import Session


def test_a_child_that_ends_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleep = shutil.which("sleep")
    assert sleep
    (tmp_path / "raylet").symlink_to(sleep)
    ends = subprocess.Popen([sleep, "100"])
    raylet = subprocess.Popen([tmp_path / "raylet", "100"])
    found = psutil.Process.children

    def children(self: psutil.Process) -> list[psutil.Process]:
        mine = [one for one in found(self) if one.pid in (ends.pid, raylet.pid)]
        ends.kill()
        ends.wait()
        return sorted(mine, key=lambda one: one.pid == raylet.pid)

    monkeypatch.setattr(psutil.Process, "children", children)
    try:
        own = cluster._own_raylet()
        assert own
        assert own.pid == raylet.pid
    finally:
        for one in (ends, raylet):
            one.kill()
            one.wait()


class Hidden:
    """A process of somebody else's, whose state this user may not see."""

    pid = 1

    def name(self) -> str:
        raise psutil.AccessDenied(self.pid)

    status = name


def test_a_child_that_is_hidden_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil.Process, "children", lambda _: [Hidden()])
    assert cluster._own_raylet() is None


def test_a_node_that_is_hidden_is_not_taken_for_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    monkeypatch.setattr(session, "raylet", Hidden())
    assert not session.node_has_died
    with session.asking(0):
        pass
