"""What a report says of a study, as values: for its page, and for programs."""

import math
import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from search.importance import explained
from search.records import Importance, StudySummary, TrialSummary
from search.spec import StudySpec
from search.spec.writing import toml
from search.stored import StoredStudy
from search.summaries import weights
from search.versions import Versions

TOP = 20
"""The most trials that are called the best."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that is to be said of a study, at one moment."""

    study: StudySummary
    """The study with its trials, as it stands."""
    spec: StudySpec
    """What it searches, and by which rules."""
    written: datetime
    """When this was."""
    database: str
    """Where the study is, without who asks."""
    weights: Mapping[int, int]
    """Numbers that training sets in a trial's model, by trial; of those that could be built."""
    front: tuple[int, ...]
    """Trials than which none smaller is as good, the smallest model first."""
    importance: Importance
    """What sets the best trials apart."""
    data: Mapping[str, str | int | float]
    """What was read: rows, classes, dates, vocabulary, notes."""
    fingerprint: str
    """Of the data."""
    file: str
    """The study file."""
    commands: Mapping[str, str]
    """What each command does, and the command."""
    versions: tuple[Versions, ...]
    """With which the study was launched, one after another; none where they aren't recorded."""

    @property
    def best(self) -> tuple[TrialSummary, ...]:
        """The best trials, of any state."""
        return self.study.leaders[:TOP]

    @property
    def failures(self) -> Mapping[str, int]:
        """How many trials failed for each reason, the most frequent first."""
        failed = (one.reason for one in self.study.trials if one.state == "failed")
        return dict(Counter(reason or "none recorded" for reason in failed).most_common())

    @property
    def ended(self) -> tuple[TrialSummary, ...]:
        """Trials with a finite score, the best first."""
        return tuple(one for one in self.study.leaders if math.isfinite(one.value or 0.0))


def facts(stored: StoredStudy, study: StudySummary, *, written: datetime, database: str) -> Report:
    """Gather what is to be said of a study.

    Arguments:
        stored: the study without its trials.
        study: the study as it stands.
        written: now.
        database: where the study is, to be shown.
    """
    spec = stored.spec
    counted = {trial.number: weights(trial, spec.space) for trial in study.trials}
    sizes = {number: size for number, size in counted.items() if size is not None}
    return Report(
        study=study,
        spec=spec,
        written=written,
        database=database,
        weights=sizes,
        front=front(study, sizes),
        importance=explained(study, spec.space),
        data=stored.data_summary,
        fingerprint=stored.fingerprint,
        file=study_file(spec),
        commands=_commands(study),
        versions=stored.versions,
    )


def front(study: StudySummary, weights: Mapping[int, int]) -> tuple[int, ...]:
    """Give the efficient front: trials than which none with as few weights is as good.

    Arguments:
        study: whose trials.
        weights: by trial; those that are missing are left out.

    Returns:
        Numbers, the smallest model first; scores get better from one to the next.
    """
    found: list[int] = []
    best: float | None = None
    places = {trial.number: place for place, trial in enumerate(study.leaders)}
    values = {trial.number: trial.value for trial in study.leaders}
    for number in sorted(places.keys() & weights.keys(), key=lambda n: (weights[n], places[n])):
        value = values[number]
        if value is None or not math.isfinite(value):
            continue
        if best is None or study.better(value, best):
            found.append(number)
            best = value
    return tuple(found)


def study_file(spec: StudySpec) -> str:
    """Write the study file again, its paths absolute, with the budget as it is now."""
    given: dict[str, Mapping[str, Any]] = {
        section: spec.given.get(section, {})
        for section in ("data", "task", "space", "training", "search", "resources")
    }
    settled = {"objective": spec.objective, "trials": spec.trials, "seed": spec.seed}
    given["search"] = {**given["search"], **settled}
    return toml(spec.name, given)


def _commands(study: StudySummary) -> dict[str, str]:
    name, file = study.name, f"{study.name}.toml"
    commands = {
        "search once more, from the file above": ["launch", file, "--name", f"{name}-again"],
    }
    if study.leaders:
        commands["the best model as a folder"] = ["export", name, "--to", f"exports/{name}"]
        best = study.leaders[0].number
        commands["the best trial, trained again and compared"] = ["replay", name, str(best)]
    return {does: shlex.join(["lstm-search", *words]) for does, words in commands.items()}
