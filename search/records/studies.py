"""Studies and trials as the database shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from lstm_attn.config import Direction
from search.records.trials import Params


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
    device: str = ""
    """The kind of device that trained it; empty until it has ended."""
    host: str = ""
    """The machine that trained it; empty likewise."""
    kind: str = ""
    """What kind of end it came to: as `Outcome.kind`, or `pruned`; empty where nobody has said."""
    epochs: int = 0
    """Epochs that are recorded, also where the curve isn't read."""
    parameters: int | None = None
    """Numbers that training sets; None where an older version has written the trial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineScore:
    """What a model that is no network scores on the same rows."""

    name: str
    strong: bool
    """Whether it is the strong cheap one rather than the trivial one."""
    validation: Mapping[str, float]
    test: Mapping[str, float] | None


SubmissionState = Literal["waiting", "done", "ended"]
"""`waiting` until it has its budget; `ended` by `stop` or by an error of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """How a study stands with the servers to which it was submitted."""

    state: SubmissionState
    reason: str
    """Why it has ended, or why it doesn't get on; empty where there is nothing to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """A study that was put on the queue."""

    name: str
    ahead: int
    """Studies that wait or run and were there before."""
    data_checked: bool
    """Whether the data were at hand."""


Stopped = Literal["asked", "dequeued", "idle"]
"""What `stop` has done: asked the owner; taken the study off the queue; found nothing to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySummary:
    """One study as the database shows it."""

    name: str
    task: str
    objective: str
    direction: Direction
    budget: int
    """Finished trials the study is to have."""
    trials: tuple[TrialSummary, ...]
    """By number."""
    leaders: tuple[TrialSummary, ...]
    """Trials of any state that have ended an epoch, the best first."""
    baselines: tuple[BaselineScore, ...]
    owner: str | None
    """Who runs it now, as `host, process 12`; None where nobody does."""
    queued: Queued | None = None
    """None where it was never submitted."""
    exhausted: bool = False
    """Whether each configuration of its finite space has a trial: there is no other to be had."""

    def count(self, state: TrialState) -> int:
        """Count the trials in a state."""
        return sum(trial.state == state for trial in self.trials)

    @property
    def finished(self) -> int:
        """Trials that count for the budget."""
        return len(self.trials) - self.count("running")

    @property
    def over(self) -> bool:
        """Whether nothing is left to run, nor to go on."""
        is_spent = 0 < self.budget <= self.finished
        return not self.count("running") and (is_spent or self.exhausted)

    @property
    def strong(self) -> BaselineScore | None:
        """The baseline worth beating: of the strong ones the best on validation rows."""
        strong = [one for one in self.baselines if one.strong and self.objective in one.validation]
        best = min if self.direction == "minimize" else max
        return best(strong, key=lambda one: one.validation[self.objective], default=None)

    def better(self, value: float, than: float) -> bool:
        """Tell whether a value of the objective is strictly better than another."""
        return value < than if self.direction == "minimize" else value > than
