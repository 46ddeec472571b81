"""Launches in processes of their own, to be killed: short studies of generated text."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest

from search import operations
from search.archive import Archive
from search.checkpoints import at, checkpoints
from search.database import is_there
from search.settings import Settings

STUDY = """
name = "short"
[data]
format = "text"
train = "text.txt"
validation = 0.2
[task]
kind = "language-modeling"
inputs = "text"
[space]
hidden_size = [16, 24, 32]
heads = [1, 2]
layers = [1, 2]
ffn_width = 16
[training]
epochs = 9
epoch_steps = {steps}
context = 16
batch_size = 8
embedding_dim = 8
[search]
trials = {trials}
seed = 3
keep = 2
checkpoint_every = "1s"
[resources]
cpus_per_trial = 1
slots = 2
"""


class Bench:
    """A folder with a study, and launches of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = Settings(
            storage=f"sqlite:///{folder}/.lstm-search/studies.db",
            checkpoints=None,
            ray_address=None,
        )
        self.store = folder / ".lstm-search" / "checkpoints"
        self.running: list[subprocess.Popen[str]] = []

    def write(self, *, trials: int, steps: int) -> None:
        chance = Random(0)
        words = ["to", "be", "or", "not", "that", "is", "the", "question"]
        text = " ".join(chance.choice(words) for _ in range(1500))
        (self.folder / "text.txt").write_text(text)
        (self.folder / "short.toml").write_text(STUDY.format(trials=trials, steps=steps))

    def launch(self, *options: str) -> subprocess.Popen[str]:
        return self.begin("launch", "short.toml", *options)

    def begin(self, *command: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "search", *command],
            cwd=self.folder,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.running.append(process)
        return process

    def finish(self, process: subprocess.Popen[str]) -> tuple[int, str, str]:
        out, err = process.communicate(timeout=200)
        return process.returncode, out, err

    def wait_until(self, holds: Callable[[], bool], process: subprocess.Popen[str]) -> None:
        """Look ten times a second; a launch that ends meanwhile is an error."""
        while not holds():
            assert process.poll() is None, process.communicate()
            time.sleep(0.1)

    def trials(self, name: str = "short") -> list[Any]:
        """Read the trials; none while there is no database yet."""
        if not is_there(self.settings.storage):
            return []
        archive = Archive(self.settings)
        try:
            found = archive.find(name)
            return archive.storage.get_all_trials(found.id) if found else []
        finally:
            archive.close()

    def unfinished(self, name: str = "short") -> list[Any]:
        return [trial for trial in self.trials(name) if not trial.state.is_finished()]

    def epochs(self, name: str = "short") -> int:
        """Count the epochs recorded so far."""
        return sum(len(trial.intermediate_values) for trial in self.trials(name))

    def states(self) -> list[Path]:
        return list(self.store.glob("*/state-*.pt"))

    def worker_pids(self, process: subprocess.Popen[str]) -> list[int]:
        """Find the processes in which trials run."""
        found = []
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # it has just ended
                if "ray::Worker" in " ".join(child.cmdline()):
                    found.append(child.pid)
        return found

    def check_whole(self, budget: int, name: str = "short") -> None:
        """The budget exactly, nothing running, no number or epoch missing or doubled.

        In the store lie the best weights of the two best trials, and nothing else.
        """
        trials = self.trials(name)
        assert [trial.number for trial in trials] == list(range(budget))
        assert all(trial.state.is_finished() for trial in trials)
        assert not [trial for trial in trials if trial.state.name == "FAIL"]
        for trial in trials:
            curve = trial.intermediate_values
            assert sorted(curve) == list(range(1, len(curve) + 1))
            assert trial.state.name != "COMPLETE" or len(curve) == 9
        best = operations.status(self.settings, name).leaders[:2]
        (store,) = self.store.glob(f"{name}-????????")  # its data are in another
        kept = [(c.kind, c.number, c.epoch) for c in checkpoints(at(str(store)))]
        assert kept == sorted(("weights", trial.number, trial.best_epoch) for trial in best)
        assert len(list(store.iterdir())) == len(kept)

    def check_exports(self) -> None:
        """The best trial's export scores what the trial did."""
        (exported,) = operations.export(self.settings, "short", to=self.folder / "out")
        best = operations.status(self.settings, "short").leaders[0]
        assert (exported.number, exported.recorded) == (best.number, best.value)
        assert exported.verified == pytest.approx(best.value, rel=1e-5)

    def check_replays(self, numbers: list[int]) -> None:
        """Trained again, alone, each trial gives the same at each epoch, to the last bit."""
        for number in numbers:
            epochs = operations.replay(self.settings, "short", number, watch=lambda _: None)
            assert [e.epoch for e in epochs] == sorted(self.trials()[number].intermediate_values)
            assert [e.replayed for e in epochs] == [e.recorded for e in epochs]

    def close(self) -> None:
        for process in self.running:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
            for stream in (process.stdout, process.stderr):
                assert stream is not None
                stream.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()
