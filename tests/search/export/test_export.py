"""From a store to folders: whole, verified, the best first."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from lstm_attn.checkpoint import read_config, read_model
from lstm_attn.data import prepare
from search import trial
from search.errors import VerificationFailed
from search.spec import load, resolve


@pytest.fixture(scope="module")
def exported(any_study, tmp_path_factory):
    to = tmp_path_factory.mktemp("there") / "out"
    return any_study.export(to)[0], to


def test_an_export_scores_what_its_trial_recorded(any_study, exported):
    what, folder = exported
    best = any_study.best
    metrics = json.loads((folder / "metrics.json").read_text())
    assert (what.number, what.folder) == (best.number, str(folder))
    assert what.recorded == best.value == what.verified
    assert metrics["validation"]["recorded"] == metrics["validation"]["verified"] == best.metrics


def test_an_export_has_all_its_files_and_leaves_none_beside_it(any_study, exported):
    _, folder = exported
    preprocessing = "tokenizer.json" if any_study.data.tokens else "scaler.json"
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [
            "README.md",
            "config.json",
            "metrics.json",
            "model.safetensors",
            "study.toml",
            preprocessing,
        ]
    )
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_the_configuration_says_where_the_model_is_from(any_study, exported):
    what, folder = exported
    config = read_config(folder)
    model, training = any_study.spec.space.configure(any_study.best.params)
    saved = read_model(folder)
    assert (saved.model, saved.training) == (model, training)
    assert (saved.task, saved.encoding) == (any_study.data.task, any_study.data.encoding)
    assert (config["study"], config["trial"]) == (any_study.study.name, what.number)
    assert config["fingerprint"] == any_study.data.fingerprint
    assert config["in_utc"] is any_study.data.in_utc
    assert (config["device"], config["threads"]) == (trial.device_name("cpu"), 1)
    assert config["seed"] == any_study.task(what.number, any_study.best.params).seed
    assert set(config["versions"]) == {"python", "torch", "lstm-attn-search"}
    assert config["versions"]["torch"] == torch.__version__
    assert all(Path(path).is_absolute() for path in config["data"]["train"])


def test_others_can_read_tokenizer_and_scaler(any_study, exported):
    _, folder = exported
    encoding = any_study.data.encoding
    if encoding.tokenizer is not None:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        assert tokenizer.encode("the cat").ids == encoding.tokenizer.encode("the cat")[0].tolist()
        return
    scalers = json.loads((folder / "scaler.json").read_text())
    assert scalers["inputs"]["mean"] == list(encoding.scaler.mean)
    assert ("targets" in scalers) == (encoding.target_scaler is not None)


def test_its_study_file_is_the_same_configuration_and_nothing_else(any_study, exported):
    what, folder = exported
    file = load(folder / "study.toml")
    data = prepare(file.data, file.task)
    again = resolve(file, data, gpus=True)
    assert again.name == f"{any_study.study.name}-{what.number}"
    assert again.trials == 1
    assert data.fingerprint == any_study.data.fingerprint
    for term in ("task", "objective", "seed"):
        assert getattr(again, term) == getattr(any_study.spec, term)
    assert again.space.point_count() == 1
    [params] = again.space.defaults()
    here = any_study.spec.space.configure(any_study.best.params)
    assert again.space.configure(params) == here


def test_validation_is_scored_on_all_rows_too_and_test_with_its_interval(any_study, exported):
    what, folder = exported
    metrics = json.loads((folder / "metrics.json").read_text())
    ranked, every = metrics["validation"], metrics["validation_all_rows"]
    capped = any_study.spec.task.kind == "language-modeling"
    assert (ranked["rows"] < every["rows"]) == capped
    assert (ranked["recorded"] == every["metrics"]) == (not capped)
    assert what.validation == every["metrics"]
    low, high = what.test_interval
    assert low < what.test[what.objective] < high
    assert metrics["test"]["interval"] == {
        "metric": what.objective,
        "level": 0.95,
        "low": low,
        "high": high,
    }
    assert metrics["compared"] == len(any_study.study.trials)
    assert [one["name"] for one in metrics["baselines"]] == [
        one.name for one in any_study.study.baselines
    ]


@pytest.mark.usefixtures("in_this_process")
def test_several_trials_lie_side_by_side_the_best_first(studies, tmp_path):
    study = studies("forecasting")
    folder = tmp_path / "three"
    exported = study.export(folder, top=3)
    assert [one.number for one in exported] == [one.number for one in study.study.leaders[:3]]
    names = [f"series-{one.number}" for one in exported]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    assert [Path(one.folder) for one in exported] == [folder / name for name in names]
    ranks = [json.loads((folder / name / "metrics.json").read_text())["rank"] for name in names]
    assert ranks == [1, 2, 3]


@pytest.mark.usefixtures("in_this_process")
def test_of_several_trials_all_are_exported_or_none(studies, tmp_path):
    study = studies("forecasting")
    first, second, *rest = study.study.leaders
    wrong = replace(second, metrics={**second.metrics, "mae": 9.0})
    with pytest.raises(VerificationFailed, match=rf"trial {second.number} .* mae"):
        study.export(
            tmp_path / "out", top=2, study=replace(study.study, leaders=(first, wrong, *rest))
        )
    assert list(tmp_path.iterdir()) == []


def test_test_rows_are_scored_once_per_trial(studies, tmp_path, in_this_process):
    study = studies("classification")
    kept = []
    [first] = study.export(tmp_path / "first", keep_tests=kept.append)
    plain = json.loads(json.dumps(kept[0]))
    again = study.export(
        tmp_path / "again",
        known_tests={int(number): score for number, score in plain.items()},
        keep_tests=kept.append,
    )
    assert in_this_process == [True, False]
    assert (again[0].test, again[0].test_interval) == (first.test, first.test_interval)
    assert kept[1] == kept[0] != {}
    shown = [(tmp_path / name / "metrics.json").read_text() for name in ("first", "again")]
    assert shown[0] == shown[1]


def test_a_test_score_of_earlier_weights_is_not_shown_again(studies, tmp_path, in_this_process):
    study = studies("classification")
    number = study.best.number
    stale = {number: {"epoch": 0, "rows": 1, "metrics": {"accuracy": 0.1}, "interval": [0, 1]}}
    kept = []
    [one] = study.export(tmp_path / "out", known_tests=stale, keep_tests=kept.append)
    assert in_this_process == [True]
    assert kept[0][number]["metrics"] == one.test
    assert one.test["accuracy"] != 0.1
