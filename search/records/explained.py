"""The best trials of a study, and what made them so."""

from collections.abc import Mapping
from dataclasses import dataclass

from search.records.studies import StudySummary, TrialSummary
from search.records.trials import Params


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A trial that has ended an epoch, beside the default of its variant."""

    trial: TrialSummary
    weights: int | None
    """Numbers that training sets; None where its model cannot be built."""
    instead: Params
    """What the default of its variant has where that is another value, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What `best` says of a study."""

    study: StudySummary
    """As it stands; most of its trials are without their curves."""
    best: tuple[Ranked, ...]
    """As many as were asked for, the best first, of any state."""
    defaults: tuple[Ranked, ...]
    """The default trials, the best first."""
    importance: Mapping[str, float]
    """Each parameter's share in what sets the best trials apart, the largest first."""
    importance_by: str
    """The method that gave it."""
    no_importance: str
    """Why nothing is said of importance, in a sentence; empty where something is."""
