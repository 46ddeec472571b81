"""Ray nodes in network namespaces of this machine, whose links can be cut. Takes root and Linux."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil

NETWORK, HEAD_PORT = "10.77.77", 6391
HEALTH = {
    "RAY_health_check_initial_delay_ms": "5000",
    "RAY_health_check_period_ms": "3000",
    "RAY_health_check_timeout_ms": "3000",
    "RAY_health_check_failure_threshold": "3",
}
"""As docker-compose.yml sets them."""
STARTED, TRIES = "Ray runtime started.", 3


def run(*command: str) -> None:
    """Run a command that has to succeed."""
    subprocess.run(command, check=True, capture_output=True)


def ray(*arguments: str) -> list[str]:
    """Give a command of Ray's own program."""
    return [sys.executable, "-m", "ray.scripts.scripts", *arguments, "--disable-usage-stats"]


@dataclass
class Node:
    """A Ray node in a network namespace of its own."""

    name: str
    link: str
    process: subprocess.Popen[bytes]

    def pids(self) -> list[int]:
        """List the processes in it."""
        found = subprocess.run(
            ["ip", "netns", "pids", self.name], check=True, capture_output=True, text=True
        )
        return [int(line) for line in found.stdout.split()]

    def workers(self) -> list[int]:
        """List the processes in which trials run."""
        found = []
        for pid in self.pids():
            try:
                line = " ".join(psutil.Process(pid).cmdline())
            except psutil.NoSuchProcess:
                continue
            if line.startswith("ray::Worker"):
                found.append(pid)
        return found

    def kill(self) -> None:
        """End all that runs in it at once, as when its machine loses its power."""
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def cut(self) -> None:
        """Take its link down."""
        run("ip", "link", "set", self.link, "down")

    def mend(self) -> None:
        """Bring its link up again."""
        run("ip", "link", "set", self.link, "up")


class Cluster:
    """A head on this machine's side of a bridge, and nodes behind it."""

    def __init__(self, folder: Path, undo: ExitStack) -> None:
        self.folder = folder
        self.undo = undo
        self.environment = {**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "7" * 64}
        self.address = f"{NETWORK}.1:{HEAD_PORT}"
        self.nodes: list[Node] = []
        run("ip", "link", "add", "lsc-br", "type", "bridge")
        undo.callback(run, "ip", "link", "del", "lsc-br")
        run("ip", "addr", "add", f"{NETWORK}.1/24", "dev", "lsc-br")
        run("ip", "link", "set", "lsc-br", "up")
        self._start(
            "head",
            ray(
                "start",
                "--head",
                f"--port={HEAD_PORT}",
                f"--node-ip-address={NETWORK}.1",
                "--num-cpus=0",
                "--include-dashboard=false",
                "--block",
            ),
            HEALTH,
        )
        time.sleep(8)

    def _start(
        self, name: str, command: list[str], more: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        log = self.undo.enter_context((self.folder / f"{name}.log").open("wb"))
        process = subprocess.Popen(
            command, env={**self.environment, **more}, stdout=log, stderr=log
        )
        self.undo.callback(end, process)
        return process

    def add(self) -> Node:
        """Add a node with one CPU, and wait until it is there."""
        number = len(self.nodes) + 2
        name, link, peer = f"lsc-{number}", f"lsc-v{number}", f"lsc-p{number}"
        run("ip", "netns", "add", name)
        self.undo.callback(run, "ip", "netns", "del", name)
        run("ip", "link", "add", link, "type", "veth", "peer", "name", peer)
        run("ip", "link", "set", link, "master", "lsc-br", "up")
        run("ip", "link", "set", peer, "netns", name)
        for line in (
            f"addr add {NETWORK}.{number}/24 dev {peer}",
            f"link set {peer} up",
            "link set lo up",
        ):
            run("ip", "-n", name, *line.split())
        join = ray(
            "start",
            f"--address={self.address}",
            f"--node-ip-address={NETWORK}.{number}",
            "--num-cpus=1",
            "--block",
        )
        for _ in range(TRIES):  # Ray gives one up that a busy machine keeps from its 30 seconds
            process = self._start(name, ["ip", "netns", "exec", name, *join], {})
            while process.poll() is None:
                if STARTED in (self.folder / f"{name}.log").read_text():
                    self.nodes.append(Node(name, link, process))
                    return self.nodes[-1]
                time.sleep(0.2)
        raise SystemExit(f"a node of Ray did not start: see {self.folder}/{name}.log")


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process, gently first."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
