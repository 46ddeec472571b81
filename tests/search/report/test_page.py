"""The page of a report: whole, alone, and safe from the texts in it."""

import itertools
import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

import pytest
from plotly.offline import get_plotlyjs

from search.records import BaselineScore, Queued, StudySummary, TrialSummary
from search.report import figures
from search.report.facts import Report
from search.report.marks import APART
from search.report.page import page
from search.report.plots import CURVES, LINES, POINTS, plots
from search.space import Choice
from search.spec import StudySpec
from tests.search.conftest import spec_of
from tests.search.made_up import SCRIPT, odd_studies, report_of, searched, study_of, trial_of

VOID = {"meta", "br", "hr", "img", "link", "input"}
WHY = {
    "empty": "no trial has started yet",
    "running": "no trial has ended an epoch yet",
    "failures": f"all 3 trials have ended before their first epoch: {SCRIPT}",
    "one failure": f"1 trial has ended before its first epoch: {SCRIPT}",
    "out of time": "all 3 trials have ended before their first epoch, 2 of them like this: "
    "past trial_timeout: 2 s - raise trial_timeout in [resources], or shorten an epoch with "
    "epoch_steps in [training]",
    "equal": "All 8 trials have the same score, so no parameter made a difference.",
    "single": "1 trial has a score so far, and importance needs 5.",
    "fixed": "All parameters are fixed, so there is none to draw.",
    "infinite": "1 trial has a score so far, and importance needs 5.",
    "never finite": "No trial has a finite score to draw.",
    "foreign": "No trial's model can be built from its parameters, so none has a size.",
}
"""What a page says where there is nothing to draw, by what is odd about the study."""


class Page(HTMLParser):
    """Reads a page, and fails where a tag isn't closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.paragraphs: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif self.open and self.open[-1] != "style":
            self.words.append(data)
            if self.open[-2:] == ["section", "p"]:
                self.paragraphs.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def figures(self) -> list[dict[str, Any]]:
        data = [attrs for tag, attrs in self.tags if attrs.get("type") == "application/json"]
        return [json.loads(script) for script in self.scripts if script.startswith("{")][
            : len(data)
        ]


def large(count: int = 5_000, epochs: int = 50) -> StudySummary:
    return searched(lambda params: float(params["learning_rate"]), count=count, epochs=epochs)


@pytest.mark.parametrize("odd", odd_studies())
def test_a_page_is_whole_and_says_why_it_draws_nothing(odd: str) -> None:
    study, spec = odd_studies()[odd]
    read = Page(page(report_of(study, spec)))
    assert read.text.count(WHY[odd]) == 1
    assert all(sentence[0] == sentence[0].upper() for sentence in read.paragraphs)
    sections = [attrs["id"] for tag, attrs in read.tags if tag == "section"]
    if study.leaders:
        drawn = {plot.name for plot in plots(report_of(study, spec))}
        assert drawn - {"parallel", "front"} == {"history", "curves", "importance"}
        assert set(sections) - drawn == {"summary", "best", "data", "again"}
    else:
        assert [one for one in sections if one != "failures"] == ["summary", "data", "again"]
        assert "export" not in read.text
    assert ("failures" in sections) == ("fail" in odd)
    for plot in plots(report_of(study, spec)):
        assert plot.said
        assert all(sentence.endswith(".") for sentence in plot.said)


def test_nothing_is_fetched() -> None:
    text = page(report_of(large(count=20)))
    read = Page(text)
    for tag, attrs in read.tags:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "form"}
        assert not {"src", "srcset", "action", "onclick", "onload"} & set(attrs), tag
        assert str(attrs.get("href", "#")).startswith("#")
    policy = next(a["content"] for t, a in read.tags if "http-equiv" in a)
    assert str(policy).startswith("default-src 'none'")
    assert "http" not in str(policy)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    assert sum(get_plotlyjs() in script for script in read.scripts) == 1


def test_a_page_without_plots_has_no_plotly() -> None:
    study, spec = odd_studies()["empty"]
    assert len(page(report_of(study, spec))) < 50_000


def hostile() -> tuple[StudySummary, StudySpec]:
    """Give a study with a script in every text that may come from outside."""
    space = spec_of(
        domains={
            SCRIPT: Choice(values=(f"{SCRIPT}1", f"{SCRIPT}2")),
            "hidden_size": Choice(values=(8, 12)),
        }
    ).space
    given = {**spec_of().given, "data": {"format": "text", "train": SCRIPT}}
    spec = spec_of(space=space, given=given)
    trials = [
        trial_of(
            n,
            1.0 + n,
            params={SCRIPT: f"{SCRIPT}{1 + n % 2}", "hidden_size": 8 + 4 * (n % 2)},
            metrics={"cross_entropy": 1.0 + n, SCRIPT: 1.0},
            reason=SCRIPT,
        )
        for n in range(6)
    ]
    failed = trial_of(6, None, state="failed", reason=SCRIPT)
    base = BaselineScore(
        name=SCRIPT, strong=True, validation={"cross_entropy": 3.0, SCRIPT: 1.0}, test=None
    )
    return study_of(*trials, failed, name=SCRIPT, owner=SCRIPT, baselines=(base,)), spec


def test_what_comes_from_outside_is_text() -> None:
    study, spec = hostile()
    text = page(report_of(study, spec, data_summary={SCRIPT: SCRIPT}, fingerprint=SCRIPT))
    assert SCRIPT not in text
    assert "<script>alert" not in text
    read = Page(text)
    assert SCRIPT in read.text
    assert [tag for tag, _ in read.tags].count("script") == 7  # five plots, plotly, ours
    data = [script for script in read.scripts if script.startswith("{")]
    assert all("<" not in script for script in data), "no tag may end a script"
    figures = json.dumps(read.figures())
    assert len(read.figures()) == 5
    assert "<script" not in figures  # plotly takes some HTML in its texts
    assert "&lt;script&gt;" in figures


def test_many_trials_are_thinned_and_the_page_says_so() -> None:
    study = large()
    report = report_of(study)
    text = page(report)
    read = Page(text)
    ended = len(study.leaders)
    for limit in (POINTS, CURVES, LINES):
        assert f"{limit:,} of {ended:,} trials are shown: the best, and of the others evenly." in (
            read.text
        )
    assert len(text) < 15_000_000
    best = study.leaders[0].number
    history, curves, _, parallel, front = read.figures()
    assert best in history["data"][0]["x"]
    assert best in front["data"][0]["customdata"] + front["data"][1]["customdata"]
    assert any(best in trace["customdata"] for trace in curves["data"])
    assert len(parallel["data"]) == LINES + 1


def test_lines_over_the_parameters_are_those_of_the_best_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[TrialSummary] = []

    def draws(_: Report, shown: Sequence[TrialSummary]) -> str:
        drawn.extend(shown)
        return ""

    monkeypatch.setattr(figures, "parallel", draws)
    study = large(epochs=1)
    plots(report_of(study))
    assert len(drawn) == LINES
    best = {trial.number for trial in study.leaders[: LINES // 2]}
    assert best <= {trial.number for trial in drawn}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"owner": "host, process 1", "budget": 9}, "It runs: host, process 1."),
        ({"owner": "host, process 1", "budget": 1}, "It runs: host, process 1."),
        ({"budget": 1}, "Its budget is spent."),
        ({"budget": 9}, "Nobody runs it just now; launched again, it goes on."),
        ({"budget": 9, "exhausted": True}, "Every configuration of its space has been tried."),
        (
            {"budget": 9, "queued": Queued(state="waiting", reason="")},
            "Nobody runs it just now; it waits for a server.",
        ),
        (
            {"budget": 9, "queued": Queued(state="ended", reason="bad")},
            "Nobody runs it just now; submitted or launched again, it goes on.",
        ),
    ],
)
def test_the_page_says_whether_the_study_still_runs(changes: dict[str, Any], said: str) -> None:
    study = study_of(trial_of(0, 1.0, state="complete"), **changes)
    assert f"Language-modeling. {said} As of " in Page(page(report_of(study))).text


def test_versions_are_those_it_was_trained_with() -> None:
    study = study_of()
    assert "trained with torch 1.0; then torch 2.0 database" in Page(page(report_of(study))).text
    older = Page(page(report_of(study, versions=()))).text
    assert "trained with not recorded database" in older


def test_few_trials_are_all_there() -> None:
    study = large(count=10, epochs=3)
    read = Page(page(report_of(study)))
    assert "All 10 trials are shown." in read.text
    assert "are shown: the best" not in read.text
    assert sorted(read.figures()[0]["data"][0]["x"]) == list(range(10))


def test_long_curves_are_thinned_too() -> None:
    curve = {epoch: 1 / epoch for epoch in range(1, 5_001)}
    study = study_of(trial_of(0, curve[5_000], curve=curve, best_epoch=5_000))
    read = Page(page(report_of(study)))
    assert "Of each, 200 epochs at most" in read.text
    assert max(len(trace["x"]) for trace in read.figures()[1]["data"]) <= 201


def test_curves_have_a_colour_for_each_outcome_and_the_best_is_on_top() -> None:
    study = large(count=40, epochs=4)
    traces = Page(page(report_of(study))).figures()[1]["data"]
    names = [trace["name"] for trace in traces]
    assert names == [
        "pruned", "failed", "running", "complete", f"the best, trial {study.leaders[0].number}",
    ]  # fmt: skip
    assert len({trace["line"]["color"] for trace in traces}) == 5


def test_the_line_of_the_best_is_the_best_so_far() -> None:
    study = large(count=40)
    trace = Page(page(report_of(study))).figures()[0]["data"][1]
    values = [trial.value for trial in study.trials]
    assert trace["y"] == [min(values[: n + 1]) for n in range(40)]


def test_a_very_poor_trial_does_not_squash_the_others() -> None:
    trials = [trial_of(n, 1.0 + n / 100) for n in range(40)]
    study = study_of(*trials, trial_of(40, 1e9))
    read = Page(page(report_of(study)))
    low, high = read.figures()[0]["layout"]["yaxis"]["range"]
    assert low < 1.0
    assert 1.3 < high < 2.0
    assert "1 far poorer point lies beyond the axis: a double click shows all." in read.text
    assert "All 40 trials are shown. Left out: 1 with far poorer scores." in read.text
    assert len(read.figures()[3]["data"]) == 40 + 1


def test_a_very_poor_epoch_does_not_squash_the_others() -> None:
    curve = {1: 1e9, **{epoch: 1 + 1 / epoch for epoch in range(2, 60)}}
    read = Page(page(report_of(study_of(trial_of(0, 1.0, curve=curve, best_epoch=59)))))
    low, high = read.figures()[1]["layout"]["yaxis"]["range"]
    assert low < 1.1
    assert high < 2.0
    assert "1 far poorer point lies beyond the axis" in read.text


@pytest.mark.parametrize("score", [0.5, 1.5, 9.0])
def test_the_strong_baseline_is_on_the_axis_and_in_the_legend(score: float) -> None:
    strong = BaselineScore(
        name="ngram", strong=True, validation={"cross_entropy": score}, test=None
    )
    trials = [trial_of(n, 1.0 + n / 100) for n in range(40)]
    study = study_of(*trials, trial_of(40, 1e9), baselines=(strong,))
    for figure in Page(page(report_of(study))).figures()[:2]:
        low, high = figure["layout"]["yaxis"]["range"]
        assert low < min(score, 1.0)
        assert score < high < 1e8
        [across] = figure["layout"]["shapes"]
        assert (across["y0"], across["showlegend"]) == (score, True)
        assert across["name"].startswith("ngram")
        assert "annotations" not in figure["layout"]


def test_marks_over_the_parameters_are_values_that_occur_where_those_are_few() -> None:
    read = Page(page(report_of(searched(lambda one: one["learning_rate"], count=60))))
    figure = read.figures()[3]
    marks: dict[str, list[tuple[float, str]]] = {}
    for one in figure["layout"]["annotations"]:
        name = figure["layout"]["xaxis"]["ticktext"][int(one["x"])]
        marks.setdefault(name, []).append((one["y"], one["text"]))
    assert {text for _, text in marks["hidden_size"]} == {"8", "12", "16"}
    assert {text for _, text in marks["heads"]} == {"none", "1", "2", "4"}
    assert "Where its variant doesn't have a parameter, that is none." in read.text
    told = [value for line in figure["data"][:-1] for _, value in line["customdata"]]
    assert "none" in told
    assert "None" not in told


def test_no_mark_over_the_parameters_covers_another() -> None:
    rates = [0.00098 + number / 10_000 for number in range(30)]  # 0.00098 and 0.001 are marks
    params = [{"variant": "lstm", "hidden_size": 8, "learning_rate": rate} for rate in rates]
    study = study_of(*(trial_of(n, 1.0 + n, params=one) for n, one in enumerate(params)))
    layout = Page(page(report_of(study))).figures()[3]["layout"]
    place = layout["xaxis"]["ticktext"].index("learning_rate")
    heights = sorted(one["y"] for one in layout["annotations"] if one["x"] == place)
    assert (heights[0], heights[-1]) == (0, 1)
    assert all(high - low >= APART for low, high in itertools.pairwise(heights))


def test_the_summary_compares_the_best_with_default_and_baseline() -> None:
    base = BaselineScore(
        name="ngram", strong=True, validation={"cross_entropy": 1.5}, test={"cross_entropy": 1.75}
    )
    trials = [trial_of(0, 2.0, default=True), trial_of(1, 1.25, state="complete")]
    read = Page(page(report_of(study_of(*trials, budget=9, baselines=(base,)))))
    for said in (
        "1.250 (trial 1, epoch 1, complete)",
        "2.000 (trial 0, epoch 1, pruned)",
        "1.500 ngram (strong)",
        "0.2500 better",
        "0.7500 better",
        "2 of 9: 1 complete, 1 pruned and 0 failed",
        "On validation rows the best trial beats ngram (1.500).",
        "Nobody runs it just now; launched again, it goes on.",
        "As of 2026-11-26 12:30 UTC.",
        "lstm-search replay small 1",
        "1.750",
    ):
        assert said in read.text, said
