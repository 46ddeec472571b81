"""What the shipped studies reach: each launched whole and exported, beside both baselines.

    .venv/bin/python benchmarks/quality.py
    .venv/bin/python benchmarks/quality.py --only vowels weather

Rows are shakespeare (40 minutes at most), vowels (three seeds), weather, and halving: the same
study with and without pruning, at equal epochs. The test score is that of the exported best trial,
which validation chose. Studies are kept in the folder that `--keep` names, else thrown away; one
that is there already goes on, and one that is finished costs nothing.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from search import operations, settings
from search.records import Exported, StudySummary

STUDIES = Path(__file__).parent.parent / "studies"
MINUTES = 40
"""The most that a launch may take."""
SEEDS = (1, 2, 3)
"""Of the studies whose median is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One study, launched and exported."""

    study: StudySummary
    best: Exported
    minutes: float

    @property
    def test(self) -> float:
        """The objective or, for a classifier, the accuracy on test rows."""
        assert self.best.test is not None
        return self.best.test[self.figure]

    @property
    def figure(self) -> str:
        """The metric that the issue of quality is settled by."""
        return "accuracy" if self.study.task == "classification" else self.study.objective

    @property
    def epochs(self) -> int:
        """Epochs trained, by all trials."""
        return sum(len(trial.curve) for trial in self.study.trials)

    def beside(self) -> str:
        """Say what the baselines score on the same test rows."""
        return "; ".join(
            f"{one.name} {one.test[self.figure]:.3f}" for one in self.study.baselines if one.test
        )

    def __str__(self) -> str:
        leader = self.study.leaders[0]
        low, high = self.best.test_interval or (self.test, self.test)
        interval = f" ({low:.3f} to {high:.3f})" if self.figure == self.study.objective else ""
        return (
            f"  {self.study.name}: {self.study.finished} of {self.study.budget} trials, "
            f"{self.epochs} epochs, {self.minutes:.1f} min; trial {self.best.number} "
            f"({leader.params.get('variant', 'fixed')}): validation "
            f"{self.best.validation[self.figure]:.3f}, test {self.test:.3f}{interval}; "
            f"{self.beside()}"
        )


def run(file: str, folder: Path, *overrides: str, trials: int | None = None) -> Run:
    """Launch a shipped study under a name of its own and export its best trial.

    Arguments:
        file: the study file.
        folder: of database and checkpoints.
        overrides: `key=value` lines over the file's.
        trials: over the file's.
    """
    places = settings.read({}, folder=folder)
    name = "-".join([Path(file).stem, *(line.partition(".")[2] for line in overrides)])
    name = "".join(sign if sign.isalnum() else "-" for sign in name)
    began = time.perf_counter()
    launched = operations.launch(
        STUDIES / file,
        places,
        watch=lambda _: None,
        overrides=overrides,
        name=name,
        trials=trials,
        timeout=60.0 * (MINUTES - 1),  # the last minute is for handing in
    )
    minutes = (time.perf_counter() - began) / 60
    with tempfile.TemporaryDirectory() as exports:
        (best,) = operations.export(places, name, to=Path(exports) / name)
    done = Run(study=launched.study, best=best, minutes=minutes)
    print(done, flush=True)
    return done


def shakespeare(folder: Path) -> Iterator[str]:
    """One launch of the language model."""
    done = run("shakespeare.toml", folder)
    yield verdict("Shakespeare, test, nats a character", done.test, 1.55, at_most=True)


def vowels(folder: Path) -> Iterator[str]:
    """Three launches of the classifier."""
    tests = [run("japanese_vowels.toml", folder, f"search.seed={seed}").test for seed in SEEDS]
    what = f"Japanese Vowels, test accuracy, median of {len(tests)}"
    yield verdict(what, median(tests), 0.96, at_most=False)


def weather(folder: Path) -> Iterator[str]:
    """One launch of the forecaster."""
    done = run("seattle_weather.toml", folder)
    yield verdict("Seattle 2015, mean absolute error, degrees", done.test, 2.90, at_most=True)


def halving(folder: Path) -> Iterator[str]:
    """The classifier's search with halving, and without pruning for as many epochs."""
    gains = []
    for seed in SEEDS:
        with_it = run("japanese_vowels.toml", folder, f"search.seed={seed}")
        longest = max(len(trial.curve) for trial in with_it.study.trials)
        without = run(
            "japanese_vowels.toml",
            folder,
            f"search.seed={seed}",
            "search.pruner=none",
            trials=round(with_it.epochs / longest),
        )
        ours, theirs = with_it.study.leaders[0].value, without.study.leaders[0].value
        assert ours is not None
        assert theirs is not None
        sign = 1 if with_it.study.direction == "maximize" else -1
        gains.append(sign * (ours - theirs))
    what = f"halving beside none at equal epochs, gain in the objective, median of {len(gains)}"
    yield verdict(what, median(gains), 0.0, at_most=False)


def verdict(what: str, figure: float, to_reach: float, *, at_most: bool) -> str:
    """Set a figure beside what is to be reached."""
    reached = figure <= to_reach if at_most else figure >= to_reach
    goal = f"{'≤' if at_most else '≥'} {to_reach:g}"
    return f"{what:70}{figure:10.4f}{goal:>9}  {'yes' if reached else 'NO'}"


ROWS: dict[str, Callable[[Path], Iterator[str]]] = {
    "vowels": vowels,
    "weather": weather,
    "shakespeare": shakespeare,
    "halving": halving,
}


def main() -> None:
    """Run all rows and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--keep", type=Path, help="a folder; studies that are there go on")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        folder = given.keep or Path(passing)
        lines = [line for name in given.only for line in ROWS[name](folder)]
    print(f"\n{'':70}{'figure':>10}{'to reach':>9}")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
