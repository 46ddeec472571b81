"""What a user has of the machine: figures beside what is to be reached.

    .venv/bin/python benchmarks/efficiency.py
    .venv/bin/python benchmarks/efficiency.py --only memory

Takes about six minutes on two free cores, and means little on busy ones.
"""

import argparse
import logging
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch
from barest_loop import speed
from slot_times import Watcher
from worker_memory import difference

from search import operations, settings

COMMAND = str(Path(sys.executable).parent / "lstm-search")
STUDIES = Path(__file__).parent.parent / "studies"
SLOTS = 2
HELPS = 5
"""How often `--help` is asked for."""
STARTS = "trial 0 (default) starts"
"""How the command's progress says that the first trial has been sent to a slot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A figure beside what is to be reached."""

    what: str
    figure: float
    unit: str
    to_reach: float
    at_least: bool = False
    """Whether the figure is to be as high, rather than as low."""
    beside: str = ""
    """What else was measured."""

    def __str__(self) -> str:
        reached = (self.figure >= self.to_reach) == self.at_least or self.figure == self.to_reach
        goal = f"{'≥' if self.at_least else '≤'} {self.to_reach:g} {self.unit}"
        figure = f"{self.figure:.3g} {self.unit}"
        return f"{self.what:60}{figure:>12}{goal:>11}  {'yes' if reached else 'NO':5}{self.beside}"


def slots() -> Iterator[Row]:
    """Run a study with pruning: what of its slots' time is training, and what lies between."""
    watcher = Watcher()
    with tempfile.TemporaryDirectory() as folder:
        operations.launch(
            STUDIES / "quickstart.toml",
            settings.read({}, folder=Path(folder)),
            watch=watcher,
            overrides=['space.variant=["embed_ffn", "embed"]', "search.pruner=halving"],
            trials=12,
            slots=SLOTS,
        )
    lasted = [trial.seconds or 0.0 for trial in watcher.told]
    pruned = sum(trial.state == "pruned" for trial in watcher.told)
    yield Row(
        what="slot seconds inside fit, recorded epochs",
        figure=100 * watcher.share_inside_fit(SLOTS),
        unit="%",
        to_reach=95,
        at_least=True,
        beside=f"{len(lasted)} trials of {min(lasted):.1f} to {max(lasted):.1f} s, {pruned} pruned",
    )
    between = watcher.between()
    yield Row(
        what="between two trials in a slot, median",
        figure=1000 * median(between),
        unit="ms",
        to_reach=100,
        beside=f"of {len(between)}",
    )
    yield Row(
        what="between two trials in a slot, largest",
        figure=1000 * max(between),
        unit="ms",
        to_reach=100,
    )


def start() -> Iterator[Row]:
    """Launch each shipped study in a process of its own, until its first trial starts."""
    took = {study.stem: _until_first_trial(study) for study in sorted(STUDIES.glob("*.toml"))}
    slowest = max(took, key=lambda study: took[study])
    yield Row(
        what="from command to first training step, slowest study",
        figure=took[slowest],
        unit="s",
        to_reach=20,
        beside=", ".join(f"{study} {seconds:.1f}" for study, seconds in took.items()),
    )


def _until_first_trial(study: Path) -> float:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with subprocess.Popen(
            [COMMAND, "launch", str(study), "--slots", str(SLOTS)],
            cwd=folder,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        ) as launched:
            assert launched.stderr is not None
            started = any(line.startswith(STARTS) for line in launched.stderr)
            seconds = time.perf_counter() - began
            launched.terminate()
            launched.stderr.read()
        assert started, f"{study.name} has started no trial"
        return seconds


def memory() -> Iterator[Row]:
    """Measure a worker's own memory with little and with much data."""
    for kind in ("language-modeling", "forecasting"):
        yield Row(
            what=f"a worker's own memory, 500 MB beside 5 MB: {kind}",
            figure=difference(kind, small=5, large=500),
            unit="MB",
            to_reach=50,
        )


def loop() -> Iterator[Row]:
    """Time `fit` beside the barest loop, for the default model of each task."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    text = 4 if device == "cpu" else 80
    for study, steps in (("japanese_vowels", 240), ("seattle_weather", 400), ("shakespeare", text)):
        share = speed(STUDIES / f"{study}.toml", steps=steps, device=device)
        yield Row(
            what=f"speed of fit, the barest loop's being 1: {study}",
            figure=share.wall,
            unit="",
            to_reach=0.95,
            at_least=True,
            beside=f"by CPU time {share.cpu:.3f}",
        )
    share = speed(STUDIES / "shakespeare.toml", steps=text, plainly=True, device=device)
    yield Row(
        what="the same beside a loop in float32: shakespeare",
        figure=share.wall,
        unit="",
        to_reach=0.95,
        at_least=True,
        beside=f"by CPU time {share.cpu:.3f}",
    )


def help_() -> Iterator[Row]:
    """Ask for help."""
    took = []
    for _ in range(HELPS):
        began = time.perf_counter()
        subprocess.run([COMMAND, "--help"], check=True, stdout=subprocess.DEVNULL)
        took.append(time.perf_counter() - began)
    yield Row(what="lstm-search --help, median", figure=median(took), unit="s", to_reach=0.5)


ROWS: dict[str, Callable[[], Iterator[Row]]] = {
    "help": help_,
    "start": start,
    "slots": slots,
    "memory": memory,
    "loop": loop,
}


def main() -> None:
    """Measure and print the table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=ROWS, help="what to measure; everything without")
    only = parser.parse_args().only
    logging.getLogger("ray").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="ray")
    print(f"{'what':60}{'figure':>12}{'to reach':>11}  reached")
    for name, measure in ROWS.items():
        if only in (None, name):
            for row in measure():
                print(row, flush=True)


if __name__ == "__main__":
    main()
