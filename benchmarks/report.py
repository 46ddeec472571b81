"""How long a report takes and how large it is, of studies of so many trials and 50 epochs.

    python benchmarks/report.py 10 2000 5000

The studies are made up, in a database in a temporary folder: a fifth of the trials complete, the
others pruned or failed on their way, scores that hang on the learning rate and the width.
"""

import math
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from optuna.trial import FrozenTrial, TrialState

from search import strategy, summaries
from search.archive import Archive
from search.settings import Settings
from search.space import Space
from search.spec import StudySpec
from tests.search.conftest import spec_of

EPOCHS = 50


def main() -> None:
    """Print a line for each number of trials."""
    print(f"{'trials':>8} {'seconds':>8} {'MB':>6}")
    for count in map(int, sys.argv[1:] or ["10", "2000", "5000"]):
        with tempfile.TemporaryDirectory() as folder:
            settings = fill(Path(folder), count)
            took, size = report(settings, Path(folder) / "report.html")
            print(f"{count:>8,} {took:>8.1f} {size / 1e6:>6.1f}", flush=True)


def report(settings: Settings, to: Path) -> tuple[float, int]:
    """Write a report by the command, and give the seconds it took and its bytes."""
    command = [sys.executable, "-m", "search", "report", "large"]
    began = time.perf_counter()
    subprocess.run(
        [*command, "--storage", settings.storage, "--to", str(to)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - began, to.stat().st_size


def fill(folder: Path, count: int) -> Settings:
    """Make a database with a study of so many trials."""
    storage = f"sqlite:///{folder}/studies.db"
    settings = Settings(storage=storage, checkpoints=str(folder), ray_address=None)
    fixed = {**spec_of().space.fixed, "epochs": EPOCHS}
    space = Space(
        facts=spec_of().space.facts,
        fixed=fixed,
        domains=spec_of().space.domains,
        usual=spec_of().space.usual,
    )
    spec = spec_of(name="large", trials=count, space=space)
    archive, chance = Archive(settings, create=True), random.Random(0)
    study = archive.create(spec, fingerprint="0" * 64, baselines=(), data_summary={})
    for number in range(count):
        archive.storage.create_new_trial(study.id, template_trial=trial(number, spec, chance))
    archive.close()
    return settings


def trial(number: int, spec: StudySpec, chance: random.Random) -> FrozenTrial:
    """Make up a trial."""
    params = {
        "variant": chance.choice(["embed_ffn", "lstm"]),
        "hidden_size": chance.choice([8, 12, 16]),
        "learning_rate": 10 ** chance.uniform(math.log10(3e-4), -2),
    }
    if params["variant"] == "embed_ffn":
        params["heads"] = chance.choice([1, 2, 4])
    worth = 1 + abs(math.log10(params["learning_rate"]) + 2.5) + 4 / params["hidden_size"]
    states = {TrialState.COMPLETE: 4, TrialState.PRUNED: 15, TrialState.FAIL: 1}
    [state] = chance.choices(list(states), list(states.values()))
    epochs = EPOCHS if state is TrialState.COMPLETE else chance.randint(1, EPOCHS - 1)
    curve = {epoch: worth + 2 / epoch + chance.gauss(0, 0.05) for epoch in range(1, epochs + 1)}
    best = min(curve, key=lambda epoch: curve[epoch])
    began = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None) + timedelta(minutes=number)
    metrics = dict.fromkeys(("cross_entropy", "perplexity", "bits_per_character"), curve[best])
    note = {
        "reason": f"{state.name.lower()} at epoch {epochs}",
        "epochs": epochs,
        "best_epoch": best,
        "metrics": metrics,
        "device": "cpu",
    }
    return FrozenTrial(
        number=number,
        trial_id=0,
        state=state,
        value=curve[best] if state is not TrialState.FAIL else None,
        datetime_start=began,
        datetime_complete=began + timedelta(seconds=epochs),
        params=params,
        distributions=dict(strategy.distributions(spec.space, params)),
        user_attrs={summaries.NOTE: note, summaries.THREADS: 1, summaries.NONCE: str(number)},
        system_attrs={},
        intermediate_values=curve,
    )


if __name__ == "__main__":
    main()
