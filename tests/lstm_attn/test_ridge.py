import tracemalloc

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from lstm_attn.config import METRICS, TaskConfig
from lstm_attn.encoding import Encoding, Scaler
from lstm_attn.ridge import FOLDS, FORMS, PENALTIES, ridge
from lstm_attn.sequences import SequenceData, Split


def data_of(values, *, horizon=3, training_end=None, calendar=True):
    """Make a series of one target, which is its first input too, with a calendar behind."""
    rows = len(values)
    end = training_end or rows * 3 // 4
    targets = np.array(values, dtype=np.float64)[:, None]
    scaler = Scaler.fit(targets[:end])
    season = np.arange(rows)[:, None] * 2 * np.pi / 12
    inputs = [scaler.apply(targets), np.random.default_rng(0).normal(size=(rows, 1))]
    if calendar:
        inputs += [np.sin(season), np.cos(2 * season)]
    series = np.concatenate(inputs, axis=1).astype(np.float32)
    series.flags.writeable = targets.flags.writeable = False
    none = np.zeros(0, np.int64)

    def split(first, last):
        return Split(
            inputs=series,
            offsets=np.array([0, rows]),
            labels=none,
            targets=targets,
            origins=np.arange(first, last),
            character_ends=none,
        )

    return SequenceData(
        task=TaskConfig(
            kind="forecasting",
            inputs=("y", "z"),
            targets=("y",),
            horizon=horizon,
            season=12,
        ),
        encoding=Encoding(
            scaler=Scaler(mean=(scaler.mean[0], 0.0), deviation=(scaler.deviation[0], 1.0)),
            target_scaler=scaler,
        ),
        train=split(0, end - horizon),
        validation=split(end - 1, rows - horizon),
        test=None,
        training_end=end,
        naive_error=np.ones(1),
        longest=0,
        fingerprint="",
        summary={},
    )


def waves(rows=300, noise=0.0):
    rng = np.random.default_rng(3)
    steps = np.arange(rows)
    return 50 + 10 * np.sin(steps * 0.3) + 4 * np.cos(steps * 0.11) + rng.normal(0, noise, rows)


def test_it_continues_what_is_linear_in_the_window():
    data = data_of(waves())
    metrics = ridge(data, objective="mae", context=8)(data.validation, None).metrics()
    assert metrics["mae"] < 0.05


def test_it_follows_a_trend_out_of_the_range_of_the_training_rows():
    data = data_of(1000 + 2.0 * np.arange(200))
    forecasts = ridge(data, objective="mae", context=4)(data.validation, None)
    assert np.abs(forecasts.forecasts - forecasts.truths).max() < 0.5


@pytest.mark.parametrize("objective", METRICS["forecasting"])
def test_it_is_scikit_learns_ridge_at_its_penalty(objective, monkeypatch):
    monkeypatch.setattr("lstm_attn.ridge.PENALTIES", (0.03,))
    monkeypatch.setattr("lstm_attn.ridge.FORMS", ("values", "changes"))
    data, context, horizon = data_of(waves(noise=2.0)), 5, 3
    origins = np.arange(context - 1, data.training_end - horizon)
    held = data.validation.origins
    values = (data.train.targets[:, 0] - data.encoding.target_scaler.mean) / (
        data.encoding.target_scaler.deviation
    )

    def inputs(chosen):
        return np.array(
            [
                [
                    *data.train.inputs[at - context + 1 : at + 1, :2].ravel(),
                    *data.train.inputs[at, 2:],
                    values[at],
                ]
                for at in chosen
            ]
        )

    found = ridge(data, objective=objective, context=context)(data.validation, None)
    alike = []
    for changes in (False, True):
        expected = []
        for step in range(1, horizon + 1):
            model = Ridge(alpha=0.03 * len(origins), solver="cholesky")
            model.fit(inputs(origins), values[origins + step] - changes * values[origins])
            expected.append(model.predict(inputs(held)) + changes * values[held])
        forecasts = (
            np.stack(expected, axis=1) * data.encoding.target_scaler.deviation
            + data.encoding.target_scaler.mean
        )
        alike.append(np.allclose(found.forecasts[..., 0], forecasts, atol=1e-6))
    assert sorted(alike) == [False, True]


def test_noise_is_shrunk_away():
    rng = np.random.default_rng(1)
    data = data_of(rng.normal(size=400))
    forecasts = ridge(data, objective="rmse", context=40)(data.validation, None)
    assert forecasts.metrics()["rmse"] == pytest.approx(forecasts.truths.std(), rel=0.05)


def test_a_window_too_wide_for_it_is_cut_at_its_beginning(monkeypatch):
    data = data_of(waves(noise=1.0))
    monkeypatch.setattr("lstm_attn.ridge.MOST_INPUTS", 4 * 6)
    wide = ridge(data, objective="mae", context=9)(data.validation, None)
    origins = wide.truths.shape[0]
    assert origins == len(data.validation.origins)
    inputs = data.train.inputs.copy()
    inputs[data.validation.origins[-1] - 6] += 100.0
    far = data_of(waves(noise=1.0)).validation
    far = Split(
        inputs=inputs,
        offsets=far.offsets,
        labels=far.labels,
        targets=far.targets,
        origins=far.origins[-1:],
        character_ends=far.character_ends,
    )
    again = ridge(data, objective="mae", context=9)(far, None)
    assert again.forecasts == pytest.approx(wide.forecasts[-1:])


@pytest.mark.parametrize("rows", [12, 13, 20])
def test_the_smallest_series_will_do(rows):
    data = data_of(waves(rows), training_end=8)
    predictions = ridge(data, objective="mae", context=5)(data.validation, None)
    assert np.isfinite(predictions.forecasts).all()


def test_a_cap_scores_the_same_origins_in_order():
    data = data_of(waves(noise=1.0))
    predict = ridge(data, objective="mae", context=5)
    whole, some = predict(data.validation, None), predict(data.validation, 9)
    assert len(some) == 9
    places = [int(np.flatnonzero((whole.truths == row).all(axis=(1, 2)))[0]) for row in some.truths]
    assert places == sorted(places)
    assert some.forecasts == pytest.approx(whole.forecasts[places])


def test_it_holds_the_forecasts_of_one_choice_at_a_time():
    data = data_of(waves(8000), horizon=200)
    tracemalloc.start()
    predict = ridge(data, objective="mae", context=4)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    of_a_choice = (data.training_end // FOLDS) * 200 * 8
    assert peak < len(PENALTIES) * len(FORMS) * of_a_choice
    assert np.isfinite(predict(data.validation, 3).forecasts).all()
