"""The best trials of a study, what made them so, and where they differ from the defaults."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from search.records import Explained, Ranked, StudySummary, TrialSummary
from search.render.layout import baseline_table, pairs, section, sentence
from search.render.signs import Signs, bar
from search.render.standings import failures
from search.verdict import no_leader, verdict
from search.words import NOTHING, number, reckoned, sense, setting, standing

BAR = 20
"""Columns of a bar."""
LEAST = 0.0005
"""The smallest share that is written in numbers; smaller ones are said to be less."""


def best(found: Explained, signs: Signs) -> RenderableType:
    """Show the best trials of any state, the defaults, and which parameters matter.

    Arguments:
        found: what is shown.
        signs: to draw with.
    """
    study = found.study
    if not found.best:
        return Group(Text(f"{study.name}: {no_leader(study)}"), *failures(study))
    shown = {one.trial.number for one in found.best}
    rest = [one for one in found.defaults if one.trial.number not in shown]
    ranked = [*enumerate(found.best, start=1), *((0, one) for one in rest)]
    metrics = {name: number(value) for name, value in found.best[0].trial.metrics.items()}
    note = "In brackets: what the default of its variant has instead."
    return Group(
        Text(f"{study.name}: {study.objective} ({sense(study.direction)})\n"),
        *_trials(ranked, study),
        *sentence(note if any(one.instead for _, one in ranked) else ""),
        *_importance(found, signs),
        *([section("The best trial", pairs(metrics))] if len(metrics) > 1 else []),
        section("Baselines, on the same rows", baseline_table(study.baselines, study.objective)),
        *sentence(verdict(study)),
    )


def _trials(ranked: Sequence[tuple[int, Ranked]], study: StudySummary) -> Iterator[RenderableType]:
    """Show each trial on a line of figures, and its configuration below."""
    titles = ("", "trial", study.objective, "epoch", "state", "weights")
    is_run = study.owner is not None
    rows = [_figures(place, one, is_run=is_run) for place, one in ranked]
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    yield _line(titles, widths, style="dim")
    for row, (_, one) in zip(rows, ranked, strict=True):
        yield _line(row, widths)
        yield Padding(Text(_configuration(one)), (0, 0, 0, widths[0] + 2))


def _figures(place: int, one: Ranked, *, is_run: bool) -> tuple[str, ...]:
    trial = one.trial
    return (
        f"{place}." if place else "",
        f"{trial.number}{' (default)' if trial.default else ''}",
        number(trial.value),
        _epochs(trial),
        standing(trial, is_run=is_run),
        NOTHING if one.weights is None else f"{one.weights:,}",
    )


def _epochs(trial: TrialSummary) -> str:
    """Say which epoch was the best, of how many; of a trial that runs, of how many so far."""
    far = " so far" if trial.state == "running" else ""
    return f"{trial.best_epoch} of {max(trial.curve, default=trial.best_epoch)}{far}"


def _line(cells: Sequence[str], widths: Sequence[int], *, style: str = "") -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for width in widths:
        table.add_column(width=width, no_wrap=True)
    table.add_row(*cells, style=style)
    return table


def _configuration(one: Ranked) -> str:
    """Write a configuration, and in brackets what the default has instead."""
    said = []
    for name, value in one.trial.params.items():
        other = f" ({setting(one.instead[name])})" if name in one.instead else ""
        said.append(f"{name}={setting(value)}{other}")
    return " ".join(said) or "all fixed"


def _importance(found: Explained, signs: Signs) -> list[RenderableType]:
    """Show each parameter's share as a bar; where there is none, why."""
    importance = found.importance
    if importance.why_none:
        return sentence(importance.why_none)
    most = max(importance.shares.values())
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, share in importance.shares.items():
        filled, _ = bar(round(1000 * share), round(1000 * most), BAR, signs)
        percent = f"{100 * share:.1f}%" if share >= LEAST else "less"
        table.add_row(name, filled, Text(percent, justify="right"))
    return [section(f"What sets the best trials apart, {reckoned(importance)}", table)]
