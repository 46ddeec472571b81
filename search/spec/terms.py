"""What a study is, but for its space: what a file says and a study keeps alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lstm_attn.config import METRICS, DataConfig, Direction, TaskConfig, loss_metric
from search.records import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What a trial gets; what is None goes by what Ray has."""

    slots: int | None = None
    """The most trials at a time."""
    cpus_per_trial: int | None = None
    """CPUs of a slot, and threads of its trial."""
    gpus_per_trial: float | None = None
    """Share of a GPU, from 0.0001 up to 1."""
    trial_timeout: float | None = None
    """Seconds a trial may train in one worker."""
    trial_memory: int | None = None
    """Bytes that a trial's process may hold, without the data."""

    @property
    def limits(self) -> Limits:
        """What a trial may take."""
        return Limits(seconds=self.trial_timeout, memory=self.trial_memory)

    def gpu_share(self, *, gpus: bool) -> float:
        """Settle a trial's share of a GPU: what is asked for, else a whole one if there are any.

        Arguments:
            gpus: whether there are any.
        """
        if self.gpus_per_trial is not None:
            return self.gpus_per_trial
        return 1.0 if gpus and self.cpus_per_trial is None else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Data, task and rules of a search."""

    name: str
    """The study's."""
    given: Mapping[str, Any]
    """What the file says, checked, by section; its paths absolute; JSON can hold it."""
    data: DataConfig
    """Where rows come from; paths absolute."""
    task: TaskConfig
    """What is to be learned."""
    objective: str
    """The metric that ranks."""
    trials: int
    """Finished trials the study is to have."""
    timeout: float | None
    """Seconds a launch may take; None for as long as it needs."""
    keep: int
    """Trials whose best checkpoint is kept."""
    checkpoint_every: float
    """Seconds between two states of a running trial."""
    sampler: Literal["tpe", "random", "grid"]
    """Who suggests."""
    pruner: Literal["halving", "median", "none"]
    """Who stops poor trials."""
    seed: int
    """Of suggestions and trials."""
    resources: Resources
    """What a trial gets."""

    @property
    def direction(self) -> Direction:
        """Which way the objective is better."""
        return METRICS[self.task.kind][self.objective]

    @property
    def loss(self) -> str:
        """The metric by which equal values of the objective are ordered."""
        return loss_metric(self.task.kind, self.objective)

    @property
    def threads(self) -> int:
        """CPU threads a trial computes with."""
        return self.resources.cpus_per_trial or 1


def frozen(section: Mapping[str, Any]) -> dict[str, Any]:
    """Take what a file or JSON says as configurations hold it: tuples for lists."""
    return {key: tuple(item) if isinstance(item, list) else item for key, item in section.items()}
