"""Records as JSON."""

import json
import math
from collections.abc import Callable
from types import MappingProxyType

from search.records import Ending, Explained, Ranked, ReplayedEpoch, StudySummary, TrialSummary
from search.render import plain
from search.render.output import as_csv, as_json
from tests.search.made_up import importance_of

Trial = Callable[..., TrialSummary]
Study = Callable[..., StudySummary]


def test_json_holds_finite_numbers_only(make_study: Study, make_trial: Trial) -> None:
    wild = make_trial(0, 0.9, metrics=MappingProxyType({"perplexity": math.inf, "x": math.nan}))
    study = make_study(wild, make_trial(1))
    for result in (plain.studies([study]), plain.status(study), plain.best(explained(study))):
        text = as_json(result)
        assert json.loads(text, parse_constant=lambda name: 1 / 0) == json.loads(text)
    assert plain.status(study)["trials"][0]["metrics"] == {"perplexity": None, "x": None}


def test_status_holds_every_trial_with_its_curve(make_study: Study, make_trial: Trial) -> None:
    study = make_study(make_trial(0, 0.9, curve={1: 0.5, 2: 0.9}), make_trial(1, 0.95))
    status = plain.status(study)
    assert status["leaders"] == [1, 0]
    assert status["trials"][0]["curve"] == {"1": 0.5, "2": 0.9}
    assert status["finished"] == 2
    assert status["beats_strong_baseline"] is False


def explained(study: StudySummary) -> Explained:
    ranked = tuple(Ranked(trial=trial, weights=12, instead={"heads": 2}) for trial in study.leaders)
    return Explained(
        study=study,
        best=ranked[:2],
        defaults=tuple(one for one in ranked if one.trial.default),
        importance=importance_of(**({"heads": 1.0} if ranked else {})),
    )


def test_best_says_of_each_trial_how_large_it_is_and_what_the_default_has(
    make_study: Study, make_trial: Trial
) -> None:
    study = make_study(
        make_trial(0, 0.9, default=True), make_trial(1, 0.95, state="pruned"), make_trial(2, 0.8)
    )
    best = plain.best(explained(study))
    assert [(trial["number"], trial["state"]) for trial in best["best"]] == [
        (1, "pruned"),
        (0, "complete"),
    ]
    assert [trial["number"] for trial in best["defaults"]] == [0]
    assert len(best["baselines"]) == 2
    assert (best["best"][0]["weights"], best["best"][0]["default_has"]) == (12, {"heads": 2})
    assert (best["importance"], best["importance_by"]) == ({"heads": 1.0}, "PED-ANOVA")
    assert (best["importance_trials"], best["importance_left_out"]) == (12, {})
    assert best["no_importance"] == ""


def test_an_empty_study_has_no_verdict(make_study: Study) -> None:
    assert plain.best(explained(make_study()))["beats_strong_baseline"] is None
    assert plain.studies([make_study()])[0]["best"] is None


def test_a_replay_says_of_each_epoch_whether_it_is_the_same() -> None:
    epochs = [ReplayedEpoch(epoch=1, recorded=0.5, replayed=value) for value in (0.5, 0.6)]
    assert [epoch["same"] for epoch in plain.replayed(epochs)] == [True, False]


def test_names_of_things_are_words() -> None:
    assert plain.plain((Ending.SPENT, True, None)) == ["spent", True, None]


def test_csv_is_what_csv_readers_read() -> None:
    rows = [
        {"row": 1, "label": 'a "b", c', "probability": 0.1},
        {"row": 2, "label": "d\ne", "probability": 1e-300},
    ]
    assert as_csv(rows) == ('row,label,probability\n1,"a ""b"", c",0.1\n2,"d\ne",1e-300\n')
