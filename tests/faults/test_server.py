"""A server that is told to end, and one that is killed, in the middle of what was submitted."""

import json
import os
import signal
import subprocess
import urllib.request
from typing import Any

import psutil
import pytest

from search import operations
from search.archive import opened
from search.checkpoints import at
from search.errors import StoreError
from search.spec import load

pytestmark = pytest.mark.slow


class Service:
    """A server's process, and what it has logged."""

    def __init__(self, bench: Any) -> None:
        self.process: subprocess.Popen[str] = bench.begin("serve", "--studies", "2", "--port", "0")
        self.bench = bench
        self.first = self.read()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()
        said: dict[str, Any] = json.loads(line)
        return said

    def wait_for(self, *events: tuple[str, str]) -> None:
        """Read on until each event has been told of its study."""
        missing = set(events)
        while missing:
            said = self.read()
            missing.discard((said["event"], said.get("study", "")))

    def wait_until_done(self, *studies: str) -> None:
        """Read on until each study has come to its end."""
        missing = set(studies)
        while missing:
            said = self.read()
            if said["event"] == "gone" and said["state"] == "done":
                missing.discard(said["study"])

    def kill_node(self) -> None:
        """Kill the one node of the Ray that it has started."""
        parts = psutil.Process(self.process.pid).children(recursive=True)
        [node] = [part for part in parts if part.name() == "raylet"]
        node.kill()

    def coordinators(self) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if "coordinate" in child.cmdline()]


def test_all_that_was_submitted_is_run_to_its_end_whatever_happens_to_servers_or_their_ray(
    bench: Any,
) -> None:
    bench.write(trials=4, steps=60)
    file = bench.folder / "short.toml"
    for name in ("short", "other", "last"):
        trials = 2 if name == "last" else 4
        operations.submit(file, bench.settings, name=name, trials=trials)

    service = Service(bench)
    service.wait_for(("epoch", "short"), ("epoch", "other"))
    with urllib.request.urlopen(f"{service.first['address']}/metrics", timeout=60) as got:
        figures = got.read().decode()
    assert 'lstm_search_studies{state="running"} 2.0' in figures
    assert 'lstm_search_studies{state="waiting"} 1.0' in figures
    os.kill(service.process.pid, signal.SIGTERM)
    code, _, said = bench.finish(service.process)
    assert (code, said) == (0, "")
    handed_in = bench.epochs("short") + bench.epochs("other")
    assert handed_in > 0
    assert {one.owner for one in operations.list_studies(bench.settings)} == {None}

    service = Service(bench)
    service.wait_for(("epoch", "short"), ("epoch", "other"))
    coordinators = service.coordinators()
    assert len(coordinators) == 2
    os.kill(service.process.pid, signal.SIGKILL)
    service.process.communicate()
    psutil.wait_procs(coordinators, timeout=200)
    assert not [one for one in coordinators if one.is_running()]

    service = Service(bench)
    service.wait_for(("epoch", "other"))
    service.kill_node()
    service.wait_for(("ray started", ""))
    service.wait_until_done("short", "other", "last")
    os.kill(service.process.pid, signal.SIGINT)
    code, _, said = bench.finish(service.process)
    assert (code, said) == (0, "")
    for name, budget in (("short", 4), ("other", 4), ("last", 2)):
        bench.check_whole(budget, name)
    standing = [one.queued.state for one in operations.list_studies(bench.settings) if one.queued]
    assert standing == ["done"] * 3


def test_a_study_that_was_stopped_waits_for_somebody_and_one_without_data_says_so(
    bench: Any,
) -> None:
    bench.write(trials=40, steps=60)
    file = bench.folder / "short.toml"
    operations.submit(file, bench.settings)
    operations.submit(file, bench.settings, name="lost", overrides=['data.train="/no/where.txt"'])
    service = Service(bench)
    service.wait_for(("epoch", "short"), ("gone", "lost"))
    assert operations.stop(bench.settings, "short") == "asked"
    service.wait_for(("gone", "short"))
    service.process.send_signal(signal.SIGTERM)
    bench.finish(service.process)
    again = Service(bench)
    again.process.send_signal(signal.SIGTERM)
    code, out, _ = bench.finish(again.process)
    assert (code, "begun" in out) == (0, False)
    short = operations.status(bench.settings, "short").queued
    lost = operations.status(bench.settings, "lost").queued
    assert (short.state, short.reason) == ("ended", "somebody asked it to stop")
    assert lost.state == "ended"
    assert "data.train: no file '/no/where.txt'" in lost.reason


def test_a_study_with_its_data_in_the_store_is_run_replayed_and_exported_from_there_alone(
    bench: Any,
) -> None:
    bench.write(trials=2, steps=5)
    file, text = bench.folder / "short.toml", bench.folder / "text.txt"
    content = text.read_bytes()
    for name in ("short", "lost"):
        operations.submit(file, bench.settings, name=name, with_data=True)
    text.unlink()
    with opened(bench.settings) as archive:
        lost = archive.upload("lost")
        kept = archive.upload("short")
    place = at(lost.address(bench.settings)).inside(lost.folder)
    [uploaded] = place.names()
    place.delete(uploaded)
    service = Service(bench)
    service.wait_for(("gone", "short"), ("gone", "lost"))
    service.process.send_signal(signal.SIGTERM)
    bench.finish(service.process)
    bench.check_whole(2)
    queued = operations.status(bench.settings, "lost").queued
    assert queued.state == "ended"
    assert f"{text} was uploaded and is no longer in {place}" in queued.reason

    with opened(bench.settings) as archive:
        assert archive.get("short").spec.data == load(file).data
    for epoch in operations.replay(bench.settings, "short", 0, watch=lambda _: None):
        assert epoch.replayed == epoch.recorded
    operations.export(bench.settings, "short", to=bench.folder / "best")
    text.write_bytes(content)
    assert operations.submit(file, bench.settings, trials=3).data_checked
    text.unlink()
    place = at(kept.address(bench.settings)).inside(kept.folder)
    for name in place.names():
        place.delete(name)
    for use in (
        lambda: operations.replay(bench.settings, "short", 0, watch=lambda _: None),
        lambda: operations.export(bench.settings, "short", to=bench.folder / "again"),
    ):
        with pytest.raises(StoreError, match=r"text\.txt was uploaded and is no longer in"):
            use()
