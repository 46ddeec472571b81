"""A trial on its way: what a worker is given, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a trial may take; past it, it ends."""

    seconds: float | None = None
    """Of training in one worker; counted anew where it goes on elsewhere. None: any."""
    memory: int | None = None
    """Bytes of its process, without the data that all share. None: any."""


OutcomeKind = Literal[
    "completed", "stopped", "handed_in", "diverged", "out_of_memory", "out_of_time", "failed"
]


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
    device: str = ""
    """The kind of device that trained; empty where the worker couldn't say."""
    host: str = ""
    """The name of the machine that trained; empty likewise."""


class PayloadLost(Exception):
    """Bytes that lay with a worker are gone with it."""


class PayloadLate(PayloadLost):
    """Bytes that lie with a worker have not come in time, and are waited for no more."""


class Payload(Protocol):
    """Bytes that lie with a worker until they are fetched."""

    def fetch(self) -> bytes:
        """Bring the bytes here.

        Raises:
            PayloadLost: they are gone.
        """
        ...


class Verdict(Enum):
    """What is to become of a trial that has reported."""

    GO_ON = auto()
    PRUNE = auto()
    """It ends as of the epoch reported."""
    GONE = auto()
    """It isn't ours any more: told or deleted by someone else."""
