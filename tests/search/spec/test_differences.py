import json

import pytest

from search import spec
from search.spec import Resources, StudySpec

SPACE = {"heads": [1, 2, 4], "layers": {"low": 1, "high": 2}, "variant": ["ffn", "lstm"]}


@pytest.fixture(scope="session")
def study(tree, write, encoded):
    def study_of(kind="classification", *, gpus=False, horizon=1, season=None, **sections):
        data = encoded(kind, horizon=horizon, season=season)
        return spec.resolve(spec.load(write(tree(kind, **sections))), data, gpus=gpus)

    return study_of


def test_the_same_file_makes_no_difference(study):
    assert study(space=SPACE).differences(study(space=SPACE)) == []


def test_what_was_stored_makes_no_difference(study):
    stored = StudySpec.from_json(json.loads(json.dumps(study(space=SPACE).to_json())))
    assert stored == study(space=SPACE)
    assert stored.differences(study(space=SPACE)) == []


@pytest.mark.parametrize(
    ("was", "now", "difference"),
    [
        ({}, {"space": {"heads": [1, 2]}}, "space.heads: was 1, 2, 4, 8, is 1, 2"),
        (
            {"space": {"layers": 1}},
            {"space": {"layers": {"low": 1, "high": 3}}},
            "space.layers: was 1, is 1 to 3",
        ),
        (
            {"training": {"batch_size": 16}},
            {"space": {"batch_size": [16, 32]}},
            "space.batch_size: was 16, is 16, 32",
        ),
        ({"training": {"batch_size": 16}}, {}, "training.batch_size: was 16, is 32"),
        ({}, {"training": {"epochs": 9}}, "training.epochs: was 50, is 9"),
        ({"training": {"patience": 3}}, {}, "training.patience: was 3, is left out"),
        ({}, {"training": {"epoch_steps": 3}}, "training.epoch_steps: was left out, is 3"),
        (
            {"search": {"objective": "macro_f1"}},
            {},
            "search.objective: was macro_f1, is accuracy",
        ),
        ({}, {"search": {"sampler": "random"}}, "search.sampler: was tpe, is random"),
        ({}, {"search": {"pruner": "none"}}, "search.pruner: was halving, is none"),
        ({}, {"search": {"seed": 4}}, "search.seed: was 0, is 4"),
        ({"data": {"validation": 0.1}}, {}, "data.validation: was 0.1, is 0.2"),
        (
            {"data": {"test": "t.jsonl"}},
            {"data": {"test": 0.1}},
            "data.test: was files, is 0.1",
        ),
        ({}, {"data": {"seed": 1}}, "data.seed: was 0, is 1"),
    ],
)
def test_a_difference_is_named_with_what_was_and_is(study, was, now, difference):
    assert study(**was).differences(study(**now)) == [difference]


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ({}, {"training": {"epochs": 50}}),
        ({"space": {"heads": [1, 2]}}, {"space": {"heads": [2, 1]}}),
        ({"training": {"clip": 2}}, {"space": {"clip": 2.0}}),
        ({"training": {"clip": 2}}, {"space": {"clip": [2.0]}}),
        ({"data": {"train": "a"}}, {"data": {"train": ["b", "c"]}}),
        ({"data": {"test": "a.jsonl"}}, {"data": {"test": ["b.jsonl", "c.jsonl"]}}),
        ({"name": "this"}, {"name": "that"}),
        (
            {"search": {"trials": 1, "timeout": 3, "keep": 2, "checkpoint_every": 3}},
            {"resources": {"slots": 3, "cpus_per_trial": 2}},
        ),
    ],
)
def test_what_may_change_is_no_difference(study, was, now):
    assert study(**was).differences(study(**now)) == []
    assert study(**now).differences(study(**was)) == []


def test_what_both_leave_out_holds_as_it_was_resolved_first(study):
    assert study(gpus=True).differences(study(gpus=False)) == []
    assert study("forecasting", season=12).differences(study("forecasting", season=7)) == []
    assert study("forecasting", season=12).differences(
        study("forecasting", season=7, task={"season": 7})
    ) == ["task.season: was 12, is 7"]


def test_another_task_makes_a_difference(study):
    longer = study("forecasting", horizon=2, task={"horizon": 2})
    assert study("forecasting").differences(longer) == ["task.horizon: was 1, is 2"]


def test_all_differences_come_at_once_but_not_what_the_default_says_too(study):
    assert study(space=SPACE).differences(study()) == [
        "space.variant: was ffn, lstm, is attention, ffn, lstm",
        "space.heads: was 1, 2, 4, is 1, 2, 4, 8",
    ]


def test_a_budget_may_change_and_nothing_else(study):
    changed = study().with_budget(
        trials=3, timeout=9.0, keep=1, checkpoint_every=2.0, resources=Resources(slots=1)
    )
    assert (changed.trials, changed.timeout, changed.keep) == (3, 9.0, 1)
    assert (changed.checkpoint_every, changed.resources) == (2.0, Resources(slots=1))
    assert changed.differences(study()) == []
