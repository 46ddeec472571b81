"""Studies and trials as people read them: what their records hold as one value, one by one."""

import copy
from collections.abc import Mapping
from typing import Any

from optuna.trial import FrozenTrial

from search import summaries

ENDED = "ended"
"""The attribute that says how and why a trial ended."""
WEIGHTS = "weights"
"""The attribute that says how many numbers training sets; parameters are what is searched."""
_WORDS = {
    summaries.PRUNED: "",  # its reason says it
    "diverged": "diverged",
    "out_of_memory": "out of memory",
    "out_of_time": "out of time",
    "failed": "failed",
}
"""What stands before the reason, by kind of end."""
ODD = (AttributeError, KeyError, TypeError, ValueError)
"""What comes of reading what another hand, or another version, has written in our places."""


def study_attributes(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Give a study's attributes as a table can show them.

    Arguments:
        stored: as they are stored; what is not written as ours are is given back as it is.
    """
    try:
        facts = _facts(stored[summaries.STUDY])
    except ODD:
        return dict(stored)
    rest = {name: value for name, value in stored.items() if name != summaries.STUDY}
    return facts | rest


def _facts(ours: Mapping[str, Any]) -> dict[str, Any]:
    """Say what a study is, in plain values."""
    spec, objective = ours["spec"], ours["spec"].get("objective")
    baselines = sorted(ours.get("baselines", []), key=lambda one: not one["strong"])
    scores = {one["name"]: one["validation"].get(objective) for one in baselines}
    facts = {
        "task": spec.get("task", {}).get("kind"),
        "objective": objective,
        **{f"baseline {name}": _short(score) for name, score in scores.items()},
        "trials": spec.get("trials"),
        "epochs": spec.get("space", {}).get("fixed", {}).get("epochs"),
        "sampler": spec.get("sampler"),
        "pruner": spec.get("pruner"),
        "seed": spec.get("seed"),
        "checkpoints kept": spec.get("keep"),
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def _short(score: float | None) -> float | None:
    return None if score is None else float(f"{score:.4g}")


def shown(trial: FrozenTrial) -> FrozenTrial:
    """Give a trial with attributes that a table can show and order by.

    Arguments:
        trial: as it is stored; one that isn't written as ours are is given back as it is.
    """
    stored = trial.user_attrs
    if summaries.NONCE not in stored:
        return trial
    hidden = (summaries.NONCE, summaries.NOTE, summaries.PARAMETERS)
    rest = {name: value for name, value in stored.items() if name not in hidden}
    told = copy.copy(trial)
    try:
        told.user_attrs = {**_end(trial, stored.get(summaries.NOTE)), **_size(stored), **rest}
    except ODD:
        return trial
    return told


def _end(trial: FrozenTrial, note: Mapping[str, Any] | None) -> dict[str, Any]:
    """Say how a trial has ended, in words and numbers."""
    if not trial.state.is_finished():
        return {}
    if note is None:
        return {ENDED: summaries.TOLD_BY_OTHERS}
    seconds = trial.duration.total_seconds() if trial.duration else None
    facts = {
        ENDED: _why(note),
        "epochs": note.get("epochs"),
        "seconds": None if seconds is None else round(seconds, 1),
        **_size(trial.user_attrs),
        "host": note.get("host"),
        "device": note.get("device"),
        "best epoch": note.get("best_epoch"),
        **{f"best {name}": value for name, value in note.get("metrics", {}).items()},
    }
    return {name: fact for name, fact in facts.items() if fact not in (None, "")}


def _size(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Say how large a trial's model is, in the word that stands for nothing else."""
    return {WEIGHTS: stored[summaries.PARAMETERS]} if summaries.PARAMETERS in stored else {}


def _why(note: Mapping[str, Any]) -> str:
    reason, said = note.get("reason", ""), _WORDS.get(note.get("kind", ""), "")
    if said and not reason.startswith(said):
        return f"{said}: {reason}" if reason else said
    return reason or "after all its epochs"
