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
class Importance:
    """How much each searched parameter has to do with being among the best trials."""

    shares: Mapping[str, float]
    """By name, the largest first; they sum to 1. Empty where nothing can be said."""
    by: str
    """The method."""
    trials: int
    """From how many trials it is reckoned, of any state, each worth its best epoch."""
    left_out: Mapping[str, int]
    """The other trials: why they say nothing, and how many."""
    why_none: str
    """Why there are no shares, in a sentence; empty where there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What `best` says of a study."""

    study: StudySummary
    """As it stands; most of its trials are without their curves."""
    best: tuple[Ranked, ...]
    """As many as were asked for, the best first, of any state."""
    defaults: tuple[Ranked, ...]
    """The default trials, the best first."""
    importance: Importance
    """What sets the best trials apart."""
