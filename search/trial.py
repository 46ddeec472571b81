"""One trial inside a worker: a task comes in, reports and checkpoints come out.

Knows neither Ray nor SQL; `replay` runs it in its own process just the same.
"""

import json
import platform
from collections.abc import Generator
from dataclasses import asdict, dataclass
from typing import Literal

import torch

from lstm_attn import checkpoint
from lstm_attn.errors import CheckpointError
from lstm_attn.headers import report_to_json
from lstm_attn.precision import multiplies_bfloat16
from lstm_attn.reports import EpochReport, Wish
from lstm_attn.run import Tables
from lstm_attn.sequences import SequenceData
from lstm_attn.state import BestWeights, Finished, TrainingState
from lstm_attn.training import Event, fit, fresh_model
from search.records import Outcome, TrialTask

_NO_MEMORY = (
    "can't allocate memory",  # PyTorch on the CPU
    "CUDA out of memory",
    "CUDA error: out of memory",
    "cudaErrorMemoryAllocation",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "DEVICE_ALLOCATION_FAILED",  # cuDNN 9, at the end of a longer name
)
"""Words of errors that PyTorch gives no class of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A checkpoint that was wished for."""

    kind: Literal["state", "weights"]
    epoch: int
    """States: epochs ended. Weights: the epoch they are from."""
    step: int
    """States: steps of the epoch under way; weights: 0."""
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """A trial's end."""

    outcome: Outcome
    content: bytes | None
    """The best epoch's weights; None where no epoch has ended."""


Message = EpochReport | Given | Last


def train(
    task: TrialTask, data: SequenceData, wish: Wish, *, device: str, tables: Tables | None = None
) -> Generator[Message, None, None]:
    """Train one configuration; the caller reads messages and changes the wish.

    Arguments:
        task: what to train, and a state to go on from.
        data: encoded sequences.
        wish: read before every batch.
        device: as PyTorch names it.
        tables: the data on that device, where they are there already.
    """
    torch.set_num_threads(task.threads)
    try:
        state = checkpoint.state_from_bytes(task.state) if task.state else None
        model = fresh_model(task.model, task.seed)
        for event in fit(
            model,
            data,
            task.training,
            seed=task.seed,
            wish=wish,
            state=state,
            device=device,
            tables=tables,
        ):
            yield _message(event, task, device)
    except (CheckpointError, MemoryError, RuntimeError) as error:  # the first: of a state
        if not is_out_of_memory(error):
            raise
        yield _out_of_memory(task, str(error), device)


def is_out_of_memory(error: CheckpointError | MemoryError | RuntimeError) -> bool:
    """Tell whether an error says that the device, or this machine, has no memory left."""
    told = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return told or any(words in str(error) for words in _NO_MEMORY)


def device_name(device: str) -> str:
    """Name the kind of device that computes; on the same kind a trial gives the same numbers.

    Arguments:
        device: as PyTorch names it.
    """
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    mixed = " bfloat16" if multiplies_bfloat16(torch.device(device)) else ""
    return f"cpu {platform.machine()} {torch.backends.cpu.get_cpu_capability()}{mixed}"


def _message(event: Event, task: TrialTask, device: str) -> Message:
    match event:
        case EpochReport():
            return event
        case TrainingState():
            content = checkpoint.state_to_bytes(event, _trained_by(task, device))
            return Given(kind="state", epoch=event.epoch, step=event.step, content=content)
        case BestWeights():
            content = _weights(event, task, device)
            return Given(kind="weights", epoch=event.best.epoch, step=0, content=content)
        case Finished():
            outcome = Outcome(
                kind=event.outcome,
                reason=event.reason,
                best=event.best,
                device=device_name(device),
                host=platform.node(),
            )
            if event.best is None or event.weights is None:
                return Last(outcome=outcome, content=None)
            best = BestWeights(best=event.best, weights=event.weights)
            return Last(outcome=outcome, content=_weights(best, task, device))


def _weights(best: BestWeights, task: TrialTask, device: str) -> bytes:
    """Write the best weights with what they are: model, epoch, scores, device."""
    header = {
        "trial": str(task.number),
        "epoch": str(best.best.epoch),
        "metrics": json.dumps(dict(best.best.metrics)),
        "best": report_to_json(best.best),
        "model": json.dumps(asdict(task.model)),
        "training": json.dumps(asdict(task.training)),
        **_trained_by(task, device),
    }
    return checkpoint.weights_to_bytes(best.weights, header)


def _trained_by(task: TrialTask, device: str) -> dict[str, str]:
    """Say what the bits of weights and states hang on beside model, data and seed."""
    return {"device": device_name(device), "threads": str(task.threads)}


def _out_of_memory(task: TrialTask, said: str, device: str) -> Last:
    """End a trial whose model or batch is too large for the device."""
    model, training = task.model, task.training
    sizes = (
        f"hidden_size {model.hidden_size}, layers {model.layers}, "
        f"batch_size {training.batch_size}, context {training.context}"
    )
    reason = f"out of memory with {sizes}: {said.splitlines()[0]}"
    outcome = Outcome(
        kind="out_of_memory",
        reason=reason,
        best=None,
        device=device_name(device),
        host=platform.node(),
    )
    return Last(outcome=outcome, content=None)
