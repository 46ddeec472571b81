"""Studies and trials as values, without a database, and a console to read them from."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import RenderableType

from search.records import BaselineScore, StudySummary, TrialSummary
from search.render.layout import console

PARAMS = {
    "variant": "embed_ffn",
    "heads": 4,
    "layers": 2,
    "hidden_size": 192,
    "dropout": 0.123456,
    "ffn_width": 256,
    "learning_rate": 0.00213456,
    "weight_decay": 1.2345e-06,
}


def trial_of(number: int, value: float | None = None, **changes: Any) -> TrialSummary:
    ended = value is not None
    fields: dict[str, Any] = {
        "number": number,
        "state": "complete" if ended else "failed",
        "params": PARAMS,
        "curve": {1: value} if ended else {},
        "best_epoch": 1 if ended else None,
        "value": value,
        "metrics": {"accuracy": value, "cross_entropy": 1 - value} if value is not None else {},
        "reason": "",
        "default": False,
        "seconds": 12.5,
    }
    return TrialSummary(**{**fields, **changes})


def study_of(*trials: TrialSummary, **changes: Any) -> StudySummary:
    leaders = sorted(
        (trial for trial in trials if trial.value is not None),
        key=lambda trial: (-(trial.value or 0), trial.number),
    )
    fields: dict[str, Any] = {
        "name": "vowels",
        "task": "classification",
        "objective": "accuracy",
        "direction": "maximize",
        "budget": 40,
        "trials": trials,
        "leaders": tuple(leaders),
        "baselines": (
            BaselineScore(
                name="majority",
                strong=False,
                validation={"accuracy": 0.125, "cross_entropy": 2.2},
                test=None,
            ),
            BaselineScore(
                name="logistic regression",
                strong=True,
                validation={"accuracy": 0.9861, "cross_entropy": 0.05},
                test={"accuracy": 0.98},
            ),
        ),
        "owner": None,
    }
    return StudySummary(**{**fields, **changes})


@pytest.fixture
def make_trial() -> Callable[..., TrialSummary]:
    return trial_of


@pytest.fixture
def make_study() -> Callable[..., StudySummary]:
    return study_of


@pytest.fixture
def printed() -> Callable[..., str]:
    def to_text(result: RenderableType, width: int = 80) -> str:
        file = io.StringIO()
        console(file, width).print(result, crop=False)
        return file.getvalue()

    return to_text
