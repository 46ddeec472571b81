"""Studies made up as values, without a database: odd ones, and thousands of trials."""

import math
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from search.records import Importance, Params, StudySummary, TrialSummary
from search.report.facts import Report, facts
from search.spec import StudySpec
from search.stored import StoredStudy
from tests.search.conftest import spec_of

SCRIPT = "<script>alert('&amp;')</script>"
"""What may stand wherever a text comes from outside."""


def trial_of(number: int, value: float | None, **changes: Any) -> TrialSummary:
    fields: dict[str, Any] = {
        "number": number,
        "state": "pruned",
        "params": {"variant": "lstm", "hidden_size": 8, "learning_rate": 1e-3},
        "curve": {} if value is None else {1: value},
        "best_epoch": None if value is None else 1,
        "value": value,
        "metrics": {},
        "reason": "",
        "default": False,
        "seconds": 1.0,
    }
    return TrialSummary(**{**fields, **changes})


def study_of(*trials: TrialSummary, **changes: Any) -> StudySummary:
    fields: dict[str, Any] = {
        "name": "small",
        "task": "language-modeling",
        "objective": "cross_entropy",
        "direction": "minimize",
        "budget": max(1, len(trials)),
        "trials": trials,
        "baselines": (),
        "owner": None,
        **changes,
    }
    ended = [one for one in trials if one.value is not None]
    down = fields["direction"] == "minimize"
    ended.sort(key=lambda one: (one.value if down else -one.value, one.number))
    return StudySummary(**{"leaders": tuple(ended), **fields})


def searched(
    score: Callable[[Params], float], count: int = 200, epochs: int = 1, **changes: Any
) -> StudySummary:
    """Give a study of trials of every state, whose scores hang on their parameters."""
    chance = random.Random(0)
    trials = []
    for number in range(count):
        params: dict[str, Any] = {"variant": chance.choice(["embed_ffn", "lstm"])}
        if params["variant"] == "embed_ffn":
            params["heads"] = chance.choice([1, 2, 4])
        params["hidden_size"] = chance.choice([8, 12, 16])
        params["learning_rate"] = 10 ** chance.uniform(-3.5, -2)
        state = chance.choice(["complete", "pruned", "failed", "running"])
        value = score(params)
        ended = epochs if state == "complete" else chance.randint(1, epochs)
        fields = {
            "state": state,
            "params": params,
            "curve": {epoch: value + (ended - epoch) / ended for epoch in range(1, ended + 1)},
            "best_epoch": ended,
            "metrics": {"cross_entropy": value, "perplexity": value},
        }
        trials.append(trial_of(number, value, **fields))
    return study_of(*trials, **changes)


def importance_of(trials: int = 12, **shares: float) -> Importance:
    """Give what is said of importance; without shares, why there is none."""
    why = "" if shares else "No trial counts."
    return Importance(shares=shares, by="PED-ANOVA", trials=trials, left_out={}, why_none=why)


def report_of(study: StudySummary, spec: StudySpec | None = None, **changes: Any) -> Report:
    """Say all of a study."""
    spec = spec or spec_of(name=study.name, trials=study.budget)
    fields: dict[str, Any] = {
        "id": 1,
        "uid": "0" * 32,
        "name": study.name,
        "spec": spec,
        "fingerprint": "f" * 64,
        "baselines": study.baselines,
        "versions": ({"torch": "1.0"}, {"torch": "2.0"}),
        "data_summary": {"training tokens": 1_000_000, "note": "plain"},
    }
    stored = StoredStudy(**{**fields, **changes})
    moment = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)
    return facts(stored, study, written=moment, database="sqlite:///studies.db")


def odd_studies() -> dict[str, tuple[StudySummary, StudySpec]]:
    """Give studies with little or nothing to draw, by what is odd about them."""
    spec, fixed = spec_of(), spec_of(domains={})
    failed = [trial_of(n, None, state="failed", reason=SCRIPT) for n in range(3)]
    over = {"kind": "out_of_time", "reason": "past trial_timeout: 2 s"}
    late = [trial_of(0, None, kind="diverged"), *(trial_of(n, None, **over) for n in (1, 2))]
    return {
        "empty": (study_of(budget=12), spec),
        "running": (study_of(trial_of(0, None, state="running"), owner="host, process 1"), spec),
        "failures": (study_of(*failed), spec),
        "one failure": (study_of(failed[0]), spec),
        "out of time": (study_of(*late), spec),
        "equal": (study_of(*(trial_of(n, 0.5) for n in range(8))), spec),
        "single": (study_of(trial_of(0, 0.5, state="complete")), spec),
        "fixed": (study_of(*(trial_of(n, 0.5 + n, params={}) for n in range(8))), fixed),
        "infinite": (study_of(*(trial_of(n, v) for n, v in enumerate((1.0, math.inf)))), spec),
        "never finite": (study_of(*(trial_of(n, math.inf) for n in range(6))), spec),
        "foreign": (study_of(*(trial_of(n, 1.0 + n, params={SCRIPT: n}) for n in range(6))), spec),
    }
