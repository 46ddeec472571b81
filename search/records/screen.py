"""What a screen shows: a launch as it goes, and the results of commands."""

from collections.abc import Mapping
from dataclasses import dataclass

from search.records.events import Event
from search.records.studies import BaselineScore, Ending, Queued, StudySummary, TrialSummary
from search.records.trials import Params


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
    seconds: float | None = None
    """How long it may run from now on; None: until its budget is spent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """How many places there are now."""

    ready: int
    """Slots whose worker is ready, busy or not."""
    waiting: int
    """Slots that Ray hasn't been able to give yet."""
    lacking: str = ""
    """Why there are none or fewer, as where no node is large enough; empty where all is well."""


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
    where: str = ""
    """Machine and process of its worker, as `host:12`; empty where that isn't known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    """A launch has been asked to end: running trials give their states."""

    ending: Ending
    blocked: str = ""
    """What cannot be written, so that they go on from the states before; empty where all can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Something cannot be written, and is tried again until it can."""

    problem: str
    """What and why, and what would help."""
    seconds: float
    """How long it is waited for at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unblocked:
    """What was waited for is back."""

    seconds: float
    """How long it could not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwritten:
    """So many events wait until what cannot be written can; told as one comes, and after the last.

    Epochs above all: each is of use to nobody before the database has it.
    """

    reports: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBy:
    """Who runs a study that is watched from elsewhere; told whenever that changes."""

    owner: str | None
    """As `host, process 12`; None where nobody does."""
    queued: Queued | None
    """How it stands with the servers; None where it was never submitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """A study that is watched cannot be read; it may go on all the same."""

    problem: str
    """Why, and what would help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """It can be read again."""

    seconds: float
    """How long it could not."""


Fact = (
    Waiting
    | Blocked
    | Unblocked
    | Unwritten
    | Stopping
    | Opened
    | Slots
    | Started
    | Told
    | RunBy
    | Unseen
    | Seen
    | Event
)
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
class Against:
    """How an export stands to the strong baseline, on validation or on test rows."""

    baseline: str
    """Its name."""
    score: float
    """What the baseline scores there, by the objective."""
    beaten: bool


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
    """95% interval of the objective on test rows."""
    against_strong: Mapping[str, Against]
    """By the rows: `validation`, `test`; those on which both have a score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """How a launch has ended."""

    ending: Ending
    study: StudySummary
    """As it stands now."""
    fresh: bool
    """Whether anything was run; a finished study that is launched again runs nothing."""

    @property
    def fruitless(self) -> bool:
        """Whether nothing is left to run and none of its trials has ended an epoch."""
        is_over = self.ending in (Ending.SPENT, Ending.EXHAUSTED)
        return is_over and bool(self.study.trials) and not self.study.leaders


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """How watching a study has ended."""

    study: StudySummary | None
    """As it was seen last; trials that had ended before the first look are without their curves.

    None where a signal came before anything of it could be read, as before its launch has written
    it.
    """
    ending: Ending | None
    """Which signal has ended it; None where nobody runs the study any more."""
