import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lstm_attn.batches import Table
from lstm_attn.config import ModelConfig, TaskConfig
from lstm_attn.encoding import Encoding, Scaler
from lstm_attn.errors import DataError
from lstm_attn.models import build
from lstm_attn.sequences import SequenceData, Split
from lstm_attn.tasks import task_for

MEAN, DEVIATION = (100.0, -3.0), (5.0, 0.25)


def series(rows=60, training_end=40, horizon=3):
    """Make a series of two targets and a validation split that owns all that follows training."""
    rng = np.random.default_rng(rows)
    targets = rng.normal(MEAN, DEVIATION, (rows, 2))
    inputs = np.stack([np.arange(rows), rng.normal(size=rows)], axis=1).astype(np.float32)
    targets.flags.writeable = inputs.flags.writeable = False
    none = np.zeros(0, np.int64)

    def split(first, last):
        return Split(
            inputs=inputs,
            offsets=np.array([0, rows]),
            labels=none,
            targets=targets,
            origins=np.arange(first, last),
            character_ends=none,
        )

    return SequenceData(
        task=TaskConfig(
            kind="forecasting", inputs=("x", "z"), targets=("y", "w"), horizon=horizon, season=1
        ),
        encoding=Encoding(
            scaler=Scaler(mean=(0.0, 0.0), deviation=(1.0, 1.0)),
            target_scaler=Scaler(mean=MEAN, deviation=DEVIATION),
        ),
        train=split(0, training_end - horizon),
        validation=split(training_end - 1, rows - horizon),
        test=None,
        training_end=training_end,
        naive_error=np.array([2.0, 3.0]),
        longest=0,
        fingerprint="",
        summary={},
    )


class Naming(nn.Module):
    """Answers with the row numbers it sees: sums since the window's start, one for each output."""

    def __init__(self, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.arange(1.0, outputs + 1))
        self.windows = []

    def forward(self, x, padding=None):
        assert padding is None
        self.windows += [window[:, 0].int().tolist() for window in x]
        return torch.cumsum(x[..., :1], dim=1) * self.weight


def test_a_model_gives_each_step_ahead_of_each_target_and_sees_no_later_row():
    task = task_for(series(horizon=3), "mae")
    assert (task.kind, task.output_size, task.causal) == ("forecasting", 6, True)
    assert task.tokens_per_row(9) == 1


@given(st.integers(1, 6), st.integers(1, 34), st.integers(0, 50))
def test_a_pass_takes_once_each_window_that_lies_with_its_targets_in_training_rows(
    horizon, context, seed
):
    task = task_for(series(horizon=horizon), "mae")
    starts = task.draw_pass(np.random.default_rng(seed), context)
    possible = [start for start in range(60) if start + context - 1 + horizon <= 39]
    assert sorted(starts.tolist()) == possible
    assert task.row_count(context) == len(possible)


@given(st.integers(1, 4), st.integers(1, 8))
def test_training_targets_stand_at_every_step_as_changes_in_deviations(horizon, context):
    data = series(horizon=horizon)
    starts = np.array([0, 17, 40 - horizon - context])
    batch = task_for(data, "mae").batch(Table(data.train), starts, context)
    assert batch.inputs.dtype == batch.targets.dtype == torch.float32
    assert batch.targets.shape == (3, context, horizon, 2)
    for row, start in enumerate(starts):
        assert np.array_equal(batch.inputs[row], data.train.inputs[start : start + context])
        for step in range(context):
            now = data.train.targets[start + step]
            for ahead in range(1, horizon + 1):
                change = (data.train.targets[start + step + ahead] - now) / DEVIATION
                assert batch.targets[row, step, ahead - 1].numpy() == pytest.approx(
                    change, abs=1e-4
                )


@pytest.mark.parametrize(("objective", "power"), [("mae", 1), ("smape", 1), ("rmse", 2)])
def test_the_training_loss_is_absolute_unless_the_objective_is_rmse(objective, power):
    data = series()
    task = task_for(data, objective)
    batch = task.batch(Table(data.train), np.arange(4), 5)
    outputs = torch.randn(4, 5, 6, generator=torch.Generator().manual_seed(0))
    expected = np.mean(np.abs(outputs.numpy().reshape(4, 5, 3, 2) - batch.targets.numpy()) ** power)
    assert task.loss(outputs, batch).item() == pytest.approx(float(expected), rel=1e-5)


@given(st.integers(1, 4), st.integers(1, 30))
def test_each_origin_is_scored_once_from_the_last_step_of_a_window_of_exactly_context_rows(
    horizon, context
):
    data = series(horizon=horizon)
    task, model = task_for(data, "mae"), Naming(2 * horizon)
    predictions = task.predict(model, Table(data.validation), context)
    origins = data.validation.origins
    assert model.windows == [list(range(end - context + 1, end + 1)) for end in origins]
    weights = np.arange(1, 2 * horizon + 1).reshape(horizon, 2)
    for row, origin in enumerate(origins):
        change = weights * sum(range(origin - context + 1, origin + 1)) * np.array(DEVIATION)
        assert predictions.forecasts[row] == pytest.approx(
            data.train.targets[origin] + change, rel=1e-6
        )


@given(st.integers(1, 4))
def test_inputs_may_reach_back_over_the_border_and_targets_never_cross_it(horizon):
    data = series(horizon=horizon)
    model = Naming(2 * horizon)
    predictions = task_for(data, "mae").predict(model, Table(data.validation), 8)
    assert min(min(window) for window in model.windows) == 40 - 8
    assert predictions.truths[0] == pytest.approx(data.train.targets[40 : 40 + horizon])
    assert predictions.truths[-1] == pytest.approx(data.train.targets[60 - horizon :])
    assert len(predictions) == 20 - horizon + 1


def test_forecasts_are_in_original_units_to_float64():
    data = series()
    predictions = task_for(data, "mae").predict(Naming(6), Table(data.validation), 4)
    assert predictions.forecasts.dtype == predictions.truths.dtype == np.float64
    assert np.array_equal(
        predictions.truths[:, 0], data.validation.targets[data.validation.origins + 1]
    )


def test_a_model_that_says_nothing_forecasts_the_last_value_seen():
    data = series()
    model = Naming(6)
    nn.init.zeros_(model.weight)
    predictions = task_for(data, "mae").predict(model, Table(data.validation), 4)
    last = data.validation.targets[data.validation.origins]
    assert np.array_equal(predictions.forecasts, np.repeat(last[:, None], 3, axis=1))


def test_a_cap_scores_the_same_origins_for_every_context():
    data = series()
    task = task_for(data, "mae")
    scored = [task.predict(Naming(6), Table(data.validation), size, 7).truths for size in (2, 9)]
    assert len(scored[0]) == 7
    assert np.array_equal(*scored)


def test_a_score_does_not_depend_on_which_windows_are_read_together(monkeypatch):
    data = series(rows=160)
    torch.manual_seed(0)
    model = build(
        ModelConfig(
            variant="ffn",
            input_size=2,
            output_size=6,
            tokens=False,
            causal=True,
            hidden_size=8,
            heads=2,
            ffn_width=6,
        )
    )
    task, table = task_for(data, "mae"), Table(data.validation)
    together = task.predict(model, table, 6).forecasts
    monkeypatch.setattr("lstm_attn.forecasting.EVALUATION_BATCH", 3)
    assert task.predict(model, table, 6).forecasts == pytest.approx(together, rel=1e-5)


def test_rows_after_the_last_one_are_forecast_without_knowing_them():
    data = series()
    forecasts = task_for(data, "mae").forecast(Naming(6), Table(data.train), np.array([59]), 5)
    assert forecasts.shape == (1, 3, 2)
    assert np.isfinite(forecasts).all()


@pytest.mark.parametrize(
    ("context", "advice"),
    [(0, "use 1 or more"), (38, "40 training rows and a horizon of 3: use at most 37")],
)
def test_a_window_that_training_rows_have_no_room_for_is_an_error_that_says_what_has(
    context, advice
):
    task = task_for(series(), "mae")
    assert task.row_count(37) == 1
    with pytest.raises(DataError, match=advice):
        task.row_count(context)


def test_a_horizon_that_training_rows_have_no_room_for_asks_for_more_rows():
    with pytest.raises(DataError, match="give more rows to train on"):
        task_for(series(horizon=3, training_end=3), "mae").row_count(1)


def test_an_origin_with_fewer_rows_than_a_window_is_an_error():
    data = series()
    with pytest.raises(DataError, match="rows: 1 before the first forecast, and a window takes 4"):
        task_for(data, "mae").predict(Naming(6), Table(data.train), 4)
