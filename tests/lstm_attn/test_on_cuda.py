"""Training on a CUDA device; what holds on the CPU as well is tested there."""

import time

import pytest
import torch

from lstm_attn.config import TASK_KINDS
from lstm_attn.precision import float32_products, lstms_in_float32
from lstm_attn.reports import EpochReport, Wish
from lstm_attn.run import Run, load_tables
from lstm_attn.state import BestWeights, Finished, TrainingState
from lstm_attn.training import fresh_model

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_the_steps_of_an_epoch_wait_for_nothing(kind, tiny_of):
    tiny = tiny_of(kind)
    run = Run(
        fresh_model(tiny.model, 3).to("cuda"),
        tiny.data,
        tiny.training,
        seed=3,
        tables=load_tables(tiny.data, "cuda"),
        clock=time.perf_counter,
    )
    device = torch.device("cuda")
    with lstms_in_float32(run._model, device), float32_products("tf32"):
        run.train_batch()  # the first one allocates
        torch.cuda.set_sync_debug_mode("error")
        try:
            while not run.leg_is_over:
                run.train_batch()
        finally:
            torch.cuda.set_sync_debug_mode("default")
    report = run.end_epoch()
    assert isinstance(report, EpochReport)


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_going_on_from_a_state_is_the_uninterrupted_run(kind, tiny_of):
    tiny = tiny_of(kind)
    whole = list(tiny.fit(device="cuda"))
    wish = Wish()
    run = tiny.fit(device="cuda", wish=wish)
    first = next(run)
    wish.hand_in()
    *_, state, finished = run
    assert isinstance(first, EpochReport)
    assert isinstance(state, TrainingState)
    assert finished.outcome == "handed_in"
    assert all(weight.device.type == "cpu" for weight in state.weights.values())
    rest = list(tiny.fit(device="cuda", state=state))
    scores = [event.metrics for event in (first, *rest) if isinstance(event, EpochReport)]
    expected = [event.metrics for event in whole if isinstance(event, EpochReport)]
    assert len(scores) == len(expected)
    for ours, theirs in zip(scores, expected, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-2)  # kernels of CUDA may add in any order


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_best_weights_come_out_on_the_cpu(kind, tiny_of):
    tiny = tiny_of(kind)
    wish = Wish()
    run = tiny.fit(device="cuda", wish=wish)
    next(run)
    wish.weights()
    given, *_, finished = run
    for one in (given, finished):
        assert isinstance(one, BestWeights | Finished)
        assert {weight.device.type for weight in one.weights.values()} == {"cpu"}
