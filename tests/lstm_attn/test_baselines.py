from dataclasses import replace

import numpy as np
import pytest

from lstm_attn.baselines import baselines
from lstm_attn.batches import Table
from lstm_attn.config import METRICS, TASK_KINDS
from lstm_attn.errors import DataError
from lstm_attn.metrics import ClassPredictions, ForecastPredictions
from lstm_attn.ngram import NGram
from lstm_attn.scored import scored_rows
from lstm_attn.tasks import task_for
from lstm_attn.training import fresh_model

CONTEXT = 4


def scored(data, rows=None, **changes):
    given = {"objective": next(iter(METRICS[data.task.kind])), "context": CONTEXT, **changes}
    return baselines(data, validation_rows=rows, **given)


def with_test(data):
    return replace(data, test=data.validation)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("language-modeling", {"unigram": False, "3-gram": True}),
        ("classification", {"majority": False, "logistic regression": True}),
        ("forecasting", {"persistence": False, "seasonal naive": False, "ridge": True}),
    ],
)
def test_a_task_has_trivial_baselines_and_then_a_strong_one(kind, names, tiny_of):
    assert {baseline.name: baseline.strong for baseline in scored(tiny_of(kind).data)} == names
    assert list(names.values())[-1]


@pytest.mark.parametrize("kind", TASK_KINDS)
@pytest.mark.parametrize("rows", [None, 5])
def test_baselines_have_every_metric_on_validation_and_on_all_of_test(kind, rows, tiny_of):
    data = tiny_of(kind).data
    for alone, held in zip(scored(data, rows), scored(with_test(data), rows), strict=True):
        assert list(alone.validation) == list(METRICS[kind])
        assert alone.test is None
        assert alone.validation == held.validation
        assert list(held.test) == list(METRICS[kind])
        assert np.isfinite(list(held.test.values())).all()
    whole = {baseline.name: baseline.validation for baseline in scored(data)}
    assert {baseline.name: baseline.test for baseline in scored(with_test(data), rows)} == whole


@pytest.mark.parametrize("kind", TASK_KINDS)
@pytest.mark.parametrize("objective", ["first", "last"])
def test_validation_and_test_rows_teach_a_baseline_nothing(kind, objective, tiny_of):
    data = with_test(tiny_of(kind).data)
    objective = list(METRICS[kind])[0 if objective == "first" else -1]
    before = scored(data, objective=objective)
    split = data.test
    if kind == "forecasting":
        targets, inputs = split.targets.copy(), split.inputs.copy()
        targets[data.training_end :] *= 3
        inputs[data.training_end :] += 7
        other = replace(split, targets=targets, inputs=inputs)
        data = replace(data, train=replace(other, origins=data.train.origins))
    else:
        data = replace(data, validation=data.train)
    after = scored(data, objective=objective)
    assert [one.test for one in before] == [one.test for one in after]


def test_a_baseline_is_scored_on_the_windows_of_a_trial(tiny_of):
    tiny = tiny_of("language-modeling")
    task, table = task_for(tiny.data, "cross_entropy"), Table(tiny.data.validation)
    model = fresh_model(tiny.model, 0)
    text, training = tiny.data.validation.inputs, tiny.data.train.inputs
    for rows in (None, 9):
        trial = task.predict(model, table, CONTEXT, rows)
        last = 1 + trial.tokens.sum()
        nats = NGram(training, order=3, vocabulary=task.output_size).nats(text[:last])[1:]
        found = scored(tiny.data, rows)[1].validation
        assert found["cross_entropy"] == pytest.approx(nats.mean())
        assert found["bits_per_character"] == pytest.approx(
            nats.sum() / np.log(2) / trial.characters.sum()
        )


def test_majority_guesses_the_commonest_label_of_the_training_rows(tiny_of):
    data = tiny_of("classification").data
    labels = np.array([2, 2, 2, 2, 2, 0, 0, 1, 2, 2, 2])
    data = replace(data, train=replace(data.train, labels=labels))
    for rows in (None, 4):
        chosen = scored_rows(data.validation.rows, rows)
        expected = ClassPredictions(
            log_probabilities=np.log(np.tile([3 / 14, 2 / 14, 9 / 14], (len(chosen), 1))),
            labels=data.validation.labels[chosen],
        )
        assert scored(data, rows)[0].validation == pytest.approx(expected.metrics())


@pytest.mark.parametrize("rows", [None, 6])
@pytest.mark.parametrize("season", [1, 2, 3, 6])
def test_naive_forecasts_repeat_the_last_row_or_the_last_season(season, rows, tiny_of):
    data = tiny_of("forecasting").data
    horizon = 5
    split = replace(data.validation, origins=np.arange(24, 35))
    data = replace(data, validation=split, task=replace(data.task, season=season, horizon=horizon))
    values = split.targets
    origins = split.origins[scored_rows(len(split.origins), rows)]

    def metrics_of(rule):
        return ForecastPredictions(
            forecasts=np.array(
                [[values[rule(at, step)] for step in range(1, horizon + 1)] for at in origins]
            ),
            truths=np.array([values[at + 1 : at + horizon + 1] for at in origins]),
            naive_error=data.naive_error,
        ).metrics()

    def season_ago(at, step):
        source = at + step
        while source > at:
            source -= season
        return source

    found = {baseline.name: baseline.validation for baseline in scored(data, rows)}
    assert found["persistence"] == pytest.approx(metrics_of(lambda at, step: at))
    if season == 1:
        assert "seasonal naive" not in found
    else:
        assert found["seasonal naive"] == pytest.approx(metrics_of(season_ago))


def test_the_seasonal_naive_forecast_repeats_the_last_row_within_the_first_season(tiny_of):
    data = tiny_of("forecasting").data
    data = replace(data, task=replace(data.task, season=30))
    persistence, seasonal, _ = scored(
        replace(data, validation=replace(data.validation, origins=np.array([24])))
    )
    assert seasonal.validation == persistence.validation


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_a_context_that_does_not_fit_is_an_error(kind, tiny_of):
    with pytest.raises(DataError, match="context"):
        scored(tiny_of(kind).data, context=0)
