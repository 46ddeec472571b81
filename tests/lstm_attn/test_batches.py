import tracemalloc

import numpy as np
import pytest
import torch

from lstm_attn.batches import Table, scoring
from lstm_attn.config import TASK_KINDS
from lstm_attn.sequences import Split
from lstm_attn.tasks import task_for

STEPS = 1_000_000


def large_split():
    inputs = np.zeros((STEPS, 2), np.float32)
    inputs.flags.writeable = False
    return Split(
        inputs=inputs,
        offsets=np.array([0, STEPS]),
        labels=np.zeros(0, np.int64),
        targets=np.zeros((0, 0)),
        origins=np.zeros(0, np.int64),
        character_ends=np.zeros(0, np.int64),
    )


def test_arrays_are_gathered_from_where_they_lie_and_never_copied():
    split = large_split()
    tracemalloc.start()
    table = Table(split)
    gathered = table.gather("inputs", torch.arange(64))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert table.split is split
    assert peak < split.inputs.nbytes / 100
    assert not np.shares_memory(gathered.numpy(), split.inputs)
    gathered.fill_(1.0)  # what was gathered is the batch's own
    assert not split.inputs.any()


def test_numbers_given_to_a_table_are_copied():
    starts = np.arange(3)
    numbers = Table(large_split()).numbers(starts)
    numbers += 1
    assert starts.tolist() == [0, 1, 2]


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_batches_gathered_on_a_device_are_those_gathered_on_the_cpu(kind, tiny_of, same):
    tiny = tiny_of(kind)
    task = task_for(tiny.data, tiny.training.objective)
    at_home, resident = Table(tiny.data.train), Table(tiny.data.train)
    resident._tensors = {
        name: torch.from_numpy(array.copy()) for name, array in resident._arrays.items()
    }
    starts = task.draw_pass(np.random.default_rng(0), 4)
    assert same(task.batch(at_home, starts, 4), task.batch(resident, starts, 4))


def test_scoring_can_be_done_within_scoring():
    model = torch.nn.Linear(1, 1)
    with scoring(model):
        with scoring(model):
            assert not model.training
        assert torch.is_inference_mode_enabled()
        assert not model.training
    assert model.training


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype")
@pytest.mark.parametrize("kind", TASK_KINDS)
def test_batches_and_losses_on_cuda_wait_for_nothing(kind, tiny_of):
    tiny = tiny_of(kind)
    task = task_for(tiny.data, tiny.training.objective)
    home, away = Table(tiny.data.train), Table(tiny.data.train, "cuda")
    starts = task.draw_pass(np.random.default_rng(0), 4)
    task.batch(away, starts, 4)
    try:
        torch.cuda.set_sync_debug_mode("error")
        batch = task.batch(away, starts, 4)
        steps = batch.inputs.shape[:2]
        outputs = torch.zeros(*steps, task.output_size, device="cuda", requires_grad=True)
        task.loss(outputs, batch).backward()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    expected = task.batch(home, starts, 4)
    assert torch.equal(batch.inputs.cpu(), expected.inputs)
    assert torch.equal(batch.targets.cpu(), expected.targets)
