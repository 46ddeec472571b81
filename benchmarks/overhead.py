"""What the service costs a trial: ours beside Ray Tune and plain Optuna, in one run.

Each side runs the same search: 8 parameters, up to ten reported numbers a trial and nothing else,
halving by three from the second on, two places at a time, every fact kept as that side keeps it.
Printed are milliseconds a trial, how many times ours each of the others takes, and how many numbers
a trial reported before it was pruned.

    .venv/bin/python benchmarks/overhead.py --trials 200
"""

import argparse
import logging
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import optuna
import ray

from lstm_attn.config import DataConfig, TaskConfig
from lstm_attn.encoding import Encoding
from lstm_attn.reports import EpochReport
from lstm_attn.sequences import SequenceData, Split
from search import lease, workers
from search.archive import Archive
from search.checkpoints import Store
from search.coordinator import Coordinator
from search.ledger import Ledger
from search.records import Ending, Outcome, TrialTask
from search.settings import Settings
from search.space import Choice, Facts, FloatRange, IntRange, Space
from search.spec import StudySpec
from search.spec.terms import Resources
from search.workers.actor import Said, Worker

EPOCHS = 10
SLOTS = 2
RUNG = 2
"""Reports after which every side judges first; ours says so by its warm-up."""
HEADS, WIDTHS = (1, 2, 4, 8), (64, 512)


class Cost(NamedTuple):
    """What a search took."""

    seconds: float
    reports: int
    """Numbers that all trials reported."""


def score(params: dict[str, Any], epoch: int) -> float:
    """A curve that depends on the parameters and falls by epochs."""
    return abs(float(params["learning_rate"]) - 3e-3) * 100 + float(params["dropout"]) + 1 / epoch


class Reporter(Worker):
    """A worker that trains nothing: it reports ten numbers and gives a few bytes of weights."""

    def train(self, task: TrialTask) -> Iterator[Said]:
        """Report."""
        params = {
            "learning_rate": task.training.learning_rate,
            "dropout": task.model.dropout,
        }
        best = None
        wish = self.wish_of(task.number, task.attempt)
        for epoch in range(1, EPOCHS + 1):
            value = score(params, epoch)
            best = EpochReport(
                epoch=epoch,
                training_loss=value,
                metrics={"mae": value, "rmse": value, "smape": value, "mase": value},
                seconds=0.0,
                rows_per_second=0.0,
            )
            yield best
            if wish.stop_at is not None:
                break
        yield Outcome(kind="completed", reason="", best=best)
        yield b"weights"


def ours(trials: int, folder: Path) -> Cost:
    """Run our coordinator, ledger and workers."""
    settings = Settings(
        storage=f"sqlite:///{folder}/studies.db",
        checkpoints=None,
        ray_address=None,
    )
    archive = Archive(settings, create=True)
    spec = _spec(trials)
    held = lease.acquire(archive.storage.engine, spec.name)
    study = archive.create(spec, fingerprint="", baselines=(), data_summary={})
    places = workers.RayWorkers(_no_data(), slots=SLOTS, cpus=1, gpus=0.0, worker=Reporter)
    places.open(SLOTS)
    while places.slots.ready < SLOTS:
        places.next_event()
    began = time.perf_counter()
    ledger = Ledger(archive.storage, study.id, spec, epoch_steps=200)
    store = Store(study.place(settings), generation=1, keep=spec.keep, may_delete=held.surely_held)
    coordinator = Coordinator(ledger=ledger, workers=places, store=store, checkpoint_every=30.0)
    ending = coordinator.run(_Never())
    seconds = time.perf_counter() - began
    assert ending is Ending.SPENT
    store.close()
    places.close()
    held.release()
    recorded = archive.storage.get_all_trials(study.id)
    assert len(recorded) == trials
    archive.close()
    return Cost(seconds, sum(len(trial.intermediate_values) for trial in recorded))


def tune(trials: int, folder: Path, *, reuse: bool) -> Cost:
    """Run Ray Tune with OptunaSearch and ASHA."""
    from ray import tune as raytune
    from ray.tune.schedulers import ASHAScheduler
    from ray.tune.search import ConcurrencyLimiter
    from ray.tune.search.optuna import OptunaSearch

    class Trainable(raytune.Trainable):
        def setup(self, config: dict[str, Any]) -> None:
            self.params = config

        def step(self) -> dict[str, Any]:
            epoch = self.iteration + 1
            return {"value": score(self.params, epoch), "done": epoch == EPOCHS}

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            self.params = new_config
            return True

        def save_checkpoint(self, checkpoint_dir: str) -> None:
            pass

    def function(config: dict[str, Any]) -> None:
        for epoch in range(1, EPOCHS + 1):
            raytune.report({"value": score(config, epoch)})

    space = {
        "variant": raytune.choice(["attention", "ffn", "lstm"]),
        "heads": raytune.choice(list(HEADS)),
        "layers": raytune.randint(1, 3),
        "hidden_size": raytune.qrandint(32, 256, 32),
        "dropout": raytune.uniform(0.0, 0.6),
        "ffn_width": raytune.lograndint(*WIDTHS),
        "learning_rate": raytune.loguniform(3e-4, 1e-2),
        "weight_decay": raytune.loguniform(1e-6, 1e-1),
    }
    began = time.perf_counter()
    results = raytune.Tuner(
        Trainable if reuse else function,
        param_space=space,
        tune_config=raytune.TuneConfig(
            metric="value",
            mode="min",
            num_samples=trials,
            search_alg=ConcurrencyLimiter(OptunaSearch(seed=0), max_concurrent=SLOTS),
            scheduler=ASHAScheduler(max_t=EPOCHS, grace_period=RUNG, reduction_factor=3),
            reuse_actors=reuse,
        ),
        run_config=raytune.RunConfig(storage_path=str(folder), verbose=0),
    ).fit()
    seconds = time.perf_counter() - began
    assert len(results) == trials
    assert not results.errors
    return Cost(seconds, sum(len(result.metrics_dataframe) for result in results))


def optimize(trials: int, folder: Path) -> Cost:
    """Run Optuna's own loop, one trial at a time, on its default SQLite."""

    def objective(trial: optuna.Trial) -> float:
        params = {
            "variant": trial.suggest_categorical("variant", ["attention", "ffn", "lstm"]),
            "heads": trial.suggest_categorical("heads", HEADS),
            "layers": trial.suggest_int("layers", 1, 2),
            "hidden_size": trial.suggest_int("hidden_size", 32, 256, step=32),
            "dropout": trial.suggest_float("dropout", 0.0, 0.6),
            "ffn_width": trial.suggest_int("ffn_width", *WIDTHS, log=True),
            "learning_rate": trial.suggest_float("learning_rate", 3e-4, 1e-2, log=True),
            "weight_decay": trial.suggest_float("weight_decay", 1e-6, 1e-1, log=True),
        }
        for epoch in range(1, EPOCHS + 1):
            value = score(params, epoch)
            trial.report(value, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return value

    study = optuna.create_study(
        storage=f"sqlite:///{folder}/optuna.db",
        sampler=optuna.samplers.TPESampler(seed=0),
        pruner=optuna.pruners.SuccessiveHalvingPruner(RUNG, 3),
    )
    began = time.perf_counter()
    study.optimize(objective, n_trials=trials)
    seconds = time.perf_counter() - began
    return Cost(seconds, sum(len(trial.intermediate_values) for trial in study.trials))


class _Never:
    """Asks for nothing."""

    def asked(self) -> None:
        return None


def _spec(trials: int) -> StudySpec:
    space = Space(
        facts=Facts(kind="forecasting", tokens=False, input_size=1, output_size=1, objective="mae"),
        fixed={
            "batch_size": 1,
            "clip": 1.0,
            "context": 1,
            "epochs": EPOCHS,
            "validation_rows": 1,
        },
        domains={
            "variant": Choice(values=("attention", "ffn", "lstm")),
            "heads": Choice(values=HEADS),
            "layers": IntRange(low=1, high=2),
            "hidden_size": IntRange(low=32, high=256, step=32),
            "dropout": FloatRange(low=0.0, high=0.6),
            "ffn_width": IntRange(low=WIDTHS[0], high=WIDTHS[1], log=True),
            "learning_rate": FloatRange(low=3e-4, high=1e-2, log=True),
            "weight_decay": FloatRange(low=1e-6, high=1e-1, log=True),
        },
        usual={
            "variant": "ffn",
            "heads": 4,
            "layers": 1,
            "hidden_size": 64,
            "dropout": 0.1,
            "ffn_width": 128,
            "learning_rate": 1e-3,
            "weight_decay": 1e-2,
        },
    )
    sections = ("data", "task", "space", "training", "search", "resources")
    return StudySpec(
        name="overhead",
        given={name: {} for name in sections},
        data=DataConfig(format="csv", train=("none.csv",)),
        task=TaskConfig(kind="forecasting", inputs=("x",), targets=("x",)),
        objective="mae",
        trials=trials,
        timeout=None,
        keep=5,
        checkpoint_every=30.0,
        sampler="tpe",
        pruner="halving",
        seed=0,
        resources=Resources(cpus_per_trial=1),
        space=space,
    )


def _no_data() -> SequenceData:
    """One row of nothing, for workers that train nothing."""
    split = Split(
        inputs=np.zeros((1, 1), np.float32),
        offsets=np.array([0, 1]),
        targets=np.zeros((1, 1)),
    )
    return SequenceData(
        task=TaskConfig(kind="forecasting", inputs=("x",), targets=("x",)),
        encoding=Encoding(
            tokenizer=None, scaler=None, target_scaler=None, labels=(), frequency=None
        ),
        train=split,
        validation=split,
        test=None,
        training_end=1,
        naive_error=np.ones(1),
        fingerprint="",
        summary={},
    )


def main() -> None:
    """Run all sides and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    trials = parser.parse_args().trials
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    logging.getLogger("ray").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="ray")
    workers.connect(None, slots=SLOTS, cpus=1)
    sides: dict[str, Callable[[Path], Cost]] = {
        "this service": lambda folder: ours(trials, folder),
        "Optuna study.optimize, SQLite": lambda folder: optimize(trials, folder),
        "Ray Tune, class, reused actors": lambda folder: tune(trials, folder, reuse=True),
        "Ray Tune, function": lambda folder: tune(trials, folder, reuse=False),
    }
    first = 0.0
    print(f"{trials} trials of up to {EPOCHS} reports, {SLOTS} slots\n")
    print(f"{'':34}{'ms a trial':>12}{'times ours':>12}{'reports a trial':>17}")
    for name, side in sides.items():
        with tempfile.TemporaryDirectory() as folder:
            cost = side(Path(folder))
        each = cost.seconds / trials * 1000
        first = first or each
        reports = cost.reports / trials
        print(f"{name:34}{each:12.1f}{each / first:12.1f}{reports:17.1f}", flush=True)
    ray.shutdown()


if __name__ == "__main__":
    main()
