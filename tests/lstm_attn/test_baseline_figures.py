"""The strong baselines reach what was measured elsewhere, on the data that are shipped."""

from pathlib import Path

import pytest

from lstm_attn.baselines import baselines
from lstm_attn.config import DataConfig, TaskConfig
from lstm_attn.data import prepare

DATA = Path(__file__).parents[2] / "studies" / "data"


def strong(data, task, *, objective, context):
    made = baselines(
        prepare(data, task), objective=objective, context=context, validation_rows=None
    )
    return made[-1]


def test_a_five_gram_reaches_1_655_nats_on_the_last_tenth_of_shakespeare():
    data = DataConfig(format="text", train=(str(DATA / "shakespeare.txt"),), validation=0.1)
    task = TaskConfig(kind="language-modeling", inputs=("text",))
    found = strong(data, task, objective="cross_entropy", context=128)
    assert found.name == "5-gram"
    assert found.validation["cross_entropy"] == pytest.approx(1.651, abs=0.001)


def test_logistic_regression_reaches_an_accuracy_of_986_on_japanese_vowels():
    data = DataConfig(
        format="json",
        train=(str(DATA / "japanese_vowels_train.jsonl"),),
        validation=(str(DATA / "japanese_vowels_test.jsonl"),),
    )
    task = TaskConfig(kind="classification", inputs=("sequence",), targets=("label",))
    found = strong(data, task, objective="accuracy", context=29)
    assert found.validation["accuracy"] == pytest.approx(0.986, abs=0.003)


@pytest.mark.parametrize(("context", "mae"), [(7, 2.754), (28, 2.729)])
def test_ridge_reaches_2_77_degrees_a_week_ahead_in_seattle(context, mae):
    data = DataConfig(
        format="csv",
        train=(str(DATA / "seattle_weather.csv"),),
        validation="2014-01-01",
        test="2015-01-01",
    )
    task = TaskConfig(
        kind="forecasting",
        time="date",
        inputs=("precipitation", "temp_max", "temp_min", "wind"),
        calendar=("day_of_year",),
        targets=("temp_max",),
        horizon=7,
        season=7,
    )
    found = strong(data, task, objective="mae", context=context)
    assert found.test["mae"] == pytest.approx(mae, abs=0.01)
