"""How studies stand, as text."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import RenderableType

from search import verdict
from search.records import (
    Ending,
    Explained,
    Launched,
    Queued,
    Ranked,
    StudySummary,
    SubmissionState,
    TrialSummary,
)
from search.render import explained, plain, standings
from search.render.signs import FINE
from tests.search.made_up import importance_of

Trial = Callable[..., TrialSummary]
Study = Callable[..., StudySummary]
Print = Callable[..., str]


def explained_of(study: StudySummary, top: int) -> Explained:
    ranked = [Ranked(trial=trial, weights=1234, instead={}) for trial in study.leaders]
    return Explained(
        study=study,
        best=tuple(ranked[:top]),
        defaults=tuple(one for one in ranked if one.trial.default),
        importance=importance_of(**({"heads": 0.9, "dropout": 0.1} if ranked else {})),
    )


VIEWS: dict[str, Callable[[StudySummary], RenderableType]] = {
    "list": lambda study: standings.studies([study]),
    "status": standings.status,
    "best": lambda study: explained.best(explained_of(study, 5), FINE),
    "launched": lambda study: standings.launched(
        Launched(ending=Ending.SPENT, study=study, fresh=True), again="again", export="export"
    ),
}


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_wider_than_the_terminal(
    view: str, make_study: Study, make_trial: Trial, printed: Print
) -> None:
    study = make_study(
        make_trial(0, 0.9, default=True),
        make_trial(1, 0.95, state="pruned"),
        make_trial(2, 0.91, state="running"),
        make_trial(3, reason="its worker was lost 3 times in a row: " + "out of memory " * 20),
        name="a-study-with-a-name-that-is-rather-long-for-a-column-of-a-table",
        owner="a-host-with-a-long-name.example.org, process 123456",
    )
    text = printed(VIEWS[view](study))
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("failures", [0, 3])
def test_a_study_without_scores_is_said_to_be_one(
    view: str, failures: int, make_study: Study, make_trial: Trial, printed: Print
) -> None:
    trials = [make_trial(number, reason="out of disk") for number in range(failures)]
    text = printed(VIEWS[view](make_study(*trials)))
    assert "nan" not in text.lower()
    if view != "list":
        words = "all 3 trials have ended before their first" if failures else "no trial has started"
        assert words in " ".join(text.split())
        assert ("out of disk" in text) == bool(failures)


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ([], "no trial has ended an epoch yet"),
        (
            [("out_of_time", "past trial_timeout: 2 s")],
            (
                "1 trial has ended before its first epoch: past trial_timeout: 2 s - raise "
                "trial_timeout in [resources], or shorten an epoch with epoch_steps in [training]"
            ),
        ),
        (
            [("failed", "odd"), ("out_of_memory", "past 1"), ("out_of_memory", "past 2")],
            (
                "3 trials have ended before their first epoch, 2 of them like this: past 1 - "
                "search smaller sizes, a smaller batch_size or context, or raise trial_memory in "
                "[resources] where it is set"
            ),
        ),
        (
            [("failed", "odd"), ("failed", "the disk is full"), ("failed", "the disk is full")],
            ("3 trials have ended before their first epoch, 2 of them like this: the disk is full"),
        ),
        (
            [("failed", "the disk is full")] * 2,
            "2 trials have ended before their first epoch: the disk is full",
        ),
    ],
)
def test_without_a_score_most_ends_say_why(
    ends: list[tuple[str, str]], said: str, make_study: Study, make_trial: Trial
) -> None:
    trials = [
        make_trial(number, kind=kind, reason=reason) for number, (kind, reason) in enumerate(ends)
    ]
    study = make_study(*trials, make_trial(9, state="running"))
    assert verdict.no_leader(study) == said
    assert plain.status(study)["no_best"] == said
    done = verdict.no_leader(make_study(*trials))
    assert done == f"all {said}" if len(ends) > 1 else bool(ends) == (done == said)


def test_reasons_of_failures_are_counted(
    make_study: Study, make_trial: Trial, printed: Print
) -> None:
    reasons = ["rare"] + ["frequent"] * 3 + [f"other {n}" for n in range(9)]
    trials = [make_trial(number, reason=why) for number, why in enumerate(reasons)]
    text = printed(standings.status(make_study(*trials)))
    assert re.search(r"3 +frequent", text)
    assert "and 6 other reasons" in text


def test_the_best_may_be_of_any_state(make_study: Study, make_trial: Trial, printed: Print) -> None:
    study = make_study(
        make_trial(0, 0.8, default=True),
        make_trial(1, 0.97, state="pruned"),
        make_trial(2, 0.96, state="running"),
        make_trial(3, 0.95, state="failed"),
        owner="here, process 1",
    )
    text = printed(explained.best(explained_of(study, 3), FINE))
    found = re.findall(r"^(\d\.) +(\d+) +(\S+) +\d+ of \d+(?: so far)? +(\w+)", text, re.MULTILINE)
    assert found == [
        ("1.", "1", "0.9700", "pruned"),
        ("2.", "2", "0.9600", "running"),
        ("3.", "3", "0.9500", "failed"),
    ]


def test_defaults_and_baselines_stand_beside_the_best(
    make_study: Study, make_trial: Trial, printed: Print
) -> None:
    study = make_study(make_trial(0, 0.8, default=True), make_trial(1, 0.97))
    text = printed(explained.best(explained_of(study, 1), FINE))
    assert re.search(r"0 \(default\) +0\.8000", text)
    assert re.search(r"logistic regression \(strong\) +0\.9861 +0\.05000", text)
    assert re.search(r"majority +0\.1250", text)


def test_a_configuration_is_shown_whole(
    make_study: Study, make_trial: Trial, printed: Print
) -> None:
    trial = make_trial(0, 0.9)
    text = "".join(printed(explained.best(explained_of(make_study(trial), 1), FINE)).split())
    for name in trial.params:
        assert f"{name}=" in text


@pytest.mark.parametrize(("value", "beaten"), [(0.99, True), (0.9861, False), (0.9, False)])
def test_it_is_said_whether_the_strong_baseline_is_beaten(
    value: float, beaten: bool, make_study: Study, make_trial: Trial, printed: Print
) -> None:
    study = make_study(make_trial(0, 0.5, default=True), make_trial(1, value))
    for view in ("status", "best", "launched"):
        text = " ".join(printed(VIEWS[view](study)).split())
        assert (
            "On validation rows the best trial beats logistic regression (0.9861)" in text
        ) == beaten
        assert ("does not beat logistic regression (0.9861)" in text) == (not beaten)


def test_less_is_better_where_the_metric_says_so(
    make_study: Study, make_trial: Trial, printed: Print
) -> None:
    trial = make_trial(0, 0.04, metrics={"cross_entropy": 0.04})
    study = make_study(trial, objective="cross_entropy", direction="minimize")
    assert "beats logistic regression (0.05000)" in printed(standings.status(study))


def test_a_search_that_has_found_nothing_better_than_a_default_says_so(
    make_study: Study, make_trial: Trial, printed: Print
) -> None:
    study = make_study(make_trial(0, 0.9, default=True), make_trial(1, 0.8))
    assert "the search has found nothing better" in " ".join(
        printed(standings.status(study)).split()
    )


def test_names_are_taken_as_they_are(make_study: Study, make_trial: Trial, printed: Print) -> None:
    reason = "[red]index[0] :smile: [/]"
    study = make_study(make_trial(0, reason=reason))
    assert reason in printed(standings.status(study))


def test_trials_without_an_owner_wait_to_go_on(
    make_study: Study, make_trial: Trial, printed: Print
) -> None:
    study = make_study(make_trial(0, 0.9, state="running"))
    owned_one = replace(study, owner="here, process 1")
    stands, owned = printed(standings.status(study)), printed(standings.status(owned_one))
    assert "1 to go on" in stands
    assert ", to go on)" in stands
    assert "1 running" in owned
    assert ", running)" in owned
    for view in (standings.status, VIEWS["best"], VIEWS["launched"]):
        assert "running" not in printed(view(study))
    assert "running" in printed(VIEWS["best"](owned_one))
    assert "here, process 1" in owned


@pytest.mark.parametrize(
    ("state", "reason", "listed", "said"),
    [
        ("waiting", "", "waiting", "waits for a server"),
        ("waiting", "no room", "waiting", "waits for a server: no room"),
        ("ended", "it was bad", "ended", "ended, submit or launch it to go on: it was bad"),
        ("done", "its budget is spent", "", ""),
    ],
)
def test_a_submitted_study_is_shown_as_it_stands_with_the_servers(
    state: SubmissionState,
    reason: str,
    listed: str,
    said: str,
    make_study: Study,
    printed: Print,
) -> None:
    study = replace(make_study(), queued=Queued(state=state, reason=reason))
    row = printed(standings.studies([study])).rstrip().splitlines()[-1]
    assert row.split()[-1] == (listed or "40")
    shown = re.search(r"^queue +(.*\S)", printed(standings.status(study)), re.MULTILINE)
    assert (shown[1] if shown else "") == said
    run = replace(study, owner="here, process 1")
    assert "queue" not in printed(standings.status(run))
    assert "here" in printed(standings.studies([run]))


def test_no_studies_are_said_to_be_none(printed: Print) -> None:
    assert "no studies yet" in printed(standings.studies([]))


@pytest.mark.parametrize("ending", Ending)
def test_the_end_of_a_launch_says_how_to_go_on(
    ending: Ending, make_study: Study, make_trial: Trial, printed: Print
) -> None:
    study = make_study(make_trial(0, 0.9, state="running"), owner="here, process 1")
    again = f"lstm-search launch {'a-long-folder/' * 9}x.toml"
    text = printed(
        standings.launched(
            Launched(ending=ending, study=study, fresh=True), again=again, export="the export"
        )
    )
    assert ending.value in text
    assert (f"\n  {again}\n" in text) == (ending not in (Ending.SPENT, Ending.EXHAUSTED))
    assert "here, process 1" not in text  # nobody runs it any more
    assert "\n  the export\n" in text


def test_a_finished_study_launched_again_says_how_to_add_trials(
    make_study: Study, make_trial: Trial, printed: Print
) -> None:
    study = make_study(make_trial(0, 0.9), budget=1)
    launched = Launched(ending=Ending.SPENT, study=study, fresh=False)
    text = printed(standings.launched(launched, again="lstm-search launch x.toml", export="e"))
    assert "nothing is left to run, 1 of 1" in text
    assert "lstm-search launch x.toml --trials 2" in text


def test_a_study_that_has_tried_all_is_not_said_to_go_on(
    make_study: Study, make_trial: Trial, printed: Print
) -> None:
    study = make_study(make_trial(0, 0.9), budget=9, exhausted=True)
    assert "\nEvery configuration of its space has been tried.\n" in printed(
        standings.status(study)
    )
    launched = Launched(ending=Ending.SPENT, study=replace(study, budget=1), fresh=False)
    text = printed(standings.launched(launched, again="again", export="e"))
    assert "vowels: every configuration of its space has been tried\n" in text
    assert "--trials" not in text
    going = replace(study, trials=(*study.trials, make_trial(1, 0.8, state="running")))
    assert "Every configuration" not in printed(standings.status(going))


@pytest.mark.parametrize(
    ("others", "budget", "said"),
    [
        ([], 9, "no other has been tried yet."),
        ([], 1, "no other has been tried."),
        ([0.8], 9, "the search has found nothing better yet."),
        ([0.8], 2, "the search has found nothing better."),
    ],
)
def test_a_default_that_is_the_best_is_said_to_stand_as_it_does(
    others: list[float], budget: int, said: str, make_study: Study, make_trial: Trial
) -> None:
    rest = [make_trial(number, value) for number, value in enumerate(others, start=1)]
    study = make_study(make_trial(0, 0.9, default=True), *rest, budget=budget)
    assert verdict.verdict(study).endswith(f" It is one of the defaults: {said}")


def test_thousands_are_set_apart(make_study: Study, make_trial: Trial, printed: Print) -> None:
    study = make_study(*(make_trial(number) for number in range(1200)), budget=3000)
    assert "1,200 of 3,000: 0 complete, 0 pruned and 1,200 failed" in printed(
        standings.status(study)
    )
    assert "1,200 of 3,000" in printed(standings.studies([study]))
