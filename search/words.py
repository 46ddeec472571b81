"""How numbers, times and settings read: short enough for a table, exact enough to compare."""

import math
from collections.abc import Sequence

from lstm_attn.config import Direction
from search.records import Importance, Params, TrialState, TrialSummary, Value

DIGITS = 4
"""Significant digits of a score."""
SMALLEST, LARGEST = -4, 6
"""Powers of ten of the scores that are written without an exponent."""
MANY = 100
"""Seconds, or minutes, from which on the next unit is used."""
STATES: tuple[TrialState, ...] = ("complete", "pruned", "failed")
"""How a trial may have ended, in the order in which they are counted."""
SIZES = ("layers", "hidden_size", "heads", "ffn_width", "embedding_dim")
"""What makes a model large, in the order in which it is told."""
NOTHING = "-"
"""Stands where there is nothing to show."""


def number(value: float | None) -> str:
    """Write a score with four significant digits; a dash where it is none, or not finite."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if not SMALLEST <= magnitude <= LARGEST:
        return f"{value:.{DIGITS - 1}e}"
    return f"{value:.{max(0, DIGITS - 1 - magnitude)}f}"


def setting(value: Value) -> str:
    """Write a value of a configuration: floats with four digits, without trailing zeros.

    Of one below ten million all digits before the point are written.
    """
    if not isinstance(value, float):
        return str(value)
    is_large = 10**DIGITS <= abs(value) < 10 ** (LARGEST + 1)
    return f"{value:.0f}" if is_large else f"{value:.{DIGITS}g}"


def settings(params: Params) -> str:
    """Write a configuration on one line: `variant=ffn heads=4 dropout=0.1`."""
    return " ".join(f"{name}={setting(value)}" for name, value in params.items()) or "all fixed"


def sketch(params: Params) -> str:
    """Write what a configuration is first of all: `embed_ffn 2x192 heads=4 dropout=0.1`.

    Variant and sizes stand first, as far as they vary; then all the others.
    """
    left = dict(params)
    said = [str(left.pop("variant"))] if "variant" in left else []
    if "layers" in left and "hidden_size" in left:
        said.append(f"{left.pop('layers')}x{left.pop('hidden_size')}")
    sizes = {name: left.pop(name) for name in SIZES if name in left}
    if sizes or left or not said:
        said.append(settings({**sizes, **left}))
    return " ".join(said)


def seconds(duration: float | None) -> str:
    """Write a duration: `0.12 s`, `34 s`, `12 min`, `2 h 05 min`; a dash where it is none."""
    if duration is None or not math.isfinite(duration):
        return NOTHING
    if duration < 1:
        return f"{duration:.2g} s"
    if duration < MANY:
        return f"{duration:.0f} s"
    minutes = round(duration / 60)
    if minutes < MANY:
        return f"{minutes} min"
    return f"{minutes // 60:,} h {minutes % 60:02d} min"


def pace(per_minute: float) -> str:
    """Write how many there are a minute: `0.25`, `3.1`, `120`."""
    return f"{per_minute:.2g}" if per_minute < MANY else f"{per_minute:,.0f}"


def count(quantity: int, name: str) -> str:
    """Write a quantity with its noun: `1 trial`, `1,200 trials`."""
    return f"{quantity:,} {name}{'' if quantity == 1 else 's'}"


def out_of(done: int, of: int) -> str:
    """Write how many there are of how many: `1,200 of 3,000`.

    Of a budget that was lowered below what has ended: `3 (2 asked for)`.
    """
    return f"{done:,} of {of:,}" if done <= of else f"{done:,} ({of:,} asked for)"


def listed(names: Sequence[str]) -> str:
    """Write names one after another: `a, b and c`."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def capital(said: str) -> str:
    """Begin a sentence with a capital letter; nothing else changes."""
    return f"{said[:1].upper()}{said[1:]}"


def sense(direction: Direction) -> str:
    """Say which way a metric is better."""
    return "lower is better" if direction == "minimize" else "higher is better"


def reckoned(importance: Importance) -> str:
    """Say from what importance is reckoned: `by PED-ANOVA over 12 trials of any state`."""
    said = f"by {importance.by} over {count(importance.trials, 'trial')} of any state"
    left_out = [f"{number:,} {why}" for why, number in importance.left_out.items()]
    return f"{said}; left out: {listed(left_out)}" if left_out else said


def standing(trial: TrialSummary, *, is_run: bool) -> str:
    """Say how a trial stands; one that has not ended is `to go on` where nobody runs its study."""
    return trial.state if is_run or trial.state != "running" else "to go on"


def place(trial: TrialSummary, *, is_run: bool) -> str:
    """Say where a trial's worth was reached: `trial 7, epoch 12, pruned`."""
    return f"trial {trial.number}, epoch {trial.best_epoch}, {standing(trial, is_run=is_run)}"
