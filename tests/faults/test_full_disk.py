"""A disk that really is full: a small file system of its own for database and checkpoints."""

import ctypes
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

pytestmark = pytest.mark.slow

FILL = "fill"
NEW_MOUNTS = 0x20000
"""`CLONE_NEWNS` of Linux."""


@pytest.fixture
def small_disk(bench: Any) -> Iterator[Path]:
    """Mount two megabytes where database and checkpoints go; it takes the right to mount.

    Only this process and its children see them, so that they go with it, however it ends.
    """
    place = bench.store.parent
    place.mkdir()
    if ctypes.CDLL(None, use_errno=True).unshare(NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), "mounts of its own, which take root, are refused")
    subprocess.run(["mount", "--make-rslave", "/"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], check=True)
    yield place
    bench.close()
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> None:
    """Write until there is no room for another byte."""
    with (disk / FILL).open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(512))


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Leave no room on a disk, not even what is given free meanwhile."""
    over = Event()

    def go_on() -> None:
        while not over.wait(0.05):
            fill(disk)

    fill(disk)
    filling = Thread(target=go_on)
    filling.start()
    try:
        yield
    finally:
        over.set()
        filling.join()
        (disk / FILL).unlink()


def test_a_full_disk_is_waited_for_then_ends_the_launch_and_the_study_goes_on_with_room(
    small_disk: Path, bench: Any
) -> None:
    bench.write(trials=3, steps=240)
    impatient = bench.launch("--storage-patience", "4s")
    bench.wait_until(lambda: bench.epochs() >= 2, impatient)
    with filled(small_disk):
        code, _, said = bench.finish(impatient)
        refused = bench.launch("--timeout", "5s")
        refusal = bench.finish(refused)
    assert code == 1, said
    assert said.count("; waiting up to 4 s: running trials train on") == 1
    assert "make room on its disk, and launch again" in said.splitlines()[-1]
    assert not list(bench.store.glob("*/*.part"))
    running = [trial for trial in bench.trials() if not trial.state.is_finished()]
    assert running

    assert refusal[0] == 1, refusal[2]
    assert "nothing was begun, its time is over" in refusal[2]

    patient = bench.launch()
    recorded = bench.epochs()
    bench.wait_until(lambda: bench.epochs() > recorded, patient)
    heard = []
    with filled(small_disk):
        for line in patient.stderr:
            heard.append(line)
            if "waiting up to 10 min" in line:
                break
    assert "waiting up to 10 min" in heard[-1], "".join(heard)
    code, _, said = bench.finish(patient)
    assert code == 0, said
    assert said.count("all is well again after") == 1
    bench.check_whole(3)
    bench.check_replays([trial.number for trial in running])
