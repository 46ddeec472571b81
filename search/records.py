"""Values that cross borders: between coordinator and workers, between ledger and screen."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal, Protocol

from lstm_attn.config import ModelConfig, TrainingConfig
from lstm_attn.reports import EpochReport

Value = str | int | float | bool
Params = Mapping[str, Value]
"""Searched values by name; what is fixed or inactive is not among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialTask:
    """One trial to train, complete: a worker needs nothing else but the data."""

    number: int
    """The trial's number in the study, for life."""
    attempt: int
    """How often the trial has been started before; an older attempt's reports are dropped."""
    model: ModelConfig
    """What to build."""
    training: TrainingConfig
    """How to train it."""
    seed: int
    """Seed of weights, data order and dropout."""
    threads: int
    """CPU threads the trial computes with; results depend on it in the last bits."""
    state: bytes | None = None
    """A state to go on from; None to start."""


OutcomeKind = Literal["completed", "stopped", "handed_in", "diverged", "out_of_memory", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a trial ended in its worker."""

    kind: OutcomeKind
    """`completed`: all epochs, or its own patience; `stopped`: by a verdict; `handed_in`: a state
    was given to go on from; the rest are faults, of which only `failed` isn't the
    configuration's."""
    reason: str
    """In words, with the numbers; empty where there is nothing to say."""
    best: EpochReport | None
    """The best epoch's report; None where none has ended."""


class Payload(Protocol):
    """Bytes that lie with a worker until they are fetched."""

    def fetch(self) -> bytes:
        """Bring the bytes here."""
        ...


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


class Ending(Enum):
    """Why a study's loop has ended."""

    SPENT = "its budget is spent"
    EXHAUSTED = "every configuration of its space has been tried"
    TIMEOUT = "its time is over"
    STOPPED = "somebody asked it to stop"
    INTERRUPTED = "it was interrupted"
    TERMINATED = "it was told to end"


TrialState = Literal["running", "complete", "pruned", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSummary:
    """One trial as the database shows it."""

    number: int
    state: TrialState
    params: Params
    curve: Mapping[int, float]
    """Objective by epoch, as reported."""
    best_epoch: int | None
    """The epoch the trial is worth; None where none has ended."""
    value: float | None
    """The objective at that epoch."""
    metrics: Mapping[str, float]
    """Every metric at that epoch; the objective alone while the trial runs."""
    reason: str
    """Why it ended; empty where there is nothing to say."""
    default: bool
    """Whether it is one of the defaults that come first."""
    seconds: float | None
    """From start to end, wall clock; None while it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineScore:
    """What a model that is no network scores on the same rows."""

    name: str
    strong: bool
    """Whether it is the strong cheap one rather than the trivial one."""
    validation: Mapping[str, float]
    test: Mapping[str, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySummary:
    """One study as the database shows it."""

    name: str
    task: str
    objective: str
    direction: Literal["minimize", "maximize"]
    budget: int
    """Finished trials the study is to have."""
    trials: tuple[TrialSummary, ...]
    """By number."""
    leaders: tuple[TrialSummary, ...]
    """Trials of any state that have ended an epoch, the best first."""
    baselines: tuple[BaselineScore, ...]
    owner: str | None
    """Who runs it now, as `host:process`; None where nobody does."""

    def count(self, state: TrialState) -> int:
        """Count the trials in a state."""
        return sum(trial.state == state for trial in self.trials)

    @property
    def finished(self) -> int:
        """Trials that count for the budget."""
        return len(self.trials) - self.count("running")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A launch waits for a silent owner's lease to run out."""

    owner: str
    seconds: float
    """Until it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A study is open and about to run."""

    study: StudySummary
    """As it stands; RUNNING trials are about to go on."""
    epochs: int
    """The most a trial gets."""
    notes: tuple[str, ...]
    """What the user should know: of the data, of what was resolved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """How many places there are now."""

    ready: int
    """Slots whose worker is ready, busy or not."""
    waiting: int
    """Slots that Ray hasn't been able to give yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A trial has ended and is recorded."""

    trial: TrialSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A trial has been sent to a slot, fresh or going on."""

    number: int
    params: Params
    epoch: int
    """Epochs recorded before."""
    default: bool


Fact = Waiting | Opened | Slots | Started | Told | Event
"""What a screen may show of a launch as it goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCost:
    """What one corner of a space costs."""

    params: Params
    """The corner."""
    parameters: int
    """Weights of the model."""
    epoch_seconds: float
    """Of one epoch on this machine, from three timed batches and the rows of an epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """All that can be said of a study before it is launched."""

    name: str
    task: str
    objective: str
    data: Mapping[str, str | int | float]
    """Rows, classes, dates, vocabulary, notes: as read."""
    baselines: tuple[BaselineScore, ...]
    dimensions: Mapping[str, str]
    """Each searched dimension and its values, in words."""
    points: int | None
    """Distinct configurations; None where a range is continuous."""
    trials: int
    epochs: int
    smallest: ModelCost
    largest: ModelCost
    hours: float
    """An estimate for the whole budget on this machine's slots, without pruning."""
    slots: int
    """Trials that would run at a time on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedEpoch:
    """One recorded epoch beside the same one trained again."""

    epoch: int
    recorded: float
    replayed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A verified export."""

    number: int
    folder: str
    objective: str
    recorded: float
    verified: float
    """The objective, scored again in a fresh process."""
    validation: Mapping[str, float]
    test: Mapping[str, float] | None
    test_interval: tuple[float, float] | None
    """95 % interval of the objective on test rows."""
    beats_strong_baseline: bool | None
    """None where there is no strong baseline to compare with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """How a launch has ended."""

    ending: Ending
    study: StudySummary
    """As it stands now."""
    fresh: bool
    """Whether anything was run; a finished study that is launched again runs nothing."""
