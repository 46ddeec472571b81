"""Reports of single commands as tables and sentences: check, replay, export, score."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from rich.console import Group, RenderableType
from rich.text import Text

from lstm_attn.config import METRICS, TaskKind
from search.records import Against, CheckReport, Exported, ModelCost, ReplayedEpoch
from search.render.layout import baseline_table, lean, pairs, section
from search.verdict import same
from search.words import count, number, out_of, seconds, sense, setting, settings

if TYPE_CHECKING:
    from search.report.facts import Report


def check(report: CheckReport) -> RenderableType:
    """Show a check: data, baselines, space, cost."""
    direction = METRICS[cast("TaskKind", report.task)][report.objective]
    cost = lean("model", "weights", "an epoch", "configuration")
    for name, model in (("smallest", report.smallest), ("largest", report.largest)):
        cost.add_row(name, *_cost(model))
    objective = report.objective
    points = "a continuum" if report.points is None else count(report.points, "configuration")
    return Group(
        Text(f"{report.name}: {report.task}, {objective} ({sense(direction)})"),
        section("Data", pairs({name: _plainly(value) for name, value in report.data.items()})),
        section("Baselines, on validation rows", baseline_table(report.baselines, objective)),
        section(f"Space: {points}", pairs(report.dimensions) if report.dimensions else "fixed"),
        section("Models, on this machine", cost),
        Text(
            f"\n{count(report.trials, 'trial')} of up to {count(report.epochs, 'epoch')}, "
            f"{report.slots} at a time: about {seconds(report.hours * 3600)} without pruning"
        ),
    )


def replayed(trial: str, epochs: Sequence[ReplayedEpoch]) -> RenderableType:
    """Show each epoch as recorded and as replayed, and say whether all are the same.

    Arguments:
        trial: which one, in words.
        epochs: in their order.
    """
    table = lean("epoch", "recorded", "replayed", "difference")
    for one in epochs:
        difference = "none" if same([one]) else f"{one.replayed - one.recorded:.1e}"
        table.add_row(str(one.epoch), number(one.recorded), number(one.replayed), difference)
    other = [one.epoch for one in epochs if not same([one])]
    if other:
        said = (
            f"{len(other)} of {count(len(epochs), 'epoch')} came out otherwise, epoch {other[0]} "
            "first: results are the same to the last bit on the same kind of processor alone"
        )
    else:
        said = f"{count(len(epochs), 'epoch')} replayed, the same to the last bit"
    return Group(Text(f"{trial}\n"), table, Text(f"\n{said}"))


def exported(exports: Sequence[Exported]) -> RenderableType:
    """Show where exports are and what they score."""
    return Group(*(_export(export) for export in exports))


def reported(found: "Report", to: Path) -> RenderableType:
    """Say where a report is, and of what."""
    study = found.study
    trials = count(len(study.trials), "trial")
    return Text(f"{to}: {study.name}, {trials}, {out_of(study.finished, study.budget)} finished")


def scores(metrics: Mapping[str, float]) -> RenderableType:
    """Show metrics, one below the other."""
    return pairs({name: number(value) for name, value in metrics.items()})


def _cost(model: ModelCost) -> tuple[str, str, str]:
    return f"{model.parameters:,}", seconds(model.epoch_seconds), settings(model.params)


def _export(export: Exported) -> RenderableType:
    test = number(export.test[export.objective]) if export.test else "nothing was held out"
    if export.test and export.test_interval:
        low, high = export.test_interval
        test += f" (95%: {number(low)} to {number(high)})"
    facts = {
        f"trial {export.number}": export.folder,
        f"{export.objective}": f"{number(export.verified)} on validation rows, "
        f"scored again in a fresh process (recorded: {number(export.recorded)})",
        "test": test,
        "strong baseline": _against(export.against_strong),
    }
    return Group(pairs({name: said for name, said in facts.items() if said}))


def _against(strong: Mapping[str, Against]) -> str:
    """Say on which rows the strong baseline is beaten, and what it scores there."""
    said = []
    for rows, one in strong.items():
        beaten = "beaten" if one.beaten else "not beaten"
        said.append(f"{one.baseline} ({number(one.score)}) is {beaten} on {rows} rows")
    return "; ".join(said)


def _plainly(value: str | float) -> str:
    return f"{value:,}" if isinstance(value, int) else setting(value)
