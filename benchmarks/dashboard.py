"""How quick the dashboard is over a large study: a poll, and the first page.

Makes a study of many trials in SQLite, serves it as `lstm-search dashboard` does, in a process of
its own, and asks for what the page of a study asks for every ten seconds. The first page is
loaded in Chromium, until its plots are drawn: once to warm up, then timed.

    .venv/bin/python benchmarks/dashboard.py --trials 2000 --epochs 50
"""

import argparse
import datetime as dt
import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.distributions import distribution_to_json as to_json
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.trial import TrialState

from search import summaries
from search.archive import Archive
from search.settings import Settings

POLLS = 40
POLL_MS, PAGE_SECONDS = 100, 3.0
"""What is to be reached."""
SPACE = {
    "variant": CategoricalDistribution(("attention", "embed", "ffn", "embed_ffn", "lstm")),
    "heads": CategoricalDistribution((1, 2, 4, 8)),
    "layers": IntDistribution(1, 3),
    "hidden_size": IntDistribution(32, 256, step=32),
    "dropout": FloatDistribution(0.0, 0.5),
    "ffn_width": IntDistribution(64, 512, step=64),
    "learning_rate": FloatDistribution(3e-4, 1e-2, log=True),
    "weight_decay": FloatDistribution(1e-4, 1e-1, log=True),
}
STARTED = dt.datetime(2026, 1, 1)  # noqa: DTZ001 - Optuna stores UTC without saying so


def fill(
    storage: RDBStorage,
    study_id: int,
    *,
    trials: int,
    epochs: int,
    states: Sequence[TrialState] = (TrialState.COMPLETE, TrialState.PRUNED),
) -> None:
    """Put ended trials into a study, all at once, as Optuna would have stored them.

    Arguments:
        storage: the database.
        study_id: of an empty study.
        trials: how many.
        epochs: of a complete trial; a pruned one has a third of them.
        states: taken in turn.
    """
    random = np.random.default_rng(0)
    rows: dict[type, list[dict[str, object]]] = {}
    with storage.engine.begin() as connection:
        first = connection.execute(
            models.TrialModel.__table__.select().order_by(models.TrialModel.trial_id.desc())
        ).first()
        start = first.trial_id + 1 if first else 1
        for number in range(trials):
            _add(
                rows, start + number, study_id, number, states[number % len(states)], epochs, random
            )
        for model, values in rows.items():
            connection.execute(model.__table__.insert(), values)


def _add(
    rows: dict[type, list[dict[str, object]]],
    trial_id: int,
    study_id: int,
    number: int,
    state: TrialState,
    epochs: int,
    random: np.random.Generator,
) -> None:
    def row(model: type, **values: object) -> None:
        rows.setdefault(model, []).append(values)

    end = STARTED + dt.timedelta(seconds=number + 1)
    row(
        models.TrialModel,
        trial_id=trial_id,
        number=number,
        study_id=study_id,
        state=state,
        datetime_start=STARTED + dt.timedelta(seconds=number),
        datetime_complete=end,
    )
    for name, domain in SPACE.items():
        row(
            models.TrialParamModel,
            trial_id=trial_id,
            param_name=name,
            param_value=_draw(domain, random),
            distribution_json=to_json(domain),
        )
    last = 0 if state is TrialState.FAIL else epochs
    last = -(-last // 3) if state is TrialState.PRUNED else last
    curve = [random.uniform(1, 2) + 1 / epoch for epoch in range(1, last + 1)]
    for epoch, value in enumerate(curve, start=1):
        row(
            models.TrialIntermediateValueModel,
            trial_id=trial_id,
            step=epoch,
            intermediate_value=value,
            intermediate_value_type=models.TrialIntermediateValueModel.TrialIntermediateValueType.FINITE,
        )
    best = min(curve, default=None)
    if best is None and state is not TrialState.FAIL:
        best = random.uniform(1, 2)
    if best is not None:
        row(
            models.TrialValueModel,
            trial_id=trial_id,
            objective=0,
            value=best,
            value_type=models.TrialValueModel.TrialValueType.FINITE,
        )
    note = {
        "kind": {"COMPLETE": "completed", "PRUNED": "pruned"}.get(state.name, "failed"),
        "reason": {"COMPLETE": "", "PRUNED": f"pruned at epoch {last}"}.get(state.name, "no luck"),
        "epochs": last,
        "best_epoch": curve.index(best) + 1 if best in curve else None,
        "metrics": {}
        if best is None
        else {"cross_entropy": best, "perplexity": float(np.exp(best))},
        "device": "cpu x86_64 AVX512",
        "host": "node-1",
    }
    known = {summaries.NONCE: f"{trial_id:016x}", summaries.THREADS: 1, summaries.PARAMETERS: 4321}
    for key, value in {**known, summaries.NOTE: note}.items():
        row(
            models.TrialUserAttributeModel, trial_id=trial_id, key=key, value_json=json.dumps(value)
        )


def _draw(domain: BaseDistribution, random: np.random.Generator) -> float:
    """Draw a parameter as Optuna stores it."""
    if isinstance(domain, CategoricalDistribution):
        return float(random.integers(len(domain.choices)))
    if isinstance(domain, IntDistribution):
        return float(random.choice(range(domain.low, domain.high + 1, domain.step)))
    assert isinstance(domain, FloatDistribution)
    return float(random.uniform(domain.low, domain.high))


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """Serve a database as the command does; gives the address of its pages."""
    command = [sys.executable, "-m", "search", "dashboard", "--port", "0"]
    command += ["--storage", settings.storage]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            said = process.stdout.readline()
            yield "http" + said.partition("http")[2].split()[0].rstrip(".,")
        finally:
            process.send_signal(signal.SIGINT)


def polls(url: str, trials: int) -> list[float]:
    """Time what the page of a study asks for, in milliseconds."""
    took = []
    for _ in range(POLLS):
        began = time.perf_counter()
        with urllib.request.urlopen(f"{url}?after={trials}", timeout=60) as answer:
            answer.read()
        took.append((time.perf_counter() - began) * 1000)
    return took


def first_page(page_url: str) -> list[float]:
    """Time the page of a study in Chromium until its history is drawn, in seconds."""
    from playwright.sync_api import sync_playwright

    took = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for _ in range(4):
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            began = time.perf_counter()
            page.goto(page_url)
            page.locator("#graph-history .main-svg, .js-plotly-plot .main-svg").first.wait_for(
                timeout=120_000
            )
            took.append(time.perf_counter() - began)
            page.close()
        browser.close()
    return took[1:]


def main() -> None:
    """Make, serve, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=50)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            storage=f"sqlite:///{folder}/studies.db", checkpoints=None, ray_address=None
        )
        archive = Archive(settings, create=True)
        direction = optuna.study.StudyDirection.MINIMIZE
        study_id = archive.storage.create_new_study([direction], "large")
        fill(archive.storage, study_id, trials=given.trials, epochs=given.epochs)
        archive.close()
        with served(settings) as address:
            api = f"{address.removesuffix('/dashboard')}/api/studies/{study_id}"
            began = time.perf_counter()
            with urllib.request.urlopen(f"{api}?after=0", timeout=300) as answer:
                size = len(answer.read())
            cold = time.perf_counter() - began
            took = polls(api, given.trials)
            pages = first_page(f"{address}/studies/{study_id}")
    median, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
    print(f"| {given.trials} trials of up to {given.epochs} epochs | figure | to reach |")
    print("|---|---|---|")
    print(
        f"| the first question, which reads all trials ({size / 1e6:.1f} MB) | {cold:.1f} s | - |"
    )
    print(f"| a poll, median of {POLLS} | {median:.0f} ms | < {POLL_MS} ms |")
    print(f"| a poll, p95 | {p95:.0f} ms | < {POLL_MS} ms |")
    worst = max(pages)
    print(
        f"| the first page once loaded, slowest of {len(pages)} | {worst:.1f} s "
        f"| < {PAGE_SECONDS:g} s |"
    )


if __name__ == "__main__":
    main()
