import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import torch

from lstm_attn.errors import CheckpointError
from lstm_attn.headers import seal_state
from lstm_attn.reports import Wish
from search import trial
from search.records import TrialTask
from search.spec import StudySpec


def test_a_cpu_is_another_kind_of_device_where_it_trains_in_bfloat16(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = []
    for can in (True, False):
        monkeypatch.setattr(trial, "multiplies_bfloat16", lambda _, can=can: can)
        names.append(trial.device_name("cpu"))
    assert names[0] == f"{names[1]} bfloat16"
    assert names[1].startswith("cpu ")


@pytest.fixture
def task(make_spec: Callable[..., StudySpec]) -> TrialTask:
    """A trial that goes on from a state."""
    space, file = make_spec().space, io.BytesIO()
    zipfile.ZipFile(file, "w").close()
    model, training = space.configure(space.defaults()[0])
    state = seal_state(file.getvalue(), {})
    threads = torch.get_num_threads()
    return TrialTask(
        number=0, attempt=0, model=model, training=training, seed=1, threads=threads, state=state
    )


NO_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    MemoryError("no room"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be reported later"),
    RuntimeError("cudaErrorMemoryAllocation: out of memory"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
]


@pytest.mark.parametrize("error", NO_MEMORY, ids=str)
@pytest.mark.parametrize("where", ["torch.load", "search.trial.fit"])
def test_a_trial_runs_out_of_memory_while_its_state_is_loaded_as_while_it_trains(
    where: str, error: Exception, task: TrialTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_out(*_: object, **__: object) -> None:
        raise error

    data: Any = None
    monkeypatch.setattr(where, run_out)
    if where != "torch.load":
        monkeypatch.setattr(trial.checkpoint, "state_from_bytes", lambda _: None)
    (last,) = trial.train(task, data, Wish(), device="cpu")
    assert isinstance(last, trial.Last)
    assert last.outcome.kind == "out_of_memory"
    assert str(error).splitlines()[0] in last.outcome.reason


def test_a_damaged_state_and_another_fault_are_no_lack_of_memory(
    task: TrialTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    data: Any = None
    with pytest.raises(CheckpointError, match="damaged"):
        list(trial.train(task, data, Wish(), device="cpu"))

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(trial.checkpoint, "state_from_bytes", broken)
    with pytest.raises(RuntimeError, match="illegal memory access"):
        list(trial.train(task, data, Wish(), device="cpu"))
