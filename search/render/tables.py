"""Records as tables and sentences, for a terminal of 80 columns or a file."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TextIO, cast

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lstm_attn.config import METRICS, TaskKind
from search.records import (
    BaselineScore,
    CheckReport,
    Ending,
    Exported,
    Launched,
    ModelCost,
    ReplayedEpoch,
    StudySummary,
    TrialState,
    TrialSummary,
)
from search.render.verdict import best_default, verdict
from search.render.words import (
    count,
    listed,
    number,
    place,
    seconds,
    sense,
    setting,
    settings,
)

REASONS = 5
"""Different reasons of failures that are shown, the most frequent first."""
STATES: tuple[TrialState, ...] = ("complete", "pruned", "failed")
_RESUMABLE = (Ending.TIMEOUT, Ending.STOPPED, Ending.INTERRUPTED, Ending.TERMINATED)


def console(file: TextIO, width: int | None = None) -> Console:
    """Make a console that takes every text as it is: no markup, no emoji, no colouring by guess.

    Arguments:
        file: where it writes.
        width: columns; the terminal's, or 80, where None.
    """
    return Console(file=file, width=width, markup=False, emoji=False, highlight=False)


def check(report: CheckReport) -> RenderableType:
    """Show a check: data, baselines, space, cost."""
    direction = METRICS[cast("TaskKind", report.task)][report.objective]
    cost = _table("model", "weights", "an epoch", "configuration")
    for name, model in (("smallest", report.smallest), ("largest", report.largest)):
        cost.add_row(name, *_cost(model))
    points = "a continuum" if report.points is None else count(report.points, "configuration")
    return Group(
        Text(f"{report.name}: {report.task}, {report.objective} ({sense(direction)})"),
        _section("Data", pairs({name: _plainly(value) for name, value in report.data.items()})),
        _section("Baselines, on validation rows", _baselines(report.baselines, report.objective)),
        _section(f"Space: {points}", pairs(report.dimensions) if report.dimensions else "fixed"),
        _section("Models, on this machine", cost),
        Text(
            f"\n{count(report.trials, 'trial')} of up to {count(report.epochs, 'epoch')}, "
            f"{report.slots} at a time: about {seconds(report.hours * 3600)} without pruning"
        ),
    )


def studies(summaries: Sequence[StudySummary]) -> RenderableType:
    """Show a line for each study."""
    if not summaries:
        return Text("no studies yet - launch one: lstm-search launch FILE")
    table = _table("study", "objective", "best", "finished", "failed", "run by")
    for study in summaries:
        table.add_row(
            study.name,
            study.objective,
            number(study.leaders[0].value if study.leaders else None),
            f"{study.finished} of {study.budget}",
            str(study.count("failed") or ""),
            study.owner or "",
        )
    return table


def status(study: StudySummary) -> RenderableType:
    """Show how a study stands: scores, counts, running trials, reasons of failures."""
    parts: list[RenderableType] = [pairs(header(study))]
    running = [trial for trial in study.trials if trial.state == "running"]
    if running:
        table = _table("trial", "epochs", study.objective, "configuration")
        for trial in running:
            epochs = str(max(trial.curve, default=0))
            table.add_row(
                str(trial.number), epochs, number(trial.value), settings(trial.params)
            )
        parts.append(_section("Running" if study.owner else "To go on at the next launch", table))
    return Group(*parts, *_failures(study), *_sentence(verdict(study)))


def best(study: StudySummary, top: int) -> RenderableType:
    """Show the best trials of any state, beside the defaults and the baselines."""
    if not study.leaders:
        return Group(Text(f"{study.name}: {_no_leader(study)}"), *_failures(study))
    table = _table("", "trial", study.objective, "epoch", "state", "configuration")
    for rank, trial in enumerate(study.leaders[:top], start=1):
        table.add_row(f"{rank}.", *_trial(trial))
    rest = [trial for trial in study.leaders[top:] if trial.default]
    for trial in rest:
        table.add_row("", *_trial(trial))
    metrics = {name: number(value) for name, value in study.leaders[0].metrics.items()}
    return Group(
        Text(f"{study.name}: {study.objective} ({sense(study.direction)})\n"),
        table,
        _section("The best trial", pairs(metrics)) if len(metrics) > 1 else Text(),
        _section("Baselines, on the same rows", _baselines(study.baselines, study.objective)),
        *_sentence(verdict(study)),
    )


def replayed(number_: int, objective: str, epochs: Sequence[ReplayedEpoch]) -> RenderableType:
    """Show each epoch as recorded and as replayed, and say whether all are the same."""
    table = _table("epoch", "recorded", "replayed", "difference")
    for epoch in epochs:
        difference = epoch.replayed - epoch.recorded
        same = epoch.recorded == epoch.replayed
        table.add_row(
            str(epoch.epoch),
            number(epoch.recorded),
            number(epoch.replayed),
            "none" if same else f"{difference:.1e}",
        )
    differing = [epoch.epoch for epoch in epochs if epoch.recorded != epoch.replayed]
    said = (
        f"{count(len(differing), 'epoch')} of {len(epochs)} differ, epoch {differing[0]} first: "
        "results are the same to the last bit on the same kind of processor only"
        if differing
        else f"{'the epoch is' if len(epochs) == 1 else f'all {len(epochs)} epochs are'} "
        "the same to the last bit"
    )
    return Group(Text(f"trial {number_}, {objective}\n"), table, Text(f"\n{said}"))


def exported(exports: Sequence[Exported]) -> RenderableType:
    """Show where exports are and what they score."""
    return Group(*(_export(export) for export in exports))


def scores(metrics: Mapping[str, float]) -> RenderableType:
    """Show metrics, one below the other."""
    return pairs({name: number(value) for name, value in metrics.items()})


def launched(launch: Launched, file: str) -> RenderableType:
    """Show how a launch has ended and what may come next.

    Arguments:
        launch: the end.
        file: the study file, for the command to go on with.
    """
    study = launch.study
    if not launch.fresh:
        more = max(2 * study.budget, study.finished + 1)
        said = (
            f"nothing left to run, {count(study.finished, 'trial')} of {study.budget} are "
            f"finished - for more: lstm-search launch {file} --trials {more}"
        )
    else:
        said = launch.ending.value
        if launch.ending in _RESUMABLE:
            said += f" - go on with: lstm-search launch {file}"
    export = f"To take the best along: lstm-search export {study.name} --to FOLDER"
    return Group(
        pairs(header(study)),
        *_failures(study),
        *_sentence(verdict(study)),
        Text(f"\n{study.name}: {said}"),
        Text(export) if study.leaders else Text("No trial has ended an epoch."),
    )


def header(study: StudySummary) -> dict[str, str]:
    """Say by name what a study searches, what it has found, beside what, and how far it is."""
    default = best_default(study)
    states = listed([f"{study.count(state)} {state}" for state in STATES])
    running = f"; {study.count('running')} running" if study.count("running") else ""
    if running and not study.owner:
        running = f"; {study.count('running')} to go on"
    facts = {
        "study": f"{study.name}, {study.task}",
        "objective": f"{study.objective} ({sense(study.direction)})",
        "best": _worth(study.leaders[0]) if study.leaders else _no_leader(study),
        "best default": _worth(default) if default else "",
        "baselines": baselines_in_words(study.baselines, study.objective),
        "finished": f"{study.finished} of {study.budget}: {states}{running}",
        "run by": study.owner or "",
    }
    return {name: said for name, said in facts.items() if said}


def baselines_in_words(baselines: Sequence[BaselineScore], objective: str) -> str:
    """Write baselines on a line: `0.9860 logistic regression (strong), 0.1111 majority`."""
    strong_first = sorted(baselines, key=lambda one: not one.strong)
    return ", ".join(
        f"{number(one.validation.get(objective))} {one.name}{' (strong)' if one.strong else ''}"
        for one in strong_first
    )


def pairs(facts: Mapping[str, str]) -> RenderableType:
    """Lay names and what is said of them side by side."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, said in facts.items():
        grid.add_row(name, said)
    return grid


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in columns:
        wide = name in ("configuration", "study", "run by", "name")
        table.add_column(name, overflow="fold", no_wrap=not wide)
    return table


def _section(title: str, body: RenderableType) -> RenderableType:
    return Group(Text(f"\n{title}"), Padding(body, (0, 0, 0, 2)))


def _sentence(text: str) -> list[RenderableType]:
    return [Text(f"\n{text}")] if text else []


def _trial(trial: TrialSummary) -> tuple[str, ...]:
    return (
        f"{trial.number}{' (default)' if trial.default else ''}",
        number(trial.value),
        str(trial.best_epoch),
        trial.state,
        settings(trial.params),
    )


def _worth(trial: TrialSummary) -> str:
    return f"{number(trial.value)} ({place(trial)})"


def _no_leader(study: StudySummary) -> str:
    return "no trial has ended an epoch yet" if study.trials else "no trial has started yet"


def _failures(study: StudySummary) -> list[RenderableType]:
    reasons = Counter(trial.reason for trial in study.trials if trial.state == "failed")
    if not reasons:
        return []
    table = _table("trials", "reason")
    table.columns[1].no_wrap = False
    for reason, times in reasons.most_common(REASONS):
        table.add_row(str(times), reason or "none recorded")
    if len(reasons) > REASONS:
        table.add_row("", f"and {len(reasons) - REASONS} other reasons")
    return [_section("Failed", table)]


def _cost(model: ModelCost) -> tuple[str, str, str]:
    return f"{model.parameters:,}", seconds(model.epoch_seconds), settings(model.params)


def _baselines(baselines: Sequence[BaselineScore], objective: str) -> RenderableType:
    if not baselines:
        return Text("none")
    others = [name for name in baselines[0].validation if name != objective]
    table = _table("name", objective, *others)
    for one in sorted(baselines, key=lambda one: one.strong):
        name = f"{one.name} (strong)" if one.strong else one.name
        table.add_row(name, *(number(one.validation.get(key)) for key in (objective, *others)))
    return table


def _export(export: Exported) -> RenderableType:
    test = number(export.test[export.objective]) if export.test else "nothing was held out"
    if export.test and export.test_interval:
        low, high = export.test_interval
        test += f" (95 %: {number(low)} to {number(high)})"
    beats = {None: "", True: "beaten", False: "not beaten: on these data it does as well or better"}
    facts = {
        f"trial {export.number}": export.folder,
        f"{export.objective}": f"{number(export.verified)} on validation rows, "
        f"scored again in a fresh process (recorded: {number(export.recorded)})",
        "test": test,
        "strong baseline": beats[export.beats_strong_baseline],
    }
    return Group(pairs({name: said for name, said in facts.items() if said}))


def _plainly(value: str | float) -> str:
    return f"{value:,}" if isinstance(value, int) else setting(value)
