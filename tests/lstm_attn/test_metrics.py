import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import binomtest
from sklearn import metrics as sklearn_metrics

from lstm_attn.config import METRICS
from lstm_attn.metrics import (
    ClassPredictions,
    ForecastPredictions,
    LanguagePredictions,
    interval,
)

finite = st.floats(-1e6, 1e6)


def language(nats, tokens, characters):
    return LanguagePredictions(
        nats=np.array(nats, dtype=np.float64),
        tokens=np.array(tokens),
        characters=np.array(characters),
    )


def classes(labels, guesses, count):
    """Give predictions that hold each guess for the most likely class."""
    logits = np.zeros((len(labels), count))
    logits[np.arange(len(labels)), guesses] = 2.0
    return ClassPredictions(
        log_probabilities=logits - np.logaddexp.reduce(logits, axis=1, keepdims=True),
        labels=np.array(labels),
    )


def forecasts(forecast, truth, naive_error=None):
    truth = np.array(truth, dtype=np.float64)
    return ForecastPredictions(
        forecasts=np.array(forecast, dtype=np.float64),
        truths=truth,
        naive_error=np.ones(truth.shape[2]) if naive_error is None else np.array(naive_error),
    )


def noise(rows, horizon=1, targets=1):
    rng = np.random.default_rng(5)
    return forecasts(*rng.normal(size=(2, rows, horizon, targets)))


EXAMPLES = {
    "language-modeling": language([3.0, 5.0, 2.0, 1.0], [2, 2, 2, 1], [3, 2, 4, 1]),
    "classification": classes([0, 1, 2, 1], [0, 2, 2, 1], 3),
    "forecasting": noise(6, 2),
}


@pytest.mark.parametrize("kind", METRICS)
def test_a_task_has_exactly_the_metrics_that_are_named(kind):
    assert list(EXAMPLES[kind].metrics()) == list(METRICS[kind])


@pytest.mark.parametrize("kind", METRICS)
@given(seed=st.integers(0, 1000))
def test_the_order_of_predictions_does_not_matter(kind, seed):
    predictions = EXAMPLES[kind]
    order = np.random.default_rng(seed).permutation(len(predictions))
    assert predictions.take(order).metrics() == pytest.approx(predictions.metrics())


@pytest.mark.parametrize("kind", METRICS)
def test_chosen_predictions_are_those_named(kind):
    predictions = EXAMPLES[kind]
    chosen = predictions.take(np.array([2, 0, 2]))
    assert len(chosen) == 3
    assert np.array_equal(chosen.statistics(), predictions.statistics()[[2, 0, 2]])


@given(
    st.lists(
        st.tuples(st.floats(0, 1e4), st.integers(1, 100), st.integers(1, 100)),
        min_size=1,
        max_size=20,
    )
)
def test_text_is_scored_by_all_nats_over_all_tokens_or_characters(windows):
    nats = math.fsum(window[0] for window in windows)
    tokens, characters = sum(window[1] for window in windows), sum(window[2] for window in windows)
    metrics = language(*zip(*windows, strict=True)).metrics()
    assert metrics["cross_entropy"] == pytest.approx(nats / tokens)
    if nats / tokens < 700:
        assert metrics["perplexity"] == pytest.approx(math.exp(nats / tokens))
    assert metrics["bits_per_character"] == pytest.approx(nats / math.log(2) / characters)


def test_windows_of_float32_are_summed_in_float64():
    windows = LanguagePredictions(
        nats=np.full(300_000, 100.1, dtype=np.float32),
        tokens=np.ones(300_000, dtype=np.int64),
        characters=np.ones(300_000, dtype=np.int64),
    )
    assert windows.metrics()["cross_entropy"] == pytest.approx(float(np.float32(100.1)), rel=1e-13)


def test_a_hopeless_language_model_has_infinite_perplexity():
    metrics = language([5000.0], [1], [1]).metrics()
    assert metrics["cross_entropy"] == 5000.0
    assert metrics["perplexity"] == math.inf


@given(st.data())
def test_labels_are_scored_as_scikit_learn_does(data):
    count = data.draw(st.integers(2, 6))
    rows = data.draw(st.integers(1, 30))
    some = st.lists(st.integers(0, count - 1), min_size=rows, max_size=rows)
    labels, guesses = data.draw(some), data.draw(some)
    predictions = classes(labels, guesses, count)
    metrics = predictions.metrics()
    assert metrics["accuracy"] == pytest.approx(sklearn_metrics.accuracy_score(labels, guesses))
    assert metrics["balanced_accuracy"] == pytest.approx(
        sklearn_metrics.recall_score(
            labels, guesses, labels=np.unique(labels), average="macro", zero_division=0
        )
    )
    assert metrics["macro_f1"] == pytest.approx(
        sklearn_metrics.f1_score(labels, guesses, average="macro", zero_division=0)
    )
    assert metrics["cross_entropy"] == pytest.approx(
        sklearn_metrics.log_loss(
            labels, np.exp(predictions.log_probabilities), labels=np.arange(count)
        )
    )


@given(st.data())
def test_forecasts_are_scored_as_a_hand_written_loop_does(data):
    shape = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3)))
    forecast = data.draw(arrays.arrays(np.float64, shape, elements=finite))
    truth = data.draw(arrays.arrays(np.float64, shape, elements=finite))
    naive = data.draw(arrays.arrays(np.float64, shape[2], elements=st.floats(0.5, 10)))
    absolute, squared, symmetric, scaled = [], [], [], []
    for origin in range(shape[0]):
        for step in range(shape[1]):
            for target in range(shape[2]):
                y, guess = truth[origin, step, target], forecast[origin, step, target]
                absolute.append(abs(y - guess))
                squared.append((y - guess) ** 2)
                both_zero = y == 0 and guess == 0
                symmetric.append(0 if both_zero else 2 * abs(y - guess) / (abs(y) + abs(guess)))
                scaled.append(abs(y - guess) / naive[target])
    assert forecasts(forecast, truth, naive).metrics() == pytest.approx(
        {
            "mae": np.mean(absolute),
            "rmse": math.sqrt(np.mean(squared)),
            "smape": np.mean(symmetric),
            "mase": np.mean(scaled),
        }
    )


def test_smape_is_zero_where_truth_and_forecast_are_both_zero():
    assert forecasts([[[0.0], [3.0]]], [[[0.0], [1.0]]]).metrics()["smape"] == (0 + 1.0) / 2


def test_mase_stays_finite_where_the_naive_forecast_never_fails():
    assert forecasts([[[2.0]]], [[[2.0]]], [0.0]).metrics()["mase"] == 0.0
    assert math.isfinite(forecasts([[[2.0]]], [[[3.0]]], [0.0]).metrics()["mase"])


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_a_forecast_that_is_no_number_spoils_every_metric(broken):
    metrics = forecasts([[[1.0], [broken]]], [[[1.0], [1.0]]]).metrics()
    assert not any(math.isfinite(value) for value in metrics.values())


@pytest.mark.parametrize(
    ("kind", "metric"), [(kind, metric) for kind in METRICS for metric in METRICS[kind]]
)
def test_an_interval_holds_the_metric_and_is_always_the_same(kind, metric):
    predictions = EXAMPLES[kind]
    low, high = interval(predictions, metric)
    assert low <= predictions.metrics()[metric] <= high
    assert (low, high) == interval(predictions, metric)


@given(st.integers(1, 400), st.data(), st.sampled_from([0.8, 0.95]))
def test_accuracy_has_wilsons_interval(rows, data, level):
    right = data.draw(st.integers(0, rows))
    labels = np.zeros(rows, np.int64)
    guesses = np.where(np.arange(rows) < right, 0, 1)
    expected = binomtest(right, rows).proportion_ci(level, method="wilson")
    found = interval(classes(labels, guesses, 2), "accuracy", level=level)
    assert found == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "macro_f1"])
def test_a_perfect_score_is_not_certain(metric):
    low, high = interval(classes([0, 1, 2] * 10, [0, 1, 2] * 10, 3), metric)
    assert 0.8 < low < 0.95
    assert high == 1.0


def test_the_bootstrap_of_a_mean_is_its_normal_interval():
    predictions = noise(500)
    error = np.abs(predictions.truths - predictions.forecasts)
    reach = 1.96 * error.std() / math.sqrt(500)
    low, high = interval(predictions, "mae")
    assert low == pytest.approx(error.mean() - reach, abs=reach / 5)
    assert high == pytest.approx(error.mean() + reach, abs=reach / 5)


def test_neighbouring_forecasts_are_drawn_together():
    horizon, blocks = 8, 60
    errors = np.repeat(np.random.default_rng(2).exponential(size=blocks), horizon)
    alike = forecasts(errors[:, None, None].repeat(horizon, 1), np.zeros((480, horizon, 1)))
    apart = forecasts(errors[:, None, None], np.zeros((480, 1, 1)))
    widths = [np.ptp(interval(predictions, "mae")) for predictions in (alike, apart)]
    assert widths[0] / widths[1] == pytest.approx(math.sqrt(horizon), rel=0.35)


def test_a_higher_level_is_a_wider_interval():
    narrow, wide = (interval(noise(50), "rmse", level=level) for level in (0.5, 0.99))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
