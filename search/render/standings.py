"""How studies stand, as tables and sentences: list, status, the end of a launch."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from rich.console import Group, RenderableType
from rich.text import Text

from search.records import Ending, Launched, Queued, StudySummary, Submitted, TrialSummary
from search.render.layout import lean, pairs, section, sentence
from search.verdict import (
    ALL_TRIED,
    baselines_in_words,
    best_default,
    larger_budget,
    no_leader,
    verdict,
)
from search.words import STATES, capital, listed, number, out_of, place, sense, settings

REASONS = 5
"""Different reasons of failures that are shown, the most frequent first."""
_RESUMABLE = (Ending.TIMEOUT, Ending.STOPPED, Ending.INTERRUPTED, Ending.TERMINATED)


def studies(summaries: Sequence[StudySummary]) -> RenderableType:
    """Show a line for each study."""
    if not summaries:
        return Text("no studies yet - launch one: lstm-search launch FILE")
    table = lean("study", "objective", "best", "finished", "failed", "run by")
    for study in summaries:
        table.add_row(
            study.name,
            study.objective,
            number(study.leaders[0].value if study.leaders else None),
            out_of(study.finished, study.budget),
            str(study.count("failed") or ""),
            study.owner or (queued.state if (queued := _queued(study)) else ""),
        )
    return table


def status(study: StudySummary) -> RenderableType:
    """Show how a study stands: scores, counts, running trials, reasons of failures."""
    parts: list[RenderableType] = [pairs(header(study))]
    running = [trial for trial in study.trials if trial.state == "running"]
    if running:
        table = lean("trial", "epochs", study.objective, "configuration")
        for trial in running:
            epochs = str(max(trial.curve, default=0))
            table.add_row(str(trial.number), epochs, number(trial.value), settings(trial.params))
        parts.append(section("Running" if study.owner else "To go on at the next launch", table))
    ended = f"{capital(ALL_TRIED)}." if study.over and study.exhausted else ""
    return Group(*parts, *failures(study), *sentence(verdict(study)), *sentence(ended))


def unread(name: str) -> RenderableType:
    """Show that nothing is known of a study yet."""
    return Text(f"{name}: nothing of it has been read yet")


def launched(launch: Launched, *, again: str, export: str) -> RenderableType:
    """Show how a launch has ended and what may come next.

    Arguments:
        launch: the end.
        again: the command that launches it again.
        export: the command that exports its best trial.
    """
    study = replace(launch.study, owner=None)  # it was this launch
    said, command = launch.ending.value, ""
    if study.over and study.exhausted:
        said = ALL_TRIED
    elif not launch.fresh:
        done = out_of(study.finished, study.budget)
        said = f"nothing is left to run, {done} are finished - for more:"
        command = f"{again} --trials {larger_budget(study)}"
    elif launch.ending in _RESUMABLE:
        said += " - to go on:"
        command = again
    return Group(
        pairs(header(study)),
        *failures(study),
        *sentence(verdict(study)),
        Text(f"\n{study.name}: {said}"),
        *_command(command),
        *([Text("To take the best along:"), *_command(export)] if study.leaders else []),
    )


def header(study: StudySummary) -> dict[str, str]:
    """Say by name what a study searches, what it has found, beside what, and how far it is."""
    default = best_default(study)
    states = listed([f"{study.count(state):,} {state}" for state in STATES])
    running = f"; {study.count('running')} running" if study.count("running") else ""
    if running and not study.owner:
        running = f"; {study.count('running')} to go on"
    facts = {
        "study": f"{study.name}, {study.task}",
        "objective": f"{study.objective} ({sense(study.direction)})",
        "best": _worth(study, study.leaders[0]) if study.leaders else no_leader(study),
        "best default": _worth(study, default) if default else "",
        "baselines": baselines_in_words(study.baselines, study.objective),
        "finished": f"{out_of(study.finished, study.budget)}: {states}{running}",
        "run by": study.owner or "",
        "queue": _queue(study),
    }
    return {name: said for name, said in facts.items() if said}


def submitted(study: Submitted, *, server: str, status: str) -> RenderableType:
    """Show that a study is on the queue, and what isn't known of it yet.

    Arguments:
        study: what was submitted.
        server: the command that runs it.
        status: the command that says how far it is.
    """
    ahead = f"behind {study.ahead} other{'s' * (study.ahead > 1)}" if study.ahead else "as the next"
    unchecked = [] if study.data_checked else ["Its data are not here: a server will check them."]
    lines = (
        f"{study.name}: submitted, {ahead}",
        *unchecked,
        f"Run by {server}; how far it is: {status}",
    )
    return Group(*(Text(line, no_wrap=True, overflow="ignore") for line in lines))


def _queue(study: StudySummary) -> str:
    """Say how a study stands with the servers."""
    queued = _queued(study)
    if queued is None:
        return ""
    waits = queued.state == "waiting"
    said = "waits for a server" if waits else "ended, submit or launch it to go on"
    return f"{said}: {queued.reason}" if queued.reason else said


def _queued(study: StudySummary) -> Queued | None:
    """Give how a study stands with the servers; None where that doesn't matter."""
    is_open = study.owner is None and not study.over
    return study.queued if is_open and study.queued and study.queued.state != "done" else None


def _command(line: str) -> list[Text]:
    """Put a command on a line of its own, whole, so that it can be copied."""
    return [Text(f"  {line}", no_wrap=True, overflow="ignore")] if line else []


def _worth(study: StudySummary, trial: TrialSummary) -> str:
    return f"{number(trial.value)} ({place(trial, is_run=study.owner is not None)})"


def failures(study: StudySummary) -> list[RenderableType]:
    """Show why trials have failed; nothing where none has."""
    reasons = Counter(trial.reason for trial in study.trials if trial.state == "failed")
    if not reasons:
        return []
    table = lean("trials", "reason")
    for reason, times in reasons.most_common(REASONS):
        table.add_row(str(times), reason or "none recorded")
    if len(reasons) > REASONS:
        table.add_row("", f"and {len(reasons) - REASONS} other reasons")
    return [section("Failed", table)]
