"""What happens to running trials: each event a value, told once."""

from dataclasses import dataclass

from lstm_attn.reports import EpochReport
from search.records.trials import Outcome, Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A running trial has ended an epoch."""

    number: int
    attempt: int
    report: EpochReport


@dataclass(frozen=True, slots=True, kw_only=True)
class StateGiven:
    """A running trial has given a state to go on from."""

    number: int
    attempt: int
    epoch: int
    """Epochs that have ended in it."""
    step: int
    """Optimizer steps taken in the epoch after those."""
    payload: Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsGiven:
    """A running trial has given its best weights so far."""

    number: int
    attempt: int
    epoch: int
    """The epoch they are from."""
    payload: Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A trial has ended in its worker."""

    number: int
    attempt: int
    outcome: Outcome
    weights: Payload | None
    """The best epoch's weights; None where no epoch has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A running trial's worker is gone."""

    number: int
    attempt: int
    reason: str
    blames_trial: bool
    """Whether it may be the trial's doing; a lost node, say, is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Nothing has happened for a moment."""


Event = Reported | StateGiven | WeightsGiven | Ended | Lost | Quiet
