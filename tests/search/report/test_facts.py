"""What a report says of a study, as values and as JSON."""

import json
import math
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_attn.models import parameter_count
from search.records import BaselineScore
from search.render import output, plain
from search.report.facts import front, study_file
from search.spec import load
from tests.search.conftest import spec_of
from tests.search.made_up import SCRIPT, odd_studies, report_of, searched, study_of, trial_of
from tests.search.spec.study_files import valid_files
from tests.search.spec.toml_text import toml

ROOT = Path(__file__).parents[3]


@given(
    st.lists(
        st.tuples(
            st.none() | st.sampled_from([0.5, 1.0, 2.0, math.inf]) | st.floats(0, 3),
            st.none() | st.integers(1, 5),
        ),
        max_size=12,
    ),
    st.sampled_from(["minimize", "maximize"]),
)
def test_the_front_is_what_no_smaller_model_is_as_good_as(
    rows: list[tuple[float | None, int | None]], direction: Any
) -> None:
    study = study_of(*(trial_of(n, row[0]) for n, row in enumerate(rows)), direction=direction)
    sizes = {number: size for number, (_, size) in enumerate(rows) if size is not None}
    found = front(study, sizes)
    points = {
        number: (sizes[number], value if direction == "minimize" else -value)
        for number, (value, _) in enumerate(rows)
        if number in sizes and value is not None and math.isfinite(value)
    }
    on_it = [points[number] for number in found]
    assert on_it == sorted(on_it)
    for number, (size, value) in points.items():
        best = min((v, s) for s, v in points.values() if s <= size)
        if number in found:
            assert (value, size) == best
        else:
            assert any(s <= size and v <= value for s, v in on_it)


def test_weights_are_those_of_the_models() -> None:
    spec = spec_of()
    study = searched(lambda params: float(params["learning_rate"]), count=30)
    weights = report_of(study).weights
    for trial in study.trials:
        assert weights[trial.number] == parameter_count(spec.space.configure(trial.params)[0])


def test_weights_that_stand_in_the_database_are_not_counted_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lstm_attn.models.parameter_count", lambda _: 1 / 0)
    study = study_of(*(trial_of(n, 1.0, parameters=7 + n) for n in range(2)))
    assert report_of(study).weights == {0: 7, 1: 8}


def test_a_trial_of_another_program_has_no_size() -> None:
    params = {"variant": "lstm", "hidden_size": 9, "learning_rate": 1e-3}
    study = study_of(trial_of(0, 1.0), trial_of(1, 1.0, params=params))
    assert set(report_of(study).weights) == {0}


@pytest.mark.parametrize("file", sorted((ROOT / "studies").glob("*.toml")), ids=lambda f: f.stem)
def test_the_study_file_is_the_one_that_was_launched(file: Path, tmp_path: Path) -> None:
    known = load(file)
    (tmp_path / "again.toml").write_text(study_file(known))
    again = load(tmp_path / "again.toml")
    settled = {"objective": known.objective, "trials": known.trials, "seed": known.seed}
    assert again.given == {**known.given, "search": {**known.given["search"], **settled}}


@settings(max_examples=40)
@given(valid_files())
def test_any_study_file_is_written_so_that_it_reads_as_it_did(
    tmp_path_factory: pytest.TempPathFactory, tree: Any
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "known.toml").write_text(toml(tree))
    known = load(folder / "known.toml")
    (folder / "again.toml").write_text(study_file(known))
    again = load(folder / "again.toml")
    assert (again.data, again.task, again.settings) == (known.data, known.task, known.settings)
    assert (again.seed, again.resources, again.keep) == (known.seed, known.resources, known.keep)


def test_the_study_file_has_the_budget_of_the_last_launch() -> None:
    spec = spec_of().with_budget(trials=77)
    assert tomllib.loads(study_file(spec))["search"]["trials"] == 77


def test_a_trial_counts_for_plots_once_it_has_a_finite_score() -> None:
    values = (math.inf, 1.0, None, math.nan, 0.5)
    study = study_of(*(trial_of(n, value) for n, value in enumerate(values)))
    assert {trial.number for trial in report_of(study).ended} == {1, 4}


@pytest.mark.parametrize("odd", odd_studies())
def test_json_is_whole_whatever_the_study(odd: str) -> None:
    study, spec = odd_studies()[odd]
    found = json.loads(output.as_json(plain.report(report_of(study, spec))))
    assert (found["name"], found["budget"]) == ("small", study.budget)
    assert bool(found["importance"]) != bool(found["no_importance"])
    assert all("curve" not in trial for trial in [*found["best"], *found["front"]])


def test_json_says_what_the_page_says() -> None:
    strong = BaselineScore(name="ngram", strong=True, validation={"cross_entropy": 9.0}, test=None)
    study = searched(lambda params: float(params["hidden_size"]), baselines=(strong,))
    failed = trial_of(len(study.trials), None, state="failed", reason=SCRIPT)
    report = report_of(study_of(*study.trials, failed, baselines=(strong,)))
    found = json.loads(output.as_json(plain.report(report)))
    assert len(found["best"]) == 20
    assert found["best"][0]["number"] == study.leaders[0].number
    assert found["best"][0]["weights"] == report.weights[study.leaders[0].number]
    assert [one["number"] for one in found["front"]] == list(report.front)
    assert next(iter(found["importance"])) == "hidden_size"
    assert found["importance_by"] == "PED-ANOVA"
    assert found["beats_strong_baseline"] is True
    assert found["failures"][SCRIPT] == 1
    assert found["baselines"][0]["name"] == "ngram"
    assert tomllib.loads(found["study_file"])["search"]["seed"] == found["seed"] == 7
    assert found["versions"] == [{"torch": "1.0"}, {"torch": "2.0"}]
    assert found["commands"]["the best model as a folder"].startswith("lstm-search export small")
    assert found["written"] == "2026-11-26T12:30:00+00:00"
