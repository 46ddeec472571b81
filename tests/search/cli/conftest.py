"""The command line over operations that only remember how they were called."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from search import operations
from search.cli import app
from search.records import (
    BaselineScore,
    CheckReport,
    Ending,
    Exported,
    Launched,
    ModelCost,
    ReplayedEpoch,
    Started,
    StudySummary,
)

STUDY = StudySummary(
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
    "launch": Launched(ending=Ending.SPENT, study=STUDY, fresh=True),
    "stop": True,
    "list_studies": (STUDY,),
    "status": STUDY,
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
            beats_strong_baseline=None,
        ),
    ),
    "score": {"accuracy": 0.5},
    "predict": [{"row": 1, "label": "a,b", "probability": 0.5}],
    "generate": " and so on",
    "dashboard": None,
    "delete": None,
}


NEWS: dict[str, Any] = {
    "launch": Started(number=0, params={}, epoch=0, default=False),
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
