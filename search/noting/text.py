"""What a study's note says, in Markdown, and how it is known to be ours."""

import hashlib
import re
from collections.abc import Mapping

from lstm_attn.config import TaskConfig
from search import summaries, verdict, words
from search.markdown import code, plain
from search.records import BaselineScore, StudySummary
from search.spec import StudySpec

_MARK = re.compile(r"\n\n\[lstm-search\]: # \(([0-9a-f]{16})\)\n?\Z")
"""A definition that nothing refers to: no reader of Markdown shows it."""


def write(
    study: StudySummary, spec: StudySpec, data: Mapping[str, str | int | float], *, ended: str = ""
) -> str:
    """Write the note of a study as it stands.

    Arguments:
        study: with its trials.
        spec: what it searches.
        data: what was read, by name.
        ended: why its last launch has ended; empty while it runs.
    """
    parts = [
        _task(spec),
        _standing(study, is_run=not ended),
        plain(verdict.verdict(study)) if study.leaders else _none(study),
        _configuration(study),
        _progress(study, spec, ended),
        _pruning(study, spec),
        _export(study),
        _importance(study),
        "**Searched**\n\n" + _list({name: str(one) for name, one in spec.space.domains.items()}),
        "**Data**\n\n" + _list({name: words.setting(said) for name, said in data.items()}),
        "*Renewed while the study runs, unless somebody edits it; emptied, it comes back.*",
    ]
    return sign("\n\n".join(part for part in parts if part))


def sign(text: str) -> str:
    """Add the mark by which a note is known to be as it was written."""
    return f"{text}\n\n[lstm-search]: # ({_digest(text)})\n"


def is_ours(note: str) -> bool:
    """Tell whether a note is as it was written, or empty: another's hand has changed nothing."""
    if not note.strip():
        return True
    mark = _MARK.search(note)
    return mark is not None and mark[1] == _digest(note[: mark.start()])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _task(spec: StudySpec) -> str:
    return (
        f"## {plain(spec.name)}\n\n{spec.task.kind.capitalize()}: {_columns(spec.task)}. Trials "
        f"are ranked by **{spec.objective}** ({words.sense(spec.direction)}), each by its best "
        "epoch."
    )


def _columns(task: TaskConfig) -> str:
    inputs = ", ".join(map(code, task.inputs))
    targets = ", ".join(map(code, task.targets))
    return f"{inputs} → {targets}" if targets else inputs


def _standing(study: StudySummary, *, is_run: bool) -> str:
    """Set the best trial beside the best default and the baselines, in a table."""
    rows = []
    if study.leaders:
        best = study.leaders[0]
        rows.append(("**best so far**", best.value, words.place(best, is_run=is_run)))
    if default := verdict.best_default(study):
        rows.append(("best default", default.value, words.place(default, is_run=is_run)))
    baselines = sorted(study.baselines, key=lambda one: not one.strong)
    rows += [
        (plain(one.name), one.validation.get(study.objective), _kind(one)) for one in baselines
    ]
    if not rows:
        return ""
    lines = [f"| | {study.objective} | |", "|---|---:|---|"]
    return "\n".join(
        [*lines, *(f"| {name} | {words.number(value)} | {said} |" for name, value, said in rows)]
    )


def _none(study: StudySummary) -> str:
    return plain(f"{words.capital(verdict.no_leader(study))}.")


def _kind(baseline: BaselineScore) -> str:
    return "baseline, strong and cheap" if baseline.strong else "baseline, trivial"


def _configuration(study: StudySummary) -> str:
    if not study.leaders:
        return ""
    best = study.leaders[0]
    count = f", {best.parameters:,} weights" if best.parameters else ""
    return f"**The best**: {code(words.settings(best.params))}{count}"


def _progress(study: StudySummary, spec: StudySpec, ended: str) -> str:
    states = [f"{study.count(state):,} {state}" for state in words.STATES]
    running = study.count("running")
    parts = [
        f"**{words.out_of(study.finished, spec.trials)} trials** have ended: {', '.join(states)}"
    ]
    if running:
        parts.append(f"{running} to go on at the next launch" if ended else f"{running} running")
    return (
        "; ".join(parts) + "." + (f" The last launch has ended: {plain(ended)}." if ended else "")
    )


def _pruning(study: StudySummary, spec: StudySpec) -> str:
    """Say how much training was saved by pruning alone, where that is something."""
    pruned = [trial for trial in study.trials if trial.kind == summaries.PRUNED]
    saved = sum(spec.epochs - trial.epochs for trial in pruned)
    if not saved:
        return ""
    trained = sum(trial.epochs for trial in study.trials)
    share = saved / (saved + trained)
    return (
        f"**Pruning** has stopped {len(pruned):,} of them early and saved {saved:,} epochs, "
        f"{share:.0%} of {saved + trained:,}."
    )


def _export(study: StudySummary) -> str:
    if not study.leaders:
        return ""
    name = study.name
    return f"To take the best along:\n\n    lstm-search export {name} --to exports/{name}"


def _importance(study: StudySummary) -> str:
    """Say from what importance is reckoned, and why Optuna's own is another."""
    return (
        "**Importance**, in `lstm-search dashboard`, `best` and `report` alike: what sets the best "
        "trials apart from all that have ended an epoch, of any state, each worth its best epoch. "
        "Another optuna-dashboard counts complete trials alone, and differs. Where none is shown, "
        f"`lstm-search best {study.name}` says why."
    )


def _list(said: Mapping[str, str]) -> str:
    return "\n".join(f"- {plain(name)}: {plain(one)}" for name, one in said.items()) or "- fixed"
