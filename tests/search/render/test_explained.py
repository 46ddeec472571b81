"""The best trials and what made them so, as text."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from search.importance import unsaid
from search.records import Explained, Ranked, StudySummary, TrialSummary
from search.render.explained import best
from search.render.signs import COARSE, FINE
from tests.search.made_up import importance_of

Trial = Callable[..., TrialSummary]
Study = Callable[..., StudySummary]
Print = Callable[..., str]


@pytest.fixture
def found(make_study: Study, make_trial: Trial) -> Explained:
    params = {"variant": "ffn", "heads": 1, "dropout": 0.1, "learning_rate": 0.00393712}
    good = make_trial(7, 0.95, params=params, curve={1: 0.5, 2: 0.95, 3: 0.9}, best_epoch=2)
    default = make_trial(0, 0.8, default=True)
    ranked = Ranked(trial=good, weights=215049, instead={"heads": 4, "learning_rate": 0.002})
    return Explained(
        study=make_study(default, good),
        best=(ranked,),
        defaults=(Ranked(trial=default, weights=None, instead={}),),
        importance=importance_of(2, learning_rate=0.75, heads=0.2498, dropout=0.0002),
    )


def test_a_trial_stands_with_its_epochs_its_weights_and_what_the_default_has_instead(
    found: Explained, printed: Print
) -> None:
    text = printed(best(found, FINE))
    assert re.search(r"^1\. +7 +0\.9500 +2 of 3 +complete +215,049", text, re.MULTILINE)
    said = "variant=ffn heads=1 (4) dropout=0.1 learning_rate=0.003937 (0.002)"
    assert said in text
    assert "In brackets: what the default of its variant has instead." in text
    assert re.search(r"^ +0 \(default\) +0\.8000 +1 of 1 +complete +-", text, re.MULTILINE)


def test_a_trial_that_runs_has_ended_its_epochs_so_far(found: Explained, printed: Print) -> None:
    first = replace(found.best[0].trial, state="running", curve={1: 0.5, 2: 0.95})
    owned = replace(found.study, owner="here, process 1")
    going = replace(found, study=owned, best=(replace(found.best[0], trial=first),))
    text = printed(best(going, FINE))
    assert re.search(r"^1\. +7 +0\.9500 +2 of 2 so far +running", text, re.MULTILINE)


def test_no_two_lines_are_blank_in_a_row(found: Explained, printed: Print) -> None:
    one = replace(found.best[0], trial=replace(found.best[0].trial, metrics={"accuracy": 0.95}))
    for shown in (found, replace(found, best=(one,))):
        assert "\n\n\n" not in re.sub(" +\n", "\n", printed(best(shown, FINE)))


def test_nothing_is_explained_that_is_not_there(found: Explained, printed: Print) -> None:
    same = replace(found, best=(replace(found.best[0], instead={}),))
    assert "brackets" not in printed(best(same, FINE))


def test_importance_is_drawn_beside_its_numbers(found: Explained, printed: Print) -> None:
    text = printed(best(found, FINE))
    assert "What sets the best trials apart, by PED-ANOVA over 2 trials of any state" in text
    rows = re.findall(r"^  (\w+) +(━*) +(75\.0%|25\.0%|less) *$", text, re.MULTILINE)
    assert [(name, len(drawn), said) for name, drawn, said in rows] == [
        ("learning_rate", 20, "75.0%"),
        ("heads", 7, "25.0%"),
        ("dropout", 0, "less"),
    ]


def test_why_nothing_is_said_of_importance_is_said(found: Explained, printed: Print) -> None:
    why = "All parameters are fixed, so none is more important than another."
    text = printed(best(replace(found, importance=unsaid(why)), FINE), width=200)
    assert why in text
    assert "What sets" not in text
    without = printed(best(replace(found, best=(), importance=unsaid(why)), FINE), width=200)
    assert why not in without  # where there is no best trial, that is all there is to say


@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_fits_every_terminal(found: Explained, printed: Print, width: int) -> None:
    text = printed(best(found, COARSE), width=width)
    assert max(map(len, text.splitlines())) <= width
    assert text.replace("─", "").isascii()  # Rich itself replaces what rules are made of
