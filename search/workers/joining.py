"""A machine that is no node of a cluster joins it without giving it any CPUs.

Ray lets a program in only on a machine that is a node. Where there is none, one without CPUs or
GPUs is started, which all launches on this machine share; its keeper, a process of its own, ends
it once nobody holds the lock file any more, however they have ended.
"""

import fcntl
import hashlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

JOIN_SECONDS = 60.0
"""How long a node may take to start."""
LOOK_SECONDS = 0.5
"""How often a keeper looks whether anybody needs its node, and who waits whether it is there."""
_START = ("start", "--num-cpus=0", "--num-gpus=0", "--block", "--disable-usage-stats")


class CannotJoin(Exception):
    """No node could be started here; says why in Ray's words."""


@contextmanager
def joined(address: str) -> Iterator[None]:
    """Have a node of a cluster on this machine for a block.

    Arguments:
        address: the cluster's, `HOST:PORT`.

    Raises:
        CannotJoin: none could be started.
    """
    lock = _lock_file(address)
    with lock.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        if not is_node(address):
            _start_keeper(address, lock)
        yield


def is_node(address: str) -> bool:
    """Tell whether this machine is a node of a cluster: a raylet of it runs here.

    Arguments:
        address: the cluster's, `HOST:PORT`.
    """
    wanted = _numeric(address)
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == "raylet":
            flags = [one for one in process.info["cmdline"] or () if one.startswith("--gcs-addr")]
            if any(_numeric(flag.partition("=")[2]) == wanted for flag in flags):
                return True
    return False


def keep(address: str, lock: Path) -> None:
    """Run a node as long as anybody but this process holds the lock: a keeper's whole life.

    Arguments:
        address: the cluster's.
        lock: the file that all who need the node hold.
    """
    command = [sys.executable, "-m", "ray.scripts.scripts", *_START, f"--address={address}"]
    node = subprocess.Popen(command)  # noqa: S603 - Ray's own program
    signal.signal(signal.SIGTERM, lambda *_: node.terminate())
    with lock.open("rb") as file:
        while node.poll() is None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(LOOK_SECONDS)
            else:
                node.terminate()
                node.wait()  # whoever comes now waits for the lock until it has gone


def _start_keeper(address: str, lock: Path) -> None:
    with tempfile.TemporaryFile() as said:
        keeper = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", "search.workers.joining", address, str(lock)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        until = time.monotonic() + JOIN_SECONDS
        while not is_node(address):
            if keeper.poll() is not None or time.monotonic() > until:
                said.seek(0)
                lines = said.read().decode(errors="replace").split("\n")
                raise CannotJoin(next(filter(None, map(str.strip, reversed(lines))), "no reason"))
            time.sleep(LOOK_SECONDS)


def _lock_file(address: str) -> Path:
    """Make the file that all of this user hold who need a node of a cluster."""
    name = hashlib.sha256(address.encode()).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"lstm-search-{os.getuid()}-{name}.lock"
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
    return path


def _numeric(address: str) -> tuple[str, str]:
    """Give an address as numbers, as far as it is known here; this machine has one alone."""
    host, _, port = address.rpartition(":")
    try:
        host = socket.gethostbyname(host.strip("[]"))
    except OSError:
        return host, port
    mine = {one.address for found in psutil.net_if_addrs().values() for one in found}
    return "here" if host in mine else host, port


if __name__ == "__main__":
    keep(sys.argv[1], Path(sys.argv[2]))
