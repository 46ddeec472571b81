import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lstm_attn.batches import Table
from lstm_attn.config import METRICS
from lstm_attn.errors import DataError
from lstm_attn.reports import EpochReport, Wish
from lstm_attn.run import load_tables
from lstm_attn.state import BestWeights, TrainingState, put_weights
from lstm_attn.stream import epoch_steps
from lstm_attn.tasks import task_for
from lstm_attn.training import fresh_model


def reports_of(events):
    return [event for event in events if isinstance(event, EpochReport)]


def plain_loop(tiny, model, epochs):
    """Train as the design says, with nothing but PyTorch's own parts; losses of all steps."""
    config, task = tiny.training, task_for(tiny.data, tiny.training.objective)
    table = Table(tiny.data.train)
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim < 2 or "embed" in name]
    groups = [{"params": matrices}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(
        groups, lr=config.learning_rate, weight_decay=config.weight_decay, foreach=False
    )
    steps = config.epoch_steps * epochs
    batches = (
        rows[first : first + config.batch_size]
        for turn in itertools.count()
        for rows in [
            task.draw_pass(
                np.random.default_rng(np.random.SeedSequence(3, spawn_key=(turn,))), config.context
            )
        ]
        for first in range(0, len(rows), config.batch_size)
    )
    losses = []
    for step, rows in zip(range(steps), batches, strict=False):
        share = min((step + 1) / math.ceil(0.05 * steps), (steps - step) / math.ceil(0.2 * steps))
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * min(1.0, share)
        batch = task.batch(table, rows, config.context)
        optimizer.zero_grad()
        loss = task.loss(model(batch.inputs, batch.padding), batch)
        loss.backward()
        norm = torch.stack([p.grad.norm() for p in model.parameters()]).norm()
        for p in model.parameters():
            p.grad *= min(1.0, config.clip / norm.item())
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_it_trains_as_a_plain_loop_does(tiny, in_float32):
    tiny = replace(tiny.changed(epochs=6, clip=0.3), model=replace(tiny.model, dropout=0.0))
    model, plain = fresh_model(tiny.model, 3), fresh_model(tiny.model, 3)
    losses = plain_loop(tiny, plain, 6)
    reports = reports_of(tiny.fit(model=model))
    expected = np.reshape(losses, (6, 4)).mean(axis=1)
    np.testing.assert_allclose([report.training_loss for report in reports], expected, rtol=1e-4)
    for name, weight in model.state_dict().items():
        if not name.endswith("in_proj_bias"):  # a softmax ignores the keys' bias: noise moves it
            torch.testing.assert_close(weight, plain.state_dict()[name], rtol=1e-3, atol=1e-5)


def test_each_epoch_is_reported_and_the_best_comes_last(tiny):
    *reports, finished = tiny.fit()
    assert [report.epoch for report in reports] == [1, 2, 3]
    assert set(reports[0].metrics) == set(METRICS[tiny.data.task.kind])
    assert (finished.outcome, finished.best) == ("completed", tiny.best_of(reports))


def test_the_best_weights_give_the_best_metrics_again(tiny):
    *_, finished = tiny.fit()
    model = fresh_model(tiny.model, 99)
    put_weights(model, finished.weights)
    task, table = task_for(tiny.data, tiny.training.objective), Table(tiny.data.validation)
    scored = task.predict(model, table, tiny.training.context, tiny.training.validation_rows)
    assert scored.metrics() == finished.best.metrics


def test_a_model_given_in_evaluation_mode_is_trained_all_the_same(tiny, same):
    model = fresh_model(tiny.model, 3).eval()
    assert same(list(tiny.fit(model=model)), list(tiny.fit()))


def test_validation_rows_are_capped(tiny_of):
    first, *_ = tiny_of("classification").changed(validation_rows=1).fit()
    assert first.metrics["accuracy"] in (0.0, 1.0)


def test_equal_epochs_are_ordered_by_loss_and_then_by_number(tiny):
    resting = tiny.changed(learning_rate=0.0)
    *reports, finished = resting.fit()
    assert reports[0].metrics == reports[1].metrics
    assert finished.best == reports[0]


def test_epochs_of_equal_accuracy_are_ordered_by_cross_entropy(tiny_of):
    slow = tiny_of("classification").changed(learning_rate=1e-4, epochs=5)
    *reports, finished = slow.fit()
    assert len({report.metrics["accuracy"] for report in reports}) == 1
    losses = [report.metrics["cross_entropy"] for report in reports]
    assert finished.best.epoch == 1 + int(np.argmin(losses)) > 1


def test_best_weights_wished_for_come_once_there_are_some(tiny):
    wish = Wish()
    wish.weights()
    report, best, *_ = tiny.fit(wish=wish)
    assert isinstance(best, BestWeights)
    assert best.best == report


def test_seconds_of_the_callers_turn_do_not_count(tiny):
    class Clock:
        now = 0.0

        def __call__(self):
            self.now += 1.0
            return self.now

    wish, clock = Wish(), Clock()
    reports = []
    wish.state()
    for event in tiny.fit(wish=wish, clock=clock):
        clock.now += 1e6
        wish.state()
        if isinstance(event, EpochReport):
            reports.append(event)
    assert {report.seconds for report in reports} == {6.0}  # 4 steps, the end of the leg, scoring
    rows = {
        "language-modeling": [64, 64, 64],  # tokens
        "classification": [15, 15, 14],  # the third batch of a pass is smaller by one
        "forecasting": [16, 16, 16],
    }[tiny.data.task.kind]
    assert [report.rows_per_second for report in reports] == [number / 5.0 for number in rows]


def test_nothing_global_is_changed_in_the_callers_turn(tiny):
    def settings():
        return (
            torch.is_grad_enabled(),
            torch.is_inference_mode_enabled(),
            torch.is_autocast_enabled("cpu"),
            torch.is_autocast_enabled("cuda"),
            torch.backends.cuda.matmul.fp32_precision,
            torch.backends.cudnn.rnn.fp32_precision,
            torch.get_num_threads(),
        )

    before, wish = settings(), Wish()
    wish.state()
    for event in tiny.fit(wish=wish):
        assert settings() == before, event
        wish.state()


def test_a_context_without_a_training_row_is_refused(tiny_of):
    with pytest.raises(DataError, match="context"):
        next(tiny_of("forecasting").changed(context=24).fit())


@given(st.integers(1, 10_000))
def test_an_epoch_is_whole_passes_up_to_at_least_25_steps_and_at_most_2000(pass_steps):
    steps = epoch_steps(pass_steps)
    assert 25 <= steps <= 2000
    assert steps == 2000 or (steps % pass_steps == 0 and steps - pass_steps < 25)


def test_an_epoch_left_open_is_whole_passes(tiny_of):
    tiny = tiny_of("classification").changed(epoch_steps=None, epochs=1)
    wish = Wish()
    steps = 0
    wish.state()
    for event in tiny.fit(wish=wish):
        steps += isinstance(event, TrainingState)
        wish.state()
    assert steps == 27  # 9 passes of 3


def test_a_seed_gives_a_models_weights_and_leaves_the_callers_chance(tiny, same):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    one, again, other = (fresh_model(tiny.model, seed).state_dict() for seed in (3, 3, 4))
    assert torch.equal(torch.rand(3), expected)
    assert same(one, again)
    assert not torch.equal(one["lstm.weight_ih_l0"], other["lstm.weight_ih_l0"])


def test_tables_that_are_there_already_are_trained_on(tiny, same):
    tables = load_tables(tiny.data, "cpu")
    assert same(list(tiny.fit(tables=tables)), list(tiny.fit()))


def test_running_out_of_memory_is_left_to_the_caller(tiny):
    def run_out(*_):
        raise torch.OutOfMemoryError

    model = fresh_model(tiny.model, 3)
    run = tiny.fit(model=model)
    next(run)
    model.register_forward_hook(run_out)
    before = torch.get_rng_state()
    with pytest.raises(torch.OutOfMemoryError):
        next(run)
    assert torch.equal(torch.get_rng_state(), before)
