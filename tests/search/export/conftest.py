"""Small studies of each task, trained for real, without Ray and without a database."""

import csv
import json
import math
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from lstm_attn.baselines import baselines
from lstm_attn.config import TASK_KINDS, DataConfig, TaskKind
from lstm_attn.data import prepare
from lstm_attn.reports import EpochReport, Wish
from lstm_attn.sequences import SequenceData
from lstm_attn.verify import Verified, verify
from search import strategy, trial
from search.carrying import AtHand
from search.checkpoints import Place, Store, at
from search.export import export_best, verification
from search.records import BaselineScore, Exported, Params, StudySummary, TrialSummary, TrialTask
from search.spec import StudySpec, load, resolve
from search.summaries import leaders

REST = """
[space]
heads = [1, 2]
layers = 1
hidden_size = 8
ffn_width = 16
dropout = 0.1
learning_rate = 5e-3
weight_decay = { low = 1e-6, high = 1e-1, log = true }
"""
TEXT = """
name = "text"
[data]
format = "text"
train = "text.txt"
validation = 0.2
test = 0.2
[task]
kind = "language-modeling"
inputs = "text"
[training]
context = 8
embedding_dim = 4
epochs = 2
epoch_steps = 5
validation_rows = 100
"""
ROWS = """
name = "rows"
[data]
format = "json"
train = "rows*.jsonl"
validation = 0.2
test = 15
seed = 3
[task]
kind = "classification"
inputs = "x"
target = "y"
[training]
epochs = 2
patience = 4
clip = 0.5
[search]
seed = 9
"""
SERIES = """
name = "series"
[data]
format = "csv"
train = "series.csv"
validation = "2020-03-01"
test = "2020-03-21"
[task]
kind = "forecasting"
time = "day"
inputs = ["load", "wind"]
calendar = ["day_of_week"]
targets = "load"
horizon = 2
[training]
context = 7
epochs = 2
epoch_steps = 5
[search]
objective = "rmse"
"""


@dataclass(frozen=True)
class Bytes:
    """A payload that lies here."""

    content: bytes

    def fetch(self) -> bytes:
        return self.content


@dataclass(frozen=True)
class Trained:
    """A study with its store, as a launch leaves them."""

    spec: StudySpec
    study: StudySummary
    store: Place
    data: SequenceData

    def export(self, to: Path, **changes: Any) -> tuple[Exported, ...]:
        given: dict[str, Any] = {
            "spec": self.spec,
            "study": self.study,
            "store": self.store,
            "fingerprint": self.data.fingerprint,
            "known_tests": {},
            "keep_tests": lambda tests: None,
            "top": 1,
            "data": partial(nullcontext, AtHand()),
        }
        return export_best(to=to, **{**given, **changes})

    @property
    def best(self) -> TrialSummary:
        return self.study.leaders[0]

    def with_best(self, **changes: Any) -> StudySummary:
        """Give the study with its best trial changed."""
        best = replace(self.best, **changes)
        return replace(self.study, leaders=(best, *self.study.leaders[1:]))

    def task(self, number: int, params: Params) -> TrialTask:
        return task_of(self.spec, number, params)


def write_data(folder: Path, kind: TaskKind) -> Path:
    """Write generated data of a task, and a study file about them."""
    chance = random.Random(5)
    match kind:
        case "language-modeling":
            words = ["the cat", "a dog", "sat on", "ran to", "the mat", "the end.\n"]
            text = " ".join(chance.choice(words) for _ in range(200))
            (folder / "text.txt").write_text(text, encoding="utf-8")
            head = TEXT
        case "classification":
            rows = []
            for number in range(60):
                label = number % 3
                steps = [[chance.gauss(label, 0.4), chance.random()] for _ in range(3 + number % 4)]
                rows.append(json.dumps({"x": steps, "y": "abc"[label]}))
            (folder / "rows.jsonl").write_text("\n".join(rows), encoding="utf-8")
            head = ROWS
        case "forecasting":
            with (folder / "series.csv").open("w", newline="") as file:
                out = csv.writer(file)
                out.writerow(["day", "load", "wind"])
                for day in range(91):
                    load = math.sin(day / 3) + chance.gauss(0, 0.1)
                    wind = chance.random()
                    out.writerow([date(2020, 1, 1) + timedelta(day), f"{load:.4f}", f"{wind:.4f}"])
            head = SERIES
    path = folder / "study.toml"
    path.write_text(head + REST, encoding="utf-8")
    return path


def train(folder: Path, kind: TaskKind) -> Trained:
    """Train the first trials of a study and keep the weights of all but the last."""
    file = load(write_data(folder, kind))
    data = prepare(file.data, file.task)
    spec = resolve(file, data, gpus=False)
    points = [*spec.space.defaults(), *spec.space.corners()][:4]
    store = Store(
        at(str(folder / "store")), generation=1, keep=len(points), may_delete=lambda: True
    )
    trials = tuple(run(spec, data, store, number, point) for number, point in enumerate(points))
    ranked = leaders(trials, spec)
    kept = {one.number: one.best_epoch for one in ranked[:-1] if one.best_epoch}
    store.settle(ranked[-1].number, kept)
    store.close()
    found = baselines(
        data,
        objective=spec.objective,
        context=spec.largest_context,
        validation_rows=spec.validation_rows,
    )
    study = StudySummary(
        name=spec.name,
        task=spec.task.kind,
        objective=spec.objective,
        direction=spec.direction,
        budget=len(trials),
        trials=trials,
        leaders=ranked,
        baselines=tuple(BaselineScore(**asdict(baseline)) for baseline in found),
        owner=None,
    )
    return Trained(spec=spec, study=study, store=store.place, data=data)


def run(
    spec: StudySpec, data: SequenceData, store: Store, number: int, params: Params
) -> TrialSummary:
    """Train one trial to its end and keep its weights."""
    task = task_of(spec, number, params)
    curve: dict[int, float] = {}
    for message in trial.train(task, data, Wish(), device="cpu"):
        if isinstance(message, EpochReport):
            curve[message.epoch] = message.metrics[spec.objective]
    assert isinstance(message, trial.Last)
    best = message.outcome.best
    assert best is not None
    assert message.content is not None
    payload, everyone = Bytes(message.content), dict.fromkeys(range(number + 1), best.epoch)
    store.keep_weights(number, epoch=best.epoch, payload=payload, leaders=everyone).result()
    return TrialSummary(
        number=number,
        state="complete",
        params=params,
        curve=curve,
        best_epoch=best.epoch,
        value=best.metrics[spec.objective],
        metrics=best.metrics,
        reason="",
        default=number == 0,
        seconds=1.0,
    )


def task_of(spec: StudySpec, number: int, params: Params) -> TrialTask:
    model, training = spec.space.configure(params)
    return TrialTask(
        number=number,
        attempt=0,
        model=model,
        training=training,
        seed=strategy.seed_of(number, seed=spec.seed),
        threads=1,
    )


@pytest.fixture(scope="session")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Callable[[TaskKind], Trained]:
    """Give a trained study of a task, which nobody may change."""
    made: dict[TaskKind, Trained] = {}

    def give(kind: TaskKind) -> Trained:
        if kind not in made:
            made[kind] = train(tmp_path_factory.mktemp(kind), kind)
        return made[kind]

    return give


@pytest.fixture(scope="session", params=TASK_KINDS)
def any_study(request: pytest.FixtureRequest, studies: Callable[[TaskKind], Trained]) -> Trained:
    """Give a trained study of each task in turn."""
    return studies(request.param)


@pytest.fixture
def own_study(studies: Callable[[TaskKind], Trained], tmp_path: Path) -> Trained:
    """Give a trained study with a store that the test may change."""
    study = studies("classification")
    shutil.copytree(str(study.store), tmp_path / "store")
    return replace(study, store=at(str(tmp_path / "store")))


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Verify without starting a process; gives a list of who asked for test scores."""
    threads = torch.get_num_threads()
    asked: list[bool] = []

    def here(folder: Path, files: DataConfig | None, *, device: str, with_test: bool) -> Verified:
        asked.append(with_test)
        return verify(folder, files=files, device=device, with_test=with_test)

    monkeypatch.setattr(verification, "in_fresh_process", here)
    yield asked
    torch.set_num_threads(threads)


@pytest.fixture
def as_payload() -> Callable[[bytes], Bytes]:
    return Bytes
