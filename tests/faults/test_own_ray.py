"""A launch with a Ray of its own, of which parts are killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.slow


def parts(name: str, launch: int) -> set[int]:
    """Find a kind of processes of the Ray that a launch has started for itself."""
    children = psutil.Process(launch).children(recursive=True)
    return {child.pid for child in children if child.name() == name}


def kill(name: str, launch: int) -> int:
    """Kill a process of the Ray that a launch has started for itself."""
    [victim] = parts(name, launch)
    os.kill(victim, signal.SIGKILL)
    return victim


def test_a_study_outlives_the_head_of_its_own_ray(bench: Any) -> None:
    bench.write(trials=4, steps=300)  # so that they outlast a slow start of another head
    process = bench.launch()
    bench.wait_until(lambda: bench.epochs() > 1, process)
    killed = kill("gcs_server", process.pid)
    bench.wait_until(lambda: parts("gcs_server", process.pid) - {killed}, process)
    code, _, said = bench.finish(process)
    assert code == 0, said
    bench.check_whole(4)
    bench.check_replays([0])


@contextmanager
def orphan(bench: Any) -> Iterator[int]:
    """Launch as a child of the system's first process, as in a container that has one."""
    line = f"{sys.executable} -m search launch short.toml >said 2>&1 & echo $!"
    started = subprocess.run(
        ["/bin/sh", "-c", line], cwd=bench.folder, capture_output=True, text=True, check=True
    )
    pid = int(started.stdout)
    try:
        yield pid
    finally:
        if psutil.pid_exists(pid):
            os.kill(pid, signal.SIGKILL)


def test_a_study_outlives_the_node_of_its_own_ray(bench: Any) -> None:
    bench.write(trials=4, steps=100)
    with orphan(bench) as pid:
        before: set[Any] = set()
        while len(before | set(bench.states())) <= 4:  # none is fetched just after one was written
            before |= set(bench.states())
            assert psutil.pid_exists(pid), (bench.folder / "said").read_text()
            time.sleep(0.1)
        kill("raylet", pid)
        while psutil.pid_exists(pid):
            time.sleep(0.1)
    said = (bench.folder / "said").read_text()
    assert not bench.unfinished(), said
    assert "its Ray is gone" in said, said
    bench.check_whole(4)
