import pytest
import torch
from torch import nn

from lstm_attn import precision
from lstm_attn.config import TASK_KINDS
from lstm_attn.precision import (
    float32_products,
    lstms_in_float32,
    mixed,
    multiplies_bfloat16,
)
from lstm_attn.reports import EpochReport, Wish
from lstm_attn.training import fresh_model

CPU = torch.device("cpu")

needs_cuda = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


def on_cuda(test):
    for mark in needs_cuda:
        test = mark(test)
    return test


def settings():
    return torch.backends.cuda.matmul.fp32_precision, torch.backends.cudnn.rnn.fp32_precision


@pytest.mark.parametrize("precision", ["tf32", "ieee"])
def test_the_precision_of_products_is_lent(precision):
    before = settings()
    with float32_products(precision):
        assert settings() == (precision, precision)
    assert settings() == before


@pytest.mark.parametrize("can", ["avx512_bf16", "amx_bf16", None])
def test_a_cpu_multiplies_bfloat16_where_it_has_instructions_for_it(can, monkeypatch):
    found = {"avx512_bf16": False, "amx_bf16": False, "avx512_f": True} | (
        {can: True} if can else {}
    )
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found)
    assert multiplies_bfloat16.__wrapped__(CPU) is (can is not None)


def test_of_other_devices_cuda_alone_multiplies_bfloat16():
    can = {name: multiplies_bfloat16(torch.device(name)) for name in ("cuda", "mps", "meta")}
    assert can == {"cuda": True, "mps": False, "meta": False}


def test_a_step_is_mixed_where_the_cpu_multiplies_bfloat16_and_nowhere_else(monkeypatch):
    layer = nn.Linear(2, 2)
    for can, expected in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr(precision, "multiplies_bfloat16", lambda _, can=can: can)
        with mixed(CPU):
            assert layer(torch.ones(1, 2)).dtype == expected
            assert torch.backends.cuda.flash_sdp_enabled() is not can
    assert torch.backends.cuda.flash_sdp_enabled()


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_weights_and_scores_are_float32_whatever_a_step_is(tiny_of, kind, monkeypatch):
    monkeypatch.setattr(precision, "multiplies_bfloat16", lambda _: True)
    tiny = tiny_of(kind)
    model, seen = fresh_model(tiny.model, 3), {True: set(), False: set()}
    model.register_forward_hook(lambda *given: seen[model.training].add(given[2].dtype))
    *_, finished = tiny.fit(model=model)
    assert seen == {True: {torch.bfloat16}, False: {torch.float32}}
    assert {weight.dtype for weight in finished.weights.values()} == {torch.float32}


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4, batch_first=True)
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        self.states, _ = self.lstm(x)
        return self.fc(self.states)


def test_an_lstm_stays_out_of_autocast_and_what_follows_does_not():
    model = Model()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        with lstms_in_float32(model, CPU):
            outputs = model(torch.ones(1, 2, 3))
            assert (model.states.dtype, outputs.dtype) == (torch.float32, torch.bfloat16)
        model(torch.ones(1, 2, 3))
        assert model.states.dtype == torch.bfloat16


def test_autocast_goes_on_after_an_lstm_that_fails():
    model = Model()
    with torch.autocast("cpu"), lstms_in_float32(model, CPU):
        with pytest.raises(RuntimeError):
            model(torch.ones(1, 2, 7))
        assert torch.is_autocast_enabled("cpu")


def test_products_are_coarse_in_training_and_exact_in_scoring(tiny):
    model, seen = fresh_model(tiny.model, 3), {True: set(), False: set()}
    model.register_forward_hook(lambda *_: seen[model.training].add(settings()))
    list(tiny.fit(model=model))
    assert seen == {True: {("tf32", "tf32")}, False: {("ieee", "ieee")}}


@on_cuda
@pytest.mark.parametrize("kind", TASK_KINDS)
def test_training_is_mixed_and_scoring_is_not(tiny_of, kind):
    tiny = tiny_of(kind)
    model, seen = fresh_model(tiny.model, 3), {True: set(), False: set()}

    def look(module, inputs, outputs):
        seen[module.training].add((outputs.dtype, settings()))

    model.register_forward_hook(look)
    list(tiny.fit(model=model, device="cuda"))
    assert seen[True] == {(torch.bfloat16, ("tf32", "tf32"))}
    assert seen[False] == {(torch.float32, ("ieee", "ieee"))}


@on_cuda
@pytest.mark.parametrize("kind", TASK_KINDS)
def test_the_lstm_trains_in_float32_on_cuda(tiny_of, kind):
    tiny = tiny_of(kind)
    model, seen = fresh_model(tiny.model, 3), set()
    run = tiny.fit(model=model, device="cuda")
    next(run)  # our hook comes after those of the run
    model.lstm.register_forward_hook(lambda *given: seen.add(given[2][0].dtype))
    list(run)
    assert seen == {torch.float32}


@on_cuda
def test_a_run_that_is_dropped_leaves_its_model_without_hooks(tiny):
    model = fresh_model(tiny.model, 3)
    run = tiny.fit(model=model, device="cuda")
    next(run)
    assert model.lstm._forward_hooks
    run.close()
    assert not model.lstm._forward_pre_hooks
    assert not model.lstm._forward_hooks


def test_on_the_cpu_an_lstm_trains_as_the_rest_does(tiny):
    model, seen = fresh_model(tiny.model, 3), set()
    run = tiny.fit(model=model)
    next(run)
    assert not model.lstm._forward_hooks
    model.lstm.register_forward_hook(
        lambda *given: seen.add((given[0].training, given[2][0].dtype))
    )
    list(run)
    can = precision.multiplies_bfloat16(CPU)
    assert seen == {(True, torch.bfloat16 if can else torch.float32), (False, torch.float32)}


class BatchWatch:
    """A clock that lets nothing wait for the device in the batches of the second epoch.

    Training asks the time before and after each batch, and three times at an epoch's end. The
    epoch's first batch may wait: where an LSTM has dropout, cuDNN draws its seed after each turn
    of the caller's, when the generator was lent anew, and takes it to the CPU.
    """

    def __init__(self, steps, set_mode):
        self.asked, self.forbidden = 0, range(2 * steps + 5, 4 * steps + 3, 2)
        self.set_mode = set_mode

    def __call__(self):
        self.set_mode("error" if self.asked in self.forbidden else "default")
        self.asked += 1
        return float(self.asked)


def test_the_watch_forbids_waiting_in_each_batch_but_the_first_and_nowhere_else(tiny_of):
    modes, tiny = [], tiny_of("classification").changed(epochs=3)
    model = fresh_model(tiny.model, 3)
    seen = {True: [], False: []}
    model.register_forward_hook(lambda *_: seen[model.training].append(modes[-1]))
    list(tiny.fit(model=model, clock=BatchWatch(4, modes.append)))
    assert seen[True] == 5 * ["default"] + 3 * ["error"] + 4 * ["default"]
    assert seen[False] == 3 * ["default"]


@on_cuda
@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype")
@pytest.mark.parametrize("kind", TASK_KINDS)
def test_a_leg_that_has_begun_never_waits_for_the_device(tiny_of, kind):
    tiny = tiny_of(kind).changed(epochs=2)
    try:
        *_, finished = tiny.fit(device="cuda", clock=BatchWatch(4, torch.cuda.set_sync_debug_mode))
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert finished.outcome == "completed"


@on_cuda
@pytest.mark.parametrize("kind", TASK_KINDS)
def test_a_run_on_cuda_gives_and_takes_states_on_the_cpu(tiny_of, kind):
    tiny, wish = tiny_of(kind), Wish()
    run = tiny.fit(device="cuda", wish=wish)
    next(run)
    wish.state()
    state = next(run)
    assert {weight.device.type for weight in state.weights.values()} == {"cpu"}
    assert set(state.generators) == {"cpu", "cuda"}
    rest = list(tiny.fit(device="cuda", state=state))
    assert [event.epoch for event in rest if isinstance(event, EpochReport)] == [2, 3]
