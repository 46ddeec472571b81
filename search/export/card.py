"""The model card: what an export is, what it is worth, and how to use it, for people."""

import math
import shlex
from collections.abc import Mapping

from lstm_attn.config import Variant
from search.export.scores import Scores
from search.markdown import plain
from search.words import number, setting

_AND_BESIDES = """\
`study.toml` is this configuration as a study of its own. `config.json` says what was trained on
which data, with what, and from which seed."""
_WORDS: dict[Variant, str] = {
    "attention": "An LSTM with multi-head self-attention on top",
    "embed": "A token embedding and an LSTM with multi-head self-attention on top",
    "ffn": "An LSTM with multi-head self-attention, read out by a feed-forward network",
    "embed_ffn": (
        "A token embedding and an LSTM with multi-head self-attention, "
        "read out by a feed-forward network"
    ),
    "lstm": "An LSTM without attention",
}


def model_card(
    scores: Scores, *, variant: Variant, data: Mapping[str, str | int | float], folder: str
) -> str:
    """Write the card, as Markdown.

    Arguments:
        scores: what the model is worth.
        variant: the model's.
        data: what is to be said of the data.
        folder: the export's name.
    """
    study, trial = scores.study, scores.trial
    parts = [
        f"# {plain(study.name)}, trial {trial.number}",
        f"{_WORDS[variant]} (`{variant}`), for {study.task}. {_place(scores)}",
        "## Scores",
        _table(scores),
        *_against_strong(scores),
        scores.optimism + _all_rows(scores),
        "All metrics are in `metrics.json`.",
        "## Data",
        "\n".join(f"- {plain(name)}: {plain(setting(value))}" for name, value in data.items()),
        "## Use",
        "In the folder above this one, with the package `lstm-attn-search` installed:",
        *_use(study.task, folder),
        _AND_BESIDES,
    ]
    return "\n\n".join(parts) + "\n"


def _place(scores: Scores) -> str:
    trial, objective = scores.trial, scores.study.objective.replace("_", " ")
    place = f"Its weights are those of epoch {scores.epoch}"
    if trial.best_epoch not in (None, scores.epoch):
        place += f"; those of epoch {trial.best_epoch}, its best, weren't kept"
    if trial.state == "running":
        place += ", and it was still being trained"
    if scores.compared == 1:
        return f"{place}. No other trial was compared with it."
    return f"{place}, and it is number {scores.rank} of {scores.compared} trials by {objective}."


def _table(scores: Scores) -> str:
    study, test, ranked = scores.study, scores.test, scores.verified.ranked
    unit, bounds = _unit(scores), ""
    if test is not None and test.interval is not None:
        low, high = test.interval
        bounds = f" (95% interval {_number(low)} to {_number(high)})"
    values = [_number(scores.value(rows)) for rows in ("validation", "test")]
    tested = f"test, {test.rows:,} {unit}" if test else "test"
    lines = [
        _row(study.objective.replace("_", " "), f"validation, {ranked.rows:,} {unit}", tested),
        "|---|---|---|",
        _row("**this model**", f"**{values[0]}**", f"**{values[1]}**{bounds}"),
    ]
    for baseline in study.baselines:
        name = f"{baseline.name}, the {'strong' if baseline.strong else 'trivial'} baseline"
        values = [_number(scores.baseline_value(baseline, rows)) for rows in ("validation", "test")]
        lines.append(_row(name, *values))
    return "\n".join(lines)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _against_strong(scores: Scores) -> list[str]:
    """Say in words whether the strong baseline is beaten."""
    if scores.study.strong is None:
        return []
    name = scores.study.strong.name
    verdicts = scores.against_strong()
    won = [rows for rows, one in verdicts.items() if one.beaten]
    lost = [rows for rows, one in verdicts.items() if not one.beaten]
    if not lost:
        return [f"It beats the strong baseline, {name}, on {' and '.join(won)} rows."]
    but = f"on {won[0]} rows it does" if won else "prefer that one"
    missed = f"It does not beat the strong baseline, {name}, on {' or '.join(lost)} rows"
    return [f"**{missed}**; {but}."]


def _all_rows(scores: Scores) -> str:
    every, ranked = scores.verified.validation, scores.verified.ranked
    if every.rows == ranked.rows:
        return ""
    value = _number(every.metrics[scores.study.objective])
    return f" On all {every.rows:,} {_unit(scores)} held out for validation it scores {value}."


def _unit(scores: Scores) -> str:
    match scores.study.task:
        case "language-modeling":
            return "tokens"
        case "forecasting":
            return "origins"
        case _:
            return "rows"


def _use(task: str, name: str) -> list[str]:
    folder = shlex.quote(name)
    if task == "language-modeling":
        call = 'model.generate("Once", length=200)'
        command = f'lstm-search generate {folder} --prompt "Once" --length 200'
    else:
        call, command = 'model.predict("DATA")', f"lstm-search predict {folder} DATA"
    python = ["import lstm_attn", f"model = lstm_attn.load({name!r})", f"print({call})"]
    commands = [
        command,
        f"lstm-search score {folder} DATA",
        f"lstm-search launch {folder}/study.toml",
    ]
    return ["\n".join(["```python", *python, "```"]), "\n".join(["```sh", *commands, "```"])]


def _number(value: float | None) -> str:
    if value is None:
        return "none"
    return number(value) if math.isfinite(value) else "not finite"
