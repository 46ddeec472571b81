"""The model card tells what the scores are worth, also where a baseline is the better choice."""

import math
from dataclasses import replace

import pytest

from lstm_attn.verify import Score, Verified
from search.export.card import model_card
from search.export.scores import Scores
from search.records import BaselineScore

MISSED = "**It does not beat the strong baseline, regression, on"
NOT_ON_TEST = f"{MISSED} test rows**; on validation rows it does."
NOWHERE = f"{MISSED} validation or test rows**; prefer that one."


@pytest.fixture
def scores(studies):
    """Accuracy .8 on validation and .7 on test rows, of one trial out of four."""
    study = studies("classification")
    ranked = Score(rows=12, metrics={"accuracy": 0.8})
    return Scores(
        study=replace(study.study, baselines=()),
        trial=study.best,
        rank=1,
        epoch=study.best.best_epoch,
        recorded={"accuracy": 0.8},
        verified=Verified(ranked=ranked, reach={}, validation=ranked, test=None),
        test=Score(rows=15, metrics={"accuracy": 0.7}, interval=(0.6, 0.8)),
    )


def beside(scores: Scores, **strong: float | None) -> Scores:
    """Set a strong baseline beside the scores, and a trivial one that never matters."""
    baselines = [
        BaselineScore(name="majority", strong=False, validation={"accuracy": 1.0}, test=None),
        BaselineScore(
            name="regression",
            strong=True,
            validation={"accuracy": strong["validation"]},
            test=None if strong["test"] is None else {"accuracy": strong["test"]},
        ),
    ]
    return replace(scores, study=replace(scores.study, baselines=tuple(baselines)))


def card(scores: Scores) -> str:
    return model_card(scores, variant="ffn", data={"training rows": 33}, folder="my model")


@pytest.mark.parametrize(
    ("validation", "test", "verdict"),
    [
        (0.5, 0.5, "It beats the strong baseline, regression, on validation and test rows."),
        (0.5, None, "It beats the strong baseline, regression, on validation rows."),
        (0.5, 0.7, NOT_ON_TEST),
        (0.8, 0.9, NOWHERE),
    ],
)
def test_it_says_whether_the_strong_baseline_is_beaten(scores, validation, test, verdict):
    given = beside(scores, validation=validation, test=test)
    assert f"\n{verdict}\n" in card(given)
    assert given.against_strong()["validation"].beaten is (validation < 0.8)


def test_where_less_is_better_a_lower_score_beats_the_baseline(scores):
    given = beside(scores, validation=0.9, test=0.6)
    given = replace(given, study=replace(given.study, direction="minimize"))
    against = given.against_strong()
    assert [(rows, one.score, one.beaten) for rows, one in against.items()] == [
        ("validation", 0.9, True),
        ("test", 0.6, False),
    ]


def test_without_a_strong_baseline_nothing_is_said_of_it(scores):
    assert scores.against_strong() == {}
    assert "strong" not in card(scores)


def test_it_says_how_many_trials_were_compared_and_how_sure_test_is(scores):
    text = card(scores)
    assert "The validation score is optimistic: 4 trials were compared by it. Nothing was" in text
    assert "| **this model** | **0.8000** | **0.7000** (95% interval 0.6000 to 0.8000) |" in text
    assert "number 1 of 4 trials by accuracy" in text


def test_a_single_trial_was_compared_with_none(scores):
    alone = replace(scores, study=replace(scores.study, leaders=(scores.trial,)))
    assert "No other trial was compared with it." in card(alone)
    assert "optimistic: the epoch was chosen by it" in card(alone)


def test_without_test_rows_it_says_so(scores):
    text = card(replace(scores, test=None))
    assert "compared by it. No test rows were held out." in text
    assert "| **this model** | **0.8000** | **none** |" in text
    assert replace(scores, test=None).to_json()["test"] is None


def test_what_is_not_finite_can_be_written(scores):
    test = Score(rows=15, metrics={"accuracy": math.inf}, interval=(math.nan, math.inf))
    given = replace(scores, test=test)
    assert "| **not finite** (95% interval not finite" in card(given)
    assert given.to_json()["test"]["metrics"] == {"accuracy": None}


def test_its_commands_name_the_folder_as_a_shell_and_as_python_take_it(scores):
    text = card(scores)
    assert "model = lstm_attn.load('my model')" in text
    assert "lstm-search predict 'my model' DATA" in text
    assert "lstm-search launch 'my model'/study.toml" in text


def test_a_language_model_is_asked_to_write(scores):
    text = card(replace(scores, study=replace(scores.study, task="language-modeling")))
    assert "model.generate(" in text
    assert "lstm-search generate 'my model' --prompt" in text
    assert "12 tokens" in text


def test_what_the_data_are_called_is_shown_as_it_is(scores):
    said = model_card(scores, variant="ffn", data={"a_*b*": "c_d_e|<f>.csv"}, folder="my model")
    assert "\n- a\\_\\*b\\*: c\\_d\\_e\\|\\<f\\>.csv\n" in said
