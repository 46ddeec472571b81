"""Studies drawn by Optuna and plotly, as the JSON that plotly.js takes.

Nothing here has a colour of text, lines or paper: the page gives them, light or dark.
"""

from collections.abc import Iterator, Mapping, Sequence

import plotly.graph_objects as go
from optuna import visualization
from optuna.importance import BaseImportanceEvaluator
from plotly.colors import find_intermediate_color
from plotly.offline import get_plotlyjs

from search.domains import Choice, Domain
from search.picked import known
from search.records import TrialState, TrialSummary, Value
from search.report.axes import Span, alone, decades, whole
from search.report.facts import Report
from search.report.marks import marks, told, values
from search.report.texts import pick, plain
from search.words import number

COLOURS: dict[TrialState, str] = {
    "complete": "#3b8bd0",
    "pruned": "#c79a3a",
    "failed": "#d9483b",
    "running": "#8a8f98",
}
"""Of trials by how they ended; told apart by the colour-blind too, on light and on dark."""
BEST = "#2f9e62"
"""Of the best trials, and of what joins them."""
OTHERS = ("#3b8bd0", "#c79a3a", "#a565c4", "#d9483b", "#8a8f98")
"""Of one variant after another."""
POOR, GOOD = "rgb(138, 143, 152)", "rgb(224, 82, 30)"
"""Ends of the scale of scores."""
LOGARITHMIC = 20
"""Sizes that lie so many times apart are drawn on a logarithmic axis."""


def history(report: Report, shown: Sequence[TrialSummary], span: Span | None) -> str:
    """Draw scores in the order of the trials, and the best so far.

    Arguments:
        report: of the study.
        shown: trials that have ended an epoch, by number.
        span: the range of the scores' axis; None: all.
    """
    name = plain(report.study.objective)
    figure = visualization.plot_optimization_history(pick(report, shown), target_name=name)
    points, line = figure.data[0], figure.data[1]
    numbers = [trial.number for trial in shown]
    points.update(
        x=numbers,
        name="a trial",
        marker={"color": OTHERS[0], "size": 6, "opacity": 0.75},
        hovertemplate="trial %{x}: %{y:.4g}<extra></extra>",
    )
    line.update(
        x=numbers,
        name="best so far",
        line={"color": BEST, "width": 2, "shape": "hv"},
        hovertemplate="best up to trial %{x}: %{y:.4g}<extra></extra>",
    )
    _baseline(figure, report)
    figure.update_xaxes(title="trial", **whole(numbers))
    return _dressed(figure, span)


def curves(
    report: Report,
    shown: Sequence[TrialSummary],
    epochs: Mapping[int, Mapping[int, float]],
    span: Span | None,
) -> str:
    """Draw learning curves, those of one outcome in one colour, the best trial's above them.

    Arguments:
        report: of the study.
        shown: trials with an epoch at least.
        epochs: objective by epoch, by trial.
        span: the range of the scores' axis; None: all.
    """
    figure = go.Figure()
    for state in ("pruned", "failed", "running", "complete"):
        group = [trial for trial in shown if trial.state == state]
        if group:
            figure.add_trace(_lines(group, epochs, name=state, color=COLOURS[state], width=1))
    best = report.study.leaders[:1]
    if best and best[0].number in epochs:
        name = f"the best, trial {best[0].number}"
        figure.add_trace(_lines(best, epochs, name=name, color=BEST, width=3))
    figure.update_xaxes(title="epoch", **whole([1, *map(max, epochs.values())]))
    figure.update_yaxes(title=plain(report.study.objective))
    _baseline(figure, report)
    return _dressed(figure, span)


def importance(report: Report) -> str:
    """Draw each parameter's share."""
    shares = {plain(name): share for name, share in report.importance.shares.items()}
    shown = [one for one in report.ended if set(one.params) & set(report.importance.shares)]
    figure = visualization.plot_param_importances(pick(report, shown), evaluator=_Known(shares))
    said = {"texttemplate": "%{x:.1%}", "hovertemplate": "%{y}: %{x:.1%}<extra></extra>"}
    figure.update_traces(marker_color=OTHERS[0], **said)
    figure.update_xaxes(title="share", range=(0, 1.08), tickformat=".0%")
    figure.update_yaxes(title=None, automargin=True)
    return _dressed(figure)


def parallel(report: Report, shown: Sequence[TrialSummary]) -> str:
    """Draw each trial as a line over all parameters.

    Arguments:
        report: of the study.
        shown: trials that have ended an epoch.
    """
    name = plain(report.study.objective)
    figure = visualization.plot_parallel_coordinate(pick(report, shown), target_name=name)
    down = report.study.direction == "minimize"
    *lines, bar = figure.data
    texts, annotations = [], []
    for axis, (name, domain, has) in enumerate(_axes(report, shown)):
        found = values([(line.y[axis], line.customdata[axis][1]) for line in lines], has)
        texts.append([(plain(name), told(value, score=domain is None)) for value in found])
        annotations += _marks(
            [mark for mark in figure.layout.annotations if mark.x == axis],
            {line.y[axis]: value for line, value in zip(lines, found, strict=True)},
            log=getattr(domain, "log", False),
            score=domain is None,
        )
    figure.layout.annotations = annotations
    for line, text in zip(lines, zip(*texts, strict=True), strict=True):
        line.customdata = text
    lines.sort(key=lambda line: line.y[0], reverse=down)  # its first axis is the score, from 0 to 1
    places = list(dict.fromkeys(line.y[0] for line in lines))  # equal scores have one
    for line in lines:
        share = (places.index(line.y[0]) + 1) / len(places)
        line.update(
            line={"color": find_intermediate_color(POOR, GOOD, share**2, colortype="rgb")},
            opacity=0.25 + 0.65 * share**3,
        )
    figure.data = (*lines, bar)
    bar.marker.showscale = False
    figure.update_xaxes(automargin=True)
    figure.update_layout(margin_r=56)  # half a name
    return _dressed(figure)


def front(
    report: Report,
    shown: Sequence[TrialSummary],
    best: Sequence[TrialSummary],
    span: Span | None,
) -> str:
    """Draw scores by size of the model, a colour a variant, and join the efficient front.

    Arguments:
        report: of the study.
        shown: trials with a score and a size.
        best: those of the front.
        span: the range of the scores' axis; None: all.
    """
    figure = go.Figure()
    fixed = report.spec.space.fixed.get("variant", "")
    variants = sorted({str(trial.params.get("variant", fixed)) for trial in shown})
    for place, variant in enumerate(variants):
        group = [one for one in shown if str(one.params.get("variant", fixed)) == variant]
        color = OTHERS[place % len(OTHERS)]
        marker = {"color": color, "size": 7, "opacity": 0.75}
        figure.add_trace(_sizes(report, group, name=plain(variant), mode="markers", marker=marker))
    figure.add_trace(
        _sizes(
            report,
            sorted(best, key=lambda trial: report.weights[trial.number]),
            name="efficient front",
            mode="lines+markers",
            line={"color": BEST, "width": 2, "shape": "hv"},
            marker={"color": BEST, "size": 10, "symbol": "diamond"},
        )
    )
    sizes = [report.weights[trial.number] for trial in shown]
    if max(sizes) > LOGARITHMIC * min(sizes):
        figure.update_xaxes(type="log", tickvals=decades(min(sizes), max(sizes)))
    figure.update_xaxes(title="weights", tickformat=".3~s", **alone(sizes))
    figure.update_yaxes(title=plain(report.study.objective))
    return _dressed(figure, span)


def program() -> str:
    """Give plotly.js."""
    program: str = get_plotlyjs()
    return program


class _Known(BaseImportanceEvaluator):
    """Gives shares that have been reckoned before."""

    def __init__(self, shares: Mapping[str, float]) -> None:
        self._shares = shares

    def evaluate(self, *_: object, **__: object) -> dict[str, float]:
        return dict(self._shares)


def _lines(
    trials: Sequence[TrialSummary],
    epochs: Mapping[int, Mapping[int, float]],
    *,
    name: str,
    color: str,
    width: int,
) -> go.Scatter:
    """Join the epochs of each trial, and none of two."""
    x: list[int | None] = []
    y: list[float | None] = []
    whose: list[int | None] = []
    for trial in trials:
        curve = epochs[trial.number]
        x += [*curve, None]
        y += [*curve.values(), None]
        whose += [trial.number] * len(curve) + [None]
    return go.Scatter(
        x=x,
        y=y,
        customdata=whose,
        name=name,
        mode="lines+markers",
        line={"color": color, "width": width},
        marker={"color": color, "size": width + 2},
        opacity=1.0 if width > 1 else 0.7,
        hovertemplate="trial %{customdata}, epoch %{x}: %{y:.4g}<extra></extra>",
    )


def _sizes(report: Report, trials: Sequence[TrialSummary], **look: object) -> go.Scatter:
    return go.Scatter(
        x=[report.weights[trial.number] for trial in trials],
        y=[trial.value for trial in trials],
        customdata=[trial.number for trial in trials],
        hovertemplate="trial %{customdata}, %{x:,} weights: %{y:.4g}<extra></extra>",
        **look,
    )


def _baseline(figure: go.Figure, report: Report) -> None:
    """Draw the strong baseline as a line across, which the legend names."""
    strong = report.study.strong
    if strong is not None:
        value = strong.validation[report.study.objective]
        figure.add_hline(
            y=value,
            name=f"{plain(strong.name)} {number(value)}",
            showlegend=True,
            line={"color": COLOURS["running"], "dash": "dash", "width": 1},
        )


def _axes(
    report: Report, shown: Sequence[TrialSummary]
) -> Iterator[tuple[str, Domain | None, Sequence[Value] | None]]:
    """Give the axes as Optuna orders them: name, domain, and the numbers that trials have there."""
    yield report.study.objective, None, [one.value for one in shown if one.value is not None]
    params = [known(trial.params, report.spec.space) for trial in shown]
    for name in sorted(set().union(*params), key=plain):
        domain = report.spec.space.domains[name]
        numbers = [has[name] for has in params if name in has]
        yield name, domain, None if isinstance(domain, Choice) else numbers


def _marks(
    drawn: Sequence[go.layout.Annotation], found: Mapping[float, Value | None], **kind: bool
) -> list[go.layout.Annotation]:
    """Write values at an axis of parallel coordinates in the place of Optuna's marks."""
    chosen = marks([(mark.y, mark.text) for mark in drawn], found, **kind)
    return [go.layout.Annotation(drawn[0], y=y, text=text, font_color=None) for y, text in chosen]


def _dressed(figure: go.Figure, span: Span | None = None) -> str:
    """Give a plot the look that all have, without colours, as JSON."""
    figure.update_layout(
        title=None,
        template="none",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 60, "r": figure.layout.margin.r or 16, "t": 36, "b": 48},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        hovermode="closest",
        separators=".,",
    )
    if span is not None:
        figure.update_yaxes(range=span)
    text: str = figure.to_json(engine="json")
    return text
