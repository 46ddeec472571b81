"""The plots of a report: which trials each shows, and a sentence where there is nothing to show."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from search.picked import known
from search.records import TrialState, TrialSummary
from search.report import figures
from search.report.axes import Span, span, within
from search.report.facts import Report
from search.report.marks import ABSENT
from search.report.thinning import thin, thin_curve
from search.verdict import no_leader
from search.words import capital, count, listed, reckoned

POINTS = 2_000
"""The most trials that are drawn as a point each."""
CURVES = 200
"""The most trials that are drawn as a curve each."""
EPOCHS = 200
"""The most epochs that are drawn of a curve."""
LINES = 150
"""The most trials that are drawn as a line over all parameters each."""
ROUGH = 50
"""Trials below which importance is called rough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A section of the page with a plot in it, or with why there is none."""

    name: str
    """Of the element."""
    title: str
    said: tuple[str, ...]
    """Sentences: what is shown, of how much; or why nothing is."""
    figure: str
    """The plot as JSON for plotly, which has no `<` in it; empty where there is none."""
    height: int = 420
    """Pixels."""
    width: int = 320
    """Pixels below which the plot is scrolled."""


def plots(report: Report) -> tuple[Plot, ...]:
    """Draw a study, in the order of the page; why there is nothing to draw is said once.

    Of a study without a best trial the summary says it.
    """
    drawn = [draw(report) for draw in (_history, _curves, _importance, _parallel, _front)]
    told = [plot.said for plot in drawn]
    return tuple(
        plot
        for place, plot in enumerate(drawn)
        if plot.figure or (report.study.leaders and plot.said not in told[:place])
    )


def _history(report: Report) -> Plot:
    figure, said = "", _without_scores(report)
    if not said:
        better: list[TrialSummary] = []
        for trial in sorted(report.ended, key=lambda trial: trial.number):
            assert trial.value is not None
            if not better or report.study.better(trial.value, better[-1].value or 0.0):
                better.append(trial)
        shown = thin(report.ended, POINTS, first=[*better, *report.ended])
        range_ = span(report.study, _values(shown))
        figure = figures.history(report, shown, range_)
        said = (
            "Each point is a trial of any state, worth its best epoch; the line is the best so "
            f"far. {_of(shown, report.ended)}{_beyond(range_, _values(shown))}"
        )
    return Plot(name="history", title="Optimisation history", said=(said,), figure=figure)


def _curves(report: Report) -> Plot:
    trials = [trial for trial in report.study.trials if trial.curve]
    if not trials:
        said = _without_scores(report)
        return Plot(name="curves", title="Learning curves", said=(said,), figure="")
    shown = thin(trials, CURVES, first=report.study.leaders, by=lambda trial: trial.state)
    curves = {trial.number: thin_curve(trial, EPOCHS) for trial in shown}
    cut = any(len(curves[trial.number]) < len(trial.curve) for trial in shown)
    states: tuple[TrialState, ...] = ("complete", "pruned", "failed", "running")
    numbers = [f"{n:,} {state}" for state in states if (n := sum(t.state == state for t in trials))]
    said = f"{listed(numbers)}. {_of(shown, trials)}"
    if cut:
        said += f" Of each, {EPOCHS} epochs at most: the first, the last, the best, others evenly."
    values = [value for curve in curves.values() for value in curve.values()]
    range_ = span(report.study, [value for value in values if math.isfinite(value)])
    said += _beyond(range_, values)
    figure = figures.curves(report, shown, curves, range_)
    return Plot(name="curves", title="Learning curves", said=(said,), figure=figure)


def _importance(report: Report) -> Plot:
    found = report.importance
    said, figure, height = found.why_none, "", 0
    if not said:
        figure, height = figures.importance(report), 120 + 30 * len(found.shares)
        said = (
            "The share of each parameter in what sets the best trials apart, "
            f"{reckoned(found)}. A trial is worth its best epoch."
        )
        if found.trials < ROUGH:
            said += " Of so few it is rough."
    title = "Importance of the parameters"
    return Plot(name="importance", title=title, said=(said,), figure=figure, height=height)


def _parallel(report: Report) -> Plot:
    figure, said = "", _without_scores(report)
    if not report.spec.space.domains:
        said = "All parameters are fixed, so there is none to draw."
    elif not any(known(trial.params, report.spec.space) for trial in report.ended):
        said = said or "No trial has a parameter of this space."
    if not said:
        range_ = span(report.study, _values(report.ended))
        near = [trial for trial in report.ended if within(range_, trial.value or 0.0)]
        shown = thin(near, LINES, first=near)
        figure = figures.parallel(report, shown)
        said = (
            f"A line is a trial; the better its place, the stronger its colour. {_of(shown, near)}"
        )
        if len(near) < len(report.ended):
            said += f" Left out: {len(report.ended) - len(near):,} with far poorer scores."
        names = [set(known(one.params, report.spec.space)) for one in shown]
        if any(one != set().union(*names) for one in names):
            said += f" Where its variant doesn't have a parameter, that is {ABSENT}."
    width = 120 + 90 * len(report.spec.space.domains)
    return Plot(
        name="parallel", title="Parameters and score", said=(said,), figure=figure, width=width
    )


def _front(report: Report) -> Plot:
    title, figure, said = "Score and size of the model", "", _without_scores(report)
    trials = [trial for trial in report.ended if trial.number in report.weights]
    if not said and not trials:
        said = "No trial's model can be built from its parameters, so none has a size."
    if not said:
        front = [trial for trial in trials if trial.number in set(report.front)]
        shown = thin(trials, POINTS, first=[*front, *trials])
        range_ = span(report.study, _values(shown))
        figure = figures.front(report, shown, front, range_)
        said = (
            "The line joins the efficient front: trials than which no smaller model, by numbers "
            f"that are trained, is as good. {_of(shown, trials)}{_beyond(range_, _values(shown))}"
        )
    return Plot(name="front", title=title, said=(said,), figure=figure)


def _without_scores(report: Report) -> str:
    """Say why there is no score to draw; empty where there is one."""
    if report.ended:
        return ""
    if report.study.leaders:
        return "No trial has a finite score to draw."
    return f"{capital(no_leader(report.study))}."


def _values(trials: Iterable[TrialSummary]) -> list[float]:
    return [trial.value for trial in trials if trial.value is not None]


def _beyond(range_: Span | None, values: Sequence[float]) -> str:
    """Say how many scores an axis doesn't reach; nothing where it reaches all."""
    far = sum(not within(range_, value) for value in values)
    points = f"{count(far, 'far poorer point')} {'lies' if far == 1 else 'lie'}"
    return f" {points} beyond the axis: a double click shows all." if far else ""


def _of(shown: Sequence[TrialSummary], trials: Sequence[TrialSummary]) -> str:
    """Say which trials are shown, of how many."""
    if len(shown) == len(trials):
        return (
            f"All {count(len(trials), 'trial')} are shown." if len(trials) > 1 else "One is shown."
        )
    return (
        f"{len(shown):,} of {len(trials):,} trials are shown: the best, and of the others evenly."
    )
