"""The lines of a study file, section by section: key, value, comment."""

import os
from pathlib import Path

from lstm_attn.config import METRICS
from lstm_attn.frequency import SEASONS
from lstm_attn.sequences import SequenceData
from search.records import Draft, Entry
from search.starting.files import Found
from search.starting.roles import Roles
from search.starting.sizes import (
    LOPSIDED,
    TIMEOUT,
    TRIALS,
    Sizes,
    calendar,
    horizon,
    season_of,
    shares,
)
from search.starting.times import apart

Table = dict[str, Entry]
_WINDOWS = {
    "language-modeling": ("token", " at a time"),
    "classification": ("step", " of a row at most: 99 of 100 are no longer"),
    "forecasting": ("row", " back: three horizons or a season, as far as there are rows"),
}


def data(found: Found, roles: Roles, amount: float, folder: Path) -> Table:
    """Write `[data]`.

    Arguments:
        found: the files.
        roles: task and columns.
        amount: rows, or characters of text.
        folder: where the study file is to be.
    """
    table: Table = {
        "format": Entry(value=found.data_format, comment="csv, json, parquet, text or arrow"),
        "train": Entry(
            value=_paths(found.parts["train"], folder),
            comment="relative to this file; a glob; a list",
        ),
    }
    validation, test = shares(roles.kind, amount)
    cut = {
        "language-modeling": "cut off the end of the text",
        "classification": "of each label as many",
        "forecasting": "the last rows before test",
    }[roles.kind]
    table["validation"] = (
        Entry(value=_paths(found.parts["validation"], folder, always=True), comment="ranks trials")
        if "validation" in found.parts
        else Entry(value=validation, comment=f"ranks trials; {cut}")
    )
    never = "never ranked by, scored at export"
    if "test" in found.parts:
        table["test"] = Entry(value=_paths(found.parts["test"], folder, always=True), comment=never)
    elif test is not None and "validation" not in found.parts:
        table["test"] = Entry(value=test, comment=never)
    if roles.kind == "language-modeling":
        table["tokenizer"] = Entry(value="character", comment="or word")
    elif roles.by_characters:
        table["tokenizer"] = Entry(value="character", comment="rows of single words; or word")
    return table


def task(roles: Roles, rows: int, given: Table) -> Table:
    """Write `[task]`.

    Arguments:
        roles: task and columns.
        rows: of a series.
        given: `[data]`.
    """
    table: Table = {"kind": Entry(value=roles.kind)}
    if roles.kind != "forecasting":
        table["inputs"] = Entry(value=roles.inputs[0])
        if roles.target is not None:
            table["target"] = Entry(value=roles.target, comment="the labels")
        return table
    assert roles.target is not None
    frequency = roles.time.frequency if roles.time else None
    rhythm = roles.time.rhythm if roles.time else None
    if roles.time is not None and frequency is not None:
        table["time"] = Entry(value=roles.time.name, comment=apart(frequency))
    table["inputs"] = Entry(value=roles.inputs, comment="what a forecast sees")
    if roles.time is not None and frequency is not None:
        assert roles.time.stamps is not None
        if cycles := calendar(frequency, roles.time.stamps):
            table["calendar"] = Entry(value=cycles, comment="given as sine and cosine")
    table["targets"] = Entry(value=(roles.target,), comment="what it says; may be several")
    test = given["test"].value if "test" in given else None
    ahead = horizon(rhythm, rows, test if isinstance(test, float) else None)
    table["horizon"] = Entry(value=ahead, comment="rows ahead")
    if rhythm is not None and (frequency is None or frequency not in SEASONS):
        season = season_of(rhythm) or 1
        season = season if season < rows * 0.6 else 1
        table["season"] = Entry(value=season, comment="rows of a season, for the naive baseline")
    return table


def space() -> Table:
    """Write `[space]`: small models."""
    return {
        "hidden_size": Entry(value=(32, 64), comment="larger ones learn more, and take longer"),
        "layers": Entry(value=1),
        "ffn_width": Entry(value=(64, 128)),
        "dropout": Entry(value={"low": 0.0, "high": 0.5}),
        "learning_rate": Entry(value={"low": 1e-3, "high": 1e-2, "log": True}),
    }


def training(chosen: Sizes, prepared: SequenceData) -> Table:
    """Write `[training]`."""
    kind = prepared.task.kind
    what = {
        "language-modeling": "characters or words that are read at a time",
        "classification": "steps of a row that are read, at most",
        "forecasting": "rows that a forecast looks back at",
    }[kind]
    table: Table = {
        "epochs": Entry(value=chosen.epochs, comment="the most a trial gets"),
        "context": Entry(value=chosen.context, comment=what),
        "batch_size": Entry(value=chosen.batch_size),
    }
    if prepared.tokens:
        table["embedding_dim"] = Entry(value=32)
    if chosen.epoch_steps is not None:
        table["epoch_steps"] = Entry(
            value=chosen.epoch_steps, comment="left out: whole passes over the training rows"
        )
    if chosen.validation_rows is not None:
        unit = "tokens" if kind == "language-modeling" else "rows"
        table["validation_rows"] = Entry(
            value=chosen.validation_rows, comment=f"{unit} scored each epoch"
        )
    return table


def search(chosen: Sizes, prepared: SequenceData) -> Table:
    """Write `[search]`."""
    metrics = ", ".join(METRICS[prepared.task.kind])
    return {
        "objective": Entry(value=chosen.objective, comment=f"one of {metrics}"),
        "trials": Entry(value=TRIALS, comment="a first look: more find better models"),
        "timeout": Entry(value=TIMEOUT, comment="of a launch; the next one goes on"),
        "seed": Entry(value=0),
    }


def resources() -> Table:
    """Write `[resources]`."""
    return {"cpus_per_trial": Entry(value=1, comment="or gpus_per_trial = 0.25")}


def title(roles: Roles, found: Found, table: Table) -> str:
    """Say in a sentence what is learned from what."""
    name = found.first.name if not found.others else f"the files of {Path(found.shown).name}"
    match roles.kind:
        case "language-modeling":
            return f"A language model of the text in {name}."
        case "classification":
            return f"The {roles.target} of a row, as in {name}, from its {roles.inputs[0]}."
        case "forecasting":
            ahead = table["horizon"].value
            rows = "row" if ahead == 1 else f"{ahead} rows"
            return f"{roles.target} in the {rows} after the last one of {name}."


def reasons(made: Draft, chosen: Sizes, prepared: SequenceData) -> dict[str, str]:
    """Say what was guessed of shares and sizes, and why."""
    table, kind = made.sections["data"], prepared.task.kind
    said: dict[str, str] = {}
    if kind == "forecasting":
        said["horizon"] = f"{_count(prepared.task.horizon, 'row')} ahead"
    held = [f"{name} {_share(table[name])}" for name in ("validation", "test") if name in table]
    few = "" if "test" in table else ", and no test: there is too little"
    said["held out"] = f"{', '.join(held)}{few}"
    unit = _count(chosen.rows, "row" if kind == "classification" else "window")
    is_cut = kind == "classification" and chosen.context < prepared.longest
    unit_of_window, window = _WINDOWS[kind]
    window = " of a row at most: longer ones are cut" if is_cut else window
    said["window"] = f"{_count(chosen.context, unit_of_window)}{window}"
    short = f", {chosen.epoch_steps} batches each" if chosen.epoch_steps else ""
    said["size"] = (
        f"{TRIALS} trials of up to {chosen.epochs} epochs{short}, batches of {chosen.batch_size}: "
        f"{unit} to train on"
    )
    if kind == "classification":
        said["objective"] = f"{chosen.objective}{_why(chosen, prepared)}"
    return said


def _why(chosen: Sizes, prepared: SequenceData) -> str:
    if chosen.objective == "cross_entropy":
        return f": {prepared.validation.rows} validation rows tie in accuracy too often"
    if chosen.objective == "balanced_accuracy":
        return f": one label has more than {LOPSIDED:.0%} of the rows"
    return ""


def _share(entry: Entry) -> str:
    return f"{entry.value:.0%}" if isinstance(entry.value, float) else "from its own files"


def _paths(paths: tuple[str, ...], folder: Path, *, always: bool = False) -> str | tuple[str, ...]:
    """Write paths as seen from the study file; one alone is no list, unless it has to be."""
    seen = tuple(Path(os.path.relpath(path, folder)).as_posix() for path in paths)
    return seen if always or len(seen) > 1 else seen[0]


def _count(quantity: int, name: str) -> str:
    return f"{quantity:,} {name}{'' if quantity == 1 else 's'}"
