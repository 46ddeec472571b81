"""The command line over operations that only remember, and over a study that ends badly."""

import hashlib
import json
import shlex
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState, create_trial
from typer.testing import CliRunner, Result

from lstm_attn.checkpoint import weights_to_bytes
from lstm_attn.data import prepare
from lstm_attn.reports import EpochReport
from lstm_attn.training import fresh_model
from search import launch, operations, strategy, summaries
from search.archive import opened
from search.cli import app
from search.importance import unsaid
from search.reckoning import score_baselines
from search.records import (
    BaselineScore,
    CheckReport,
    Draft,
    Ended,
    Ending,
    Entry,
    Event,
    Explained,
    Exported,
    Launched,
    ModelCost,
    Outcome,
    OutcomeKind,
    ReplayedEpoch,
    Reported,
    Slots,
    Started,
    StudySummary,
    Submitted,
    TrialTask,
    Watched,
)
from search.settings import Settings
from search.spec import load, resolve
from search.stored import StoredStudy
from tests.search.made_up import report_of, study_of
from tests.search.moods import MOODS, STUDY

METRICS = {"accuracy": 0.123, "balanced_accuracy": 0.5, "macro_f1": 0.5, "cross_entropy": 0.7}
POINT = {"heads": 1, "weight_decay": 0.01}

SUMMARY = StudySummary(
    name="vowels",
    task="classification",
    objective="accuracy",
    direction="maximize",
    budget=40,
    trials=(),
    leaders=(),
    baselines=(BaselineScore(name="majority", strong=False, validation={}, test=None),),
    owner=None,
)
COST = ModelCost(params={}, parameters=1, epoch_seconds=1.0)
RESULTS: dict[str, Any] = {
    "init": Draft(
        path=Path("sales.toml"),
        name="sales",
        title="units in the 7 rows after the last one.",
        sections={"task": {"kind": Entry(value="forecasting", comment="what is learned")}},
        schema="study.schema.json",
        looked="sales.csv: 730 rows of date, units",
        reasons={"task": "forecasting: 'date' is a time in every row"},
    ),
    "check": CheckReport(
        name="vowels",
        task="classification",
        objective="accuracy",
        data={"rows": 270},
        baselines=(),
        dimensions={},
        points=1,
        trials=40,
        epochs=50,
        smallest=COST,
        largest=COST,
        hours=1.0,
        slots=2,
    ),
    "launch": Launched(ending=Ending.SPENT, study=SUMMARY, fresh=True),
    "stop": "asked",
    "submit": Submitted(name="vowels", ahead=2, data_checked=False),
    "serve": Ending.TERMINATED,
    "coordinate": None,
    "list_studies": (SUMMARY,),
    "status": SUMMARY,
    "best": Explained(
        study=SUMMARY,
        best=(),
        defaults=(),
        importance=unsaid("No trial has started yet."),
    ),
    "watch": Watched(study=SUMMARY, ending=None),
    "replay": (ReplayedEpoch(epoch=1, recorded=0.5, replayed=0.5),),
    "export": (
        Exported(
            number=7,
            folder="out",
            objective="accuracy",
            recorded=0.5,
            verified=0.5,
            validation={"accuracy": 0.5},
            test=None,
            test_interval=None,
            against_strong={},
        ),
    ),
    "report": report_of(study_of()),
    "score": {"accuracy": 0.5},
    "predict": [{"row": 1, "label": "a,b", "probability": 0.5}],
    "generate": " and so on",
    "dashboard": None,
    "delete": None,
}


NEWS: dict[str, Any] = {
    "launch": Started(number=0, params={}, epoch=0, default=False),
    "watch": Started(number=0, params={}, epoch=0, default=False),
    "replay": RESULTS["replay"][0],
    "dashboard": "http://127.0.0.1:1/dashboard",
}
"""What those who watch an operation see of it."""


class Operations:
    """Remembers calls, and gives what it was told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.results = dict(RESULTS)

    def stand_in(self, name: str) -> Callable[..., Any]:
        def run(*given: Any, **named: Any) -> Any:
            self.calls.append((name, given, named))
            for report in ("watch", "ready"):
                if report in named:
                    named[report](NEWS[name])
            result = self.results[name]
            if isinstance(result, BaseException):
                raise result
            return result

        return run

    @property
    def names(self) -> list[str]:
        return [name for name, _, _ in self.calls]


Run = Callable[..., Result]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Operations:
    monkeypatch.chdir(tmp_path)
    for variable in ("LSTM_SEARCH_STORAGE", "LSTM_SEARCH_CHECKPOINTS"):
        monkeypatch.delenv(variable, raising=False)
    fake = Operations()
    for name in RESULTS:
        monkeypatch.setattr(operations, name, fake.stand_in(name))
    return fake


@pytest.fixture
def run(fake: Operations) -> Run:
    def invoke(line: str, answer: str = "") -> Result:
        return CliRunner().invoke(app, shlex.split(line), input=answer, prog_name="lstm-search")

    return invoke


class Shelf:
    """A database with the study `moods`, and what tests put into it."""

    def __init__(self, wrong: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wrong = wrong
        self.settings = settings
        self.monkeypatch = monkeypatch
        monkeypatch.setenv("LSTM_SEARCH_STORAGE", settings.storage)
        (wrong.folder / "moods.toml").write_text(STUDY)
        (wrong.folder / "a.csv").write_text(MOODS)
        file = load(wrong.folder / "moods.toml")
        data = prepare(file.data, file.task)
        self.spec = resolve(file, data, gpus=False)
        with opened(settings) as archive:
            self.study: StoredStudy = archive.create(
                self.spec,
                fingerprint=data.fingerprint,
                baselines=score_baselines(self.spec, data),
                data_summary=data.summary,
            )

    def trial(self, curve: dict[int, float]) -> None:
        """Put an ended trial into the study."""
        found = strategy.distributions(self.spec.space, POINT)
        note = {"reason": "", "best_epoch": 1, "metrics": METRICS, "device": ""}
        frozen = create_trial(
            state=TrialState.COMPLETE,
            value=0.123,
            params=POINT,
            distributions=dict(found),
            intermediate_values=curve,
            user_attrs={summaries.NOTE: note, summaries.THREADS: 1},
        )
        with opened(self.settings) as archive:
            archive.storage.create_new_trial(self.study.id, template_trial=frozen)

    def weights(self, *, damaged: bool = False) -> None:
        """Put weights of trial 0 into the store, which were never trained."""
        model, _ = self.spec.space.configure(POINT)
        header = {
            "model": json.dumps(asdict(model)),
            "metrics": json.dumps(METRICS),
            "epoch": "1",
            "device": "cpu",
            "threads": "1",
        }
        content = weights_to_bytes(fresh_model(model, seed=0).state_dict(), header)
        name = hashlib.sha256(content).hexdigest()[:16]
        folder = Path(str(self.study.place(self.settings)))
        folder.mkdir(parents=True)
        path = folder / f"weights-00000-00001-000000-g0001-{name}.safetensors"
        path.write_bytes(content[:-1] + b"?" if damaged else content)

    def change(self, statement: str) -> None:
        """Change the database behind everybody's back."""
        with closing(sqlite3.connect(self.settings.sqlite_file)) as connection, connection:
            connection.execute(statement)

    def launch(self, act: Callable[["Saboteur"], Event], lines: str, *, code: int) -> None:
        """Launch the study with workers that do something to it while it runs."""
        parts = {
            "connect": lambda *_, **__: None,
            "disconnect": lambda: None,
            "has_gpus": lambda: False,
            "RayWorkers": lambda *_, **__: Saboteur(act),
        }
        for name, part in parts.items():
            self.monkeypatch.setattr(launch.workers, name, part)
        line = "launch moods.toml --quiet"
        self.wrong.tells(line, {}, lines, code=code, at_work=True)


class Saboteur:
    """Workers with one slot, which do as they are told at every event."""

    def __init__(self, act: Callable[["Saboteur"], Event]) -> None:
        self.act = act
        self.task: TrialTask | None = None

    slots = Slots(ready=1, waiting=0)

    @property
    def busy(self) -> int:
        return int(self.task is not None)

    def open(self, places: int) -> None:
        pass

    def close(self) -> None:
        pass

    def check(self) -> None:
        pass

    def release_idle(self) -> None:
        pass

    def free_slots(self) -> list[int]:
        return [] if self.task else [0]

    def start(self, slot: int, task: TrialTask) -> None:
        self.task = task

    def next_event(self) -> Event:
        return self.act(self)

    def reported(self) -> Event:
        assert self.task
        report = EpochReport(
            epoch=1, training_loss=0.5, metrics=METRICS, seconds=1.0, rows_per_second=1.0
        )
        return Reported(number=self.task.number, attempt=self.task.attempt, report=report)

    def failed(self) -> Event:
        return self.ended("failed", "the disk is full")

    def out_of_time(self) -> Event:
        return self.ended("out_of_time", "past trial_timeout: 2 s")

    def ended(self, kind: OutcomeKind, reason: str) -> Event:
        assert self.task
        task, self.task = self.task, None
        outcome = Outcome(kind=kind, reason=reason, best=None)
        return Ended(number=task.number, attempt=task.attempt, outcome=outcome, weights=None)


@pytest.fixture
def shelf(wrong: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    return Shelf(wrong, settings, monkeypatch)
