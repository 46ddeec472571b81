"""One study on a cluster under every fault it can meet, beside the same study in a calm one.

Three Ray nodes in network namespaces of their own, a head without CPUs, PostgreSQL, a checkpoint
store on a small disk, and a server that runs the study. While it runs: a worker is killed every 20
seconds; a node is killed and another added; a link is cut for 30 seconds; the coordinator is killed
twice, once in the middle of writing a checkpoint; the server is killed and started again;
PostgreSQL goes down for a minute; the disk of the checkpoints is full for a minute. Then every
trial is trained again, alone, and each epoch compared. Takes root, Linux and half an hour.

    sudo .venv/bin/python benchmarks/chaos.py --trials 60
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.cluster import Cluster, end, run  # noqa: E402 - of this very tree
from lstm_attn.checkpoint import weights_from_bytes  # noqa: E402
from search import operations  # noqa: E402
from search.archive import opened  # noqa: E402
from search.checkpoints import at, checkpoints  # noqa: E402
from search.settings import Settings  # noqa: E402
from tests.postgresql import Server as PostgreSQL  # noqa: E402

STUDY = """
name = "chaos"
[data]
format = "text"
train = "{text}"
validation = 0.1
[task]
kind = "language-modeling"
inputs = "text"
[space]
hidden_size = [64, 96, 128]
heads = [1, 2, 4]
layers = [1, 2]
ffn_width = 64
[training]
epochs = 9
epoch_steps = {steps}
context = 64
batch_size = 16
embedding_dim = 32
validation_rows = 4000
[search]
trials = {trials}
seed = 3
keep = 3
checkpoint_every = "{every}s"
[resources]
cpus_per_trial = 1
"""
NAME = "chaos"
EVERY = 2
"""Seconds between two states of a trial."""
KEEP, SLOTS = 3, 3
DISK_MEGABYTES = 64


class Service:
    """`lstm-search serve`, started again after its death, and all that it has said."""

    def __init__(self, settings: Settings, cluster: Cluster, folder: Path) -> None:
        self.environment = {**cluster.environment, **settings.environment()}
        self.folder = folder
        self.said: list[dict[str, Any]] = []
        self.ended = threading.Event()
        self.start()

    def start(self) -> None:
        """Start it, the first time or after its death."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "search", "serve", "--port", "0"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=(self.folder / "serve.err").open("ab"),
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self._reader.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with (self.folder / "serve.log").open("a") as log:
            for line in process.stdout:
                log.write(line)
                log.flush()
                said = json.loads(line)
                said["at"] = datetime.fromisoformat(said["time"]).timestamp()
                self.said.append(said)
                if said["event"] == "gone" and said["state"] != "waiting":
                    self.ended.set()

    def coordinator(self) -> int | None:
        """Find the process that runs the study."""
        for child in psutil.Process(self.process.pid).children():
            if "coordinate" in child.cmdline():
                return child.pid
        return None

    def wait_coordinator(self) -> int:
        """Wait until there is one."""
        while (pid := self.coordinator()) is None:
            if self.ended.wait(0.1):
                raise SystemExit("the study has ended before all faults - use more --steps")
        return pid

    def kill(self) -> None:
        """End the server alone; its coordinator notices."""
        self.process.kill()
        self.process.wait()
        self._reader.join()


@dataclass
class Findings:
    """What was done, and what was seen."""

    done: list[tuple[float, str]] = field(default_factory=list)
    struck: dict[int, float] = field(default_factory=dict)
    """When each worker was killed or cut off, whichever came first, by its process."""
    detected: dict[str, list[float]] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=lambda: {"weights": 0, "states a trial": 0})
    loaded: int = 0
    states: dict[int, list[float]] = field(default_factory=dict)
    """By trial, when each of its states was first seen whole in the store."""

    def note(self, what: str, workers: Sequence[int] = ()) -> float:
        """Note what was done, when, and to which workers."""
        now = time.time()
        self.struck = {**dict.fromkeys(workers, now), **self.struck}
        self.done.append((now, what))
        print(f"{time.strftime('%H:%M:%S')}  {what}", flush=True)
        return now


class Watch:
    """Looks into the store many times a second: it must never hold more than it may."""

    def __init__(self, store: Path, findings: Findings) -> None:
        self.store, self.findings = store, findings
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        known: set[tuple[int, int, int]] = set()
        while not self._end.wait(0.1):
            for folder in self.store.glob(f"{NAME}-*"):
                now, found = time.time(), checkpoints(at(str(folder)))
                states: dict[int, int] = {}
                for one in found:
                    if one.kind == "state":
                        states[one.number] = states.get(one.number, 0) + 1
                        if (one.number, one.epoch, one.step) not in known:
                            known.add((one.number, one.epoch, one.step))
                            self.findings.states.setdefault(one.number, []).append(now)
                most = self.findings.most
                weights = sum(one.kind == "weights" for one in found)
                most["weights"] = max(most["weights"], weights)
                most["states a trial"] = max(most["states a trial"], *states.values(), 0)


def load_best(store: Path, findings: Findings) -> None:
    """Read every trial's kept weights as an export does; a file that has gone is no failure."""
    for folder in store.glob(f"{NAME}-*"):
        for one in checkpoints(at(str(folder))):
            if one.kind == "weights":
                try:
                    weights_from_bytes(one.read())
                    findings.loaded += 1
                except FileNotFoundError:
                    continue


def wait_for_loss(
    service: Service,
    workers: Sequence[int],
    since: float,
    seconds: float,
    findings: Findings,
    what: str,
) -> None:
    """Wait until the trial of one of these workers is said to be lost, and note how long it took.

    Where none of them had one, nothing is noted.
    """
    until = time.time() + seconds
    while time.time() < until and not service.ended.is_set():
        at: dict[int, int] = {}
        for one in list(service.said):
            if one["event"] == "trial started":
                at[one["trial"]] = worker_of(one)
            is_loss = one["event"] == "trial lost" and one["at"] >= since
            if is_loss and at.get(one["trial"]) in workers:
                findings.detected.setdefault(what, []).append(one["at"] - since)
                return
        time.sleep(0.05)


def worker_of(started: dict[str, Any]) -> int:
    """Give the process in which a trial starts."""
    return int(started["where"].rpartition(":")[2])


def kill_while_writing(service: Service, store: Path, findings: Findings) -> None:
    """Kill the coordinator while half a checkpoint lies in the store."""
    pid, until = service.wait_coordinator(), time.time() + 60
    while time.time() < until:
        if any(store.glob("*/*.part")):
            os.kill(pid, signal.SIGKILL)
            halves = len(list(store.glob("*/*.part")))
            findings.note(f"coordinator killed while writing; {halves} half a file left")
            return
    os.kill(pid, signal.SIGKILL)
    findings.note("coordinator killed; no half a file was met within a minute")


def fill(store: Path) -> Callable[[], None]:
    """Fill the disk of the store; gives what makes room again."""
    ballast = store / "ballast"
    with ballast.open("wb") as file:
        try:
            while True:
                file.write(bytes(2**16))
                file.flush()
        except OSError:
            pass
    return ballast.unlink


def torment(  # noqa: PLR0915 - one fault after the other, as they are told above
    service: Service, cluster: Cluster, database: PostgreSQL, store: Path, findings: Findings
) -> None:
    """Do everything that may happen, one after the other; workers are killed all the while."""
    chance = Random(1)
    ended = service.ended

    def kill_workers() -> None:
        while not ended.wait(20):
            workers = [pid for node in cluster.nodes for pid in node.workers()]
            if workers:
                chosen, since = chance.choice(workers), time.time()
                os.kill(chosen, signal.SIGKILL)
                findings.struck.setdefault(chosen, since)
                findings.done.append((since, "worker killed"))
                wait_for_loss(service, [chosen], since, 5, findings, "worker killed")

    killer = threading.Thread(target=kill_workers, daemon=True)
    killer.start()

    def pause(seconds: float) -> None:
        if ended.wait(seconds):
            raise SystemExit("the study has ended before all faults - use more --steps")
        load_best(store, findings)

    pause(30)
    os.kill(service.wait_coordinator(), signal.SIGKILL)
    findings.note("coordinator killed")
    pause(25)
    struck = cluster.nodes[0].workers()
    since = findings.note("a node killed", struck)
    cluster.nodes[0].kill()
    wait_for_loss(service, struck, since, 60, findings, "node killed")
    pause(10)
    findings.note("a node added")
    cluster.add()
    pause(25)
    struck = cluster.nodes[1].workers()
    since = findings.note("a link cut for 30 s", struck)
    cluster.nodes[1].cut()
    wait_for_loss(service, struck, since, 30, findings, "link cut")
    ended.wait(max(0.0, since + 30 - time.time()))
    cluster.nodes[1].mend()
    findings.note("the link mended")
    pause(20)
    kill_while_writing(service, store, findings)
    pause(25)
    findings.note("PostgreSQL down")
    with database.stopped():
        time.sleep(60)
    findings.note("PostgreSQL up")
    pause(20)
    make_room = fill(store)
    findings.note("the disk of the store full for a minute")
    ended.wait(60)
    make_room()
    findings.note("room on the disk")
    pause(20)
    service.kill()
    findings.note("server killed")
    time.sleep(2)
    service.start()
    findings.note("server started")
    load_best(store, findings)
    killer.join()


@dataclass(frozen=True, slots=True)
class Work:
    """Seconds of work that went with a fault: from a trial's newest state in the store to it."""

    trial: int
    fault: float
    """When it was."""
    seconds: float
    writable: bool
    """Whether states could be written then."""


def lost_work(said: list[dict[str, Any]], findings: Findings) -> list[Work]:
    """Count for each trial that a fault has ended what it had to do again.

    A state is older than its first sight by as long as writing it took, a tenth of a second or so.
    """
    deaths = [at for at, what in findings.done if what.startswith("coordinator killed")]
    outages = _outages(said)
    begun: dict[int, tuple[float, int]] = {}
    found = []

    def lose(number: int, fault: float) -> None:
        newest = [at for at in findings.states.get(number, []) if at <= fault]
        since = max([begun.pop(number)[0], *newest])
        writable = not any(first - EVERY <= fault <= last for first, last in outages)
        found.append(Work(number, fault, max(0.0, fault - since), writable))

    for one in said:
        while deaths and deaths[0] < one["at"]:
            for number in list(begun):
                lose(number, deaths[0])
            del deaths[0]
        match one["event"]:
            case "trial started":
                begun[one["trial"]] = one["at"], worker_of(one)
            case "trial ended" | "trial handed in":
                begun.pop(one["trial"], None)
            case "trial lost" if one["trial"] in begun:
                _, worker = begun[one["trial"]]
                lose(one["trial"], findings.struck.get(worker, one["at"]))
    return found


def _outages(said: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """Give from when until when nothing could be written."""
    found, since = [], None
    for one in said:
        if one["event"] == "blocked" and since is None:
            since = one["at"]
        elif one["event"] in ("unblocked", "opened") and since is not None:
            found.append((since, one["at"]))
            since = None
    return found


def replay(settings: Settings, number: int) -> bool:
    """Train a trial again in a process of its own; tell whether all epochs are the same."""
    done = subprocess.run(
        [sys.executable, "-m", "search", "replay", NAME, str(number), "--quiet"],
        cwd=ROOT,
        env={**os.environ, **settings.environment()},
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Have a disk of a few megabytes."""
    folder.mkdir()
    run("mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m,mode=0700", "none", str(folder))
    try:
        yield folder
    finally:
        run("umount", str(folder))


@dataclass
class Outcome:
    """A study that has run to its end."""

    seconds: float
    findings: Findings
    said: list[dict[str, Any]]
    trials: list[Any]
    replayed: list[bool]


def search(trials: int, steps: int, *, calm: bool, replays: int) -> Outcome:
    """Run the study on a cluster of its own."""
    findings = Findings()
    with ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory()))
        store = undo.enter_context(small_disk(folder / "checkpoints"))
        database = PostgreSQL()
        undo.callback(database.close)
        url = database.url(database.create()).replace("postgresql://", "postgresql+psycopg://")
        cluster = Cluster(folder, undo)
        settings = Settings(storage=url, checkpoints=str(store), ray_address=cluster.address)
        text = ROOT / "studies" / "data" / "shakespeare.txt"
        file = folder / "chaos.toml"
        file.write_text(STUDY.format(text=text, steps=steps, trials=trials, every=EVERY))
        for _ in range(SLOTS):
            cluster.add()
        operations.submit(file, settings)
        watch = Watch(store, findings)
        undo.callback(watch.close)
        service = Service(settings, cluster, folder)
        undo.callback(end, service.process)
        began = time.time()
        if not calm:
            torment(service, cluster, database, store, findings)
        service.ended.wait()
        seconds = time.time() - began
        watch.close()
        end(service.process)  # type: ignore[arg-type] - text or bytes, it ends
        load_best(store, findings)
        with opened(settings) as archive:
            study = archive.get(NAME)
            frozen = archive.storage.get_all_trials(study.id)
        numbers = [one.number for one in frozen if one.state.is_finished()][:replays]
        with ThreadPoolExecutor(2) as pool:
            replayed = list(pool.map(lambda number: replay(settings, number), numbers))
        return Outcome(seconds, findings, service.said, frozen, replayed)


def report(trials: int, stormy: Outcome, calm: Outcome | None) -> list[tuple[str, str, str]]:
    """Give the lines of the table: what, what was found, what may be."""
    found, seen = stormy.findings, stormy.trials
    numbers = [one.number for one in seen]
    ended = [one for one in seen if one.state.is_finished()]
    gaps = [
        one.number
        for one in ended
        if sorted(one.intermediate_values) != list(range(1, len(one.intermediate_values) + 1))
    ]
    lines = [
        ("finished trials", str(len(ended)), str(trials)),
        ("trials left running", str(len(seen) - len(ended)), "0"),
        ("numbers missing or double", str(len(set(range(trials)) ^ set(numbers))), "0"),
        ("curves with an epoch missing or double", str(len(gaps)), "0"),
        ("failed trials", str(sum(one.state.name == "FAIL" for one in ended)), "0"),
        ("replayed trials that differ in any bit", str(stormy.replayed.count(False)), "0"),
        ("replayed trials", str(len(stormy.replayed)), ""),
        ("weights in the store at a time", str(found.most["weights"]), f"<= {KEEP + 1}"),
        ("states of a trial at a time", str(found.most["states a trial"]), "<= 3"),
        ("best checkpoints that were loaded between faults", str(found.loaded), ""),
        ("workers killed", str(sum(what == "worker killed" for _, what in found.done)), ""),
    ]
    work = lost_work(stormy.said, found)
    for one in sorted(work, key=lambda one: -one.seconds)[:5]:
        at = time.strftime("%H:%M:%S", time.localtime(one.fault))
        print(f"{at}  trial {one.trial} has lost {one.seconds:.1f} s of work")
    for what, writable, wanted in (
        ("while states could be written", True, f"<= {EVERY} s, and a batch"),
        ("while they could not", False, ""),
    ):
        seconds = [one.seconds for one in work if one.writable is writable]
        if seconds:
            lines.append(
                (f"work lost, {what}: most of {len(seconds)}", f"{max(seconds):.1f} s", wanted)
            )
    for what, seconds in found.detected.items():
        lines.append((f"noticed within, {what}", f"{max(seconds):.2f} s", "<= 20 s"))
    wall = f"{stormy.seconds:.0f} s"
    lines.append(("wall time", f"{wall}, calm {calm.seconds:.0f} s" if calm else wall, ""))
    return lines


def main() -> None:
    """Run the study in both weathers, and print the table."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asked.add_argument("--trials", type=int, default=60)
    asked.add_argument("--steps", type=int, default=100, help="optimizer steps an epoch")
    asked.add_argument("--replays", type=int, default=1_000, help="trials to train again")
    asked.add_argument("--without-calm", action="store_true", help="skip the calm run")
    given = asked.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # namespaces and mounts are undone
    stormy = search(given.trials, given.steps, calm=False, replays=given.replays)
    calm = None if given.without_calm else search(given.trials, given.steps, calm=True, replays=0)
    for what, found, wanted in report(given.trials, stormy, calm):
        print(f"{what:<50}{found:>24}  {wanted}")


if __name__ == "__main__":
    main()
