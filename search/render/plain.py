"""Records as plain values that `json` can write: finite numbers only, None for others."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from search.records import (
    CheckReport,
    Explained,
    Exported,
    Importance,
    Ranked,
    ReplayedEpoch,
    StudySummary,
    TrialSummary,
)
from search.verdict import beats_strong, no_leader, same

if TYPE_CHECKING:
    from search.report.facts import Report


def plain(value: object) -> Any:  # noqa: ANN401 - what JSON holds has no narrower type
    """Turn a record, and all in it, into dicts, lists, strings and finite numbers."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value


def check(report: CheckReport) -> dict[str, Any]:
    """Give a check's report."""
    found: dict[str, Any] = plain(report)
    return found


def studies(summaries: Sequence[StudySummary]) -> list[dict[str, Any]]:
    """Give a line for each study: what it searches, how far it is, its best without its curve."""
    return [
        {**_head(study), "best": _without_curve(study.leaders[0]) if study.leaders else None}
        for study in summaries
    ]


def status(study: StudySummary) -> dict[str, Any]:
    """Give a study with all its trials, those that have ended an epoch in the order of `best`."""
    return {
        **_head(study),
        "baselines": plain(study.baselines),
        "leaders": [trial.number for trial in study.leaders],
        "beats_strong_baseline": beats_strong(study),
        "trials": plain(study.trials),
    }


def best(found: Explained) -> dict[str, Any]:
    """Give the best trials of a study, beside its defaults and baselines, and what made them so."""
    return {
        **_head(found.study),
        "baselines": plain(found.study.baselines),
        "defaults": [_ranked(one) for one in found.defaults],
        "beats_strong_baseline": beats_strong(found.study),
        "best": [_ranked(one) for one in found.best],
        **_importance(found.importance),
    }


def report(found: "Report") -> dict[str, Any]:
    """Give what a report says, without the curves: those are in `status --json`."""
    study = found.study
    numbered = {trial.number: trial for trial in study.leaders}
    return {
        **_head(study),
        "baselines": plain(study.baselines),
        "defaults": [_sized(found, trial) for trial in study.leaders if trial.default],
        "beats_strong_baseline": beats_strong(study),
        "best": [_sized(found, trial) for trial in found.best],
        "front": [_sized(found, numbered[number]) for number in found.front],
        **_importance(found.importance),
        "failures": dict(found.failures),
        "data": plain(found.data),
        "fingerprint": found.fingerprint,
        "study_file": found.file,
        "seed": found.spec.seed,
        "commands": plain(found.commands),
        "versions": plain(found.versions),
        "written": found.written.isoformat(timespec="seconds"),
    }


def replayed(epochs: Sequence[ReplayedEpoch]) -> list[dict[str, Any]]:
    """Give each epoch as recorded and as replayed."""
    return [{**plain(epoch), "same": same([epoch])} for epoch in epochs]


def exported(exports: Sequence[Exported]) -> list[dict[str, Any]]:
    """Give each export with its scores."""
    found: list[dict[str, Any]] = plain(exports)
    return found


def _head(study: StudySummary) -> dict[str, Any]:
    return {
        "name": study.name,
        "task": study.task,
        "objective": study.objective,
        "direction": study.direction,
        "budget": study.budget,
        "finished": study.finished,
        **{state: study.count(state) for state in ("running", "complete", "pruned", "failed")},
        "no_best": "" if study.leaders else no_leader(study),
        "owner": study.owner,
        "queued": plain(study.queued),
    }


def _importance(found: Importance) -> dict[str, Any]:
    """Give each parameter's share, and from which trials it is reckoned."""
    return {
        "importance": plain(found.shares),
        "importance_by": found.by,
        "importance_trials": found.trials,
        "importance_left_out": plain(found.left_out),
        "no_importance": found.why_none,
    }


def _ranked(one: Ranked) -> dict[str, Any]:
    """Give a trial with the size of its model, and where its variant's default differs."""
    return {**plain(one.trial), "weights": one.weights, "default_has": plain(one.instead)}


def _sized(found: "Report", trial: TrialSummary) -> dict[str, Any]:
    """Give a trial with the size of its model, without its curve."""
    return {**_without_curve(trial), "weights": found.weights.get(trial.number)}


def _without_curve(trial: TrialSummary) -> dict[str, Any]:
    """Give a trial without its curve, which `status --json` has."""
    fields: dict[str, Any] = plain(trial)
    del fields["curve"]
    return fields
