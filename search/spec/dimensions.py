"""What stands in `[space]`: a value is fixed, a list is a choice, a table is a range."""

import math
from collections.abc import Container, Mapping
from decimal import Decimal
from typing import Any, cast

from pydantic import ValidationError

from lstm_attn.config import VARIANTS, Variant
from search.domains import Choice, Domain, FloatRange, IntRange
from search.errors import SpecError
from search.records import Value
from search.space import exists
from search.spec.limits import LIMITS
from search.spec.lines import lines
from search.spec.schema import Range
from search.spec.words import listed, shorten

Setting = Value | Domain
"""What a setting is: one value, or a domain of two and more."""

_PARTS = {"heads": "attention", "ffn_width": "feed-forward", "embedding_dim": "embedding"}
"""Settings that only some variants have, and what of."""

MOST_STEPS = 1_000_000
"""The most values of a stepped range of floats."""


def read(name: str, given: object) -> Setting:
    """Understand what a file says of one dimension.

    Arguments:
        name: one of `DIMENSIONS`.
        given: what stands there in the file.

    Raises:
        SpecError: with a line for each problem, its key in front.
    """
    key = f"space.{name}"
    if isinstance(given, list):
        return _choice(name, key, given)
    if isinstance(given, dict):
        if name == "variant":
            raise SpecError(f"{key}: got a table - use a name or a list of {listed(VARIANTS)}")
        return _range(name, key, given)
    return _value(name, key, given)


def points(setting: Setting) -> tuple[Value, ...]:
    """List the values of a setting, fixed or of a domain that isn't continuous."""
    return (setting,) if isinstance(setting, Value) else setting.points()


def dead(
    settings: Mapping[str, Setting],
    space: Container[str],
    *,
    tokens: bool = True,
    fitting: tuple[Variant, ...] = VARIANTS,
) -> list[str]:
    """Give a line for each setting that means nothing to any variant listed.

    Arguments:
        settings: what the file says of each setting.
        space: names that stand in `[space]` rather than in `[training]`.
        tokens: whether inputs are, or may be, tokens.
        fitting: variants that fit the inputs, which are those listed where none is.
    """
    variants = cast("tuple[Variant, ...]", points(settings.get("variant", Choice(values=fitting))))
    problems = []
    for name, part in _PARTS.items():
        if name in settings and not any(exists(name, one, tokens=tokens) for one in variants):
            fit = [one for one in fitting if exists(name, one, tokens=tokens)]
            verb = "has" if len(variants) == 1 else "have"
            why = f"{listed(variants, last='and')} {verb} no {part}"
            why = why if fit else f"the inputs are floats, which have no {part}"
            cure = f"leave it out, or add variant {listed(fit)}" if fit else "leave it out"
            problems.append(f"{'space' if name in space else 'training'}.{name}: {why} - {cure}")
    return problems


def _value(name: str, key: str, given: object) -> Value:
    if name == "variant":
        if given not in VARIANTS or not isinstance(given, str):
            raise SpecError(f"{key}: got {shorten(given)} - use {listed(VARIANTS)}")
        return given
    try:
        return LIMITS[name].read(given)
    except ValueError as error:
        raise SpecError(f"{key}: {error}") from error


def _choice(name: str, key: str, given: list[object]) -> Setting:
    if not given:
        raise SpecError(f"{key}: got an empty list - list values, or leave {name} out")
    values: list[Value] = []
    problems: list[str] = []
    for item in given:
        try:
            value = _value(name, key, item)
        except SpecError as error:
            problems.extend(error.problems)
            continue
        if value not in values:
            values.append(value)
        else:
            problems.append(f"{key}: {shorten(item)} is listed twice - list it once")
    if problems:
        raise SpecError(*dict.fromkeys(problems))
    return values[0] if len(values) == 1 else Choice(values=tuple(values))


def _range(name: str, key: str, given: dict[str, Any]) -> Setting:
    problems: list[str] = []
    try:
        Range.model_validate(given)
    except ValidationError as error:
        problems.extend(lines(error, Range, f"{key}."))
    ends: dict[str, int | float] = {}
    for end in ("low", "high"):
        if end not in given:
            problems.append(f"{key}.{end}: missing - use {LIMITS[name].wanted}")
            continue
        try:
            ends[end] = LIMITS[name].read(given[end])
        except ValueError as error:
            problems.append(f"{key}.{end}: {error}")
    if len(ends) == 2:  # noqa: PLR2004 - low and high
        problems.extend(_between(name, key, given, ends["low"], ends["high"]))
    if problems:
        raise SpecError(*problems)
    low, high = ends["low"], ends["high"]
    if low == high:
        return low
    if LIMITS[name].whole:
        return IntRange(
            low=int(low), high=int(high), step=given.get("step", 1), log=given.get("log", False)
        )
    step = float(given["step"]) if "step" in given else None
    return FloatRange(low=low, high=high, step=step, log=given.get("log", False))


def _between(name: str, key: str, given: dict[str, Any], low: float, high: float) -> list[str]:
    if low > high:
        return [f"{key}: low {low} is above high {high} - swap them"]
    problems = []
    log = given.get("log") is True
    if log and low <= 0:
        problems.append(f"{key}.low: got {low} - with log use a low above 0, such as 1e-6")
    if log and "step" in given:
        problems.append(f"{key}: log and step together - leave one of them out")
    elif "step" in given:
        problems.extend(_step(name, key, given["step"], low, high))
    return problems


def _step(name: str, key: str, step: object, low: float, high: float) -> list[str]:
    whole = LIMITS[name].whole
    slip = isinstance(step, bool) or (whole and not isinstance(step, int))
    if slip or not isinstance(step, int | float) or not 0 < step < math.inf:
        wanted = "a whole number, 1 or more" if whole else "a number above 0"
        return [f"{key}.step: got {shorten(step)} - use {wanted}"]
    if low == high:
        return []
    first, last, apart = _decimal(low), _decimal(high), _decimal(step)
    if apart > last - first:
        return [f"{key}.step: got {shorten(step)}, and high - low is less - use a smaller step"]
    if last - first > apart * MOST_STEPS:
        return [f"{key}.step: got {step}, which makes over a million values - use a larger step"]
    over = (last - first) % apart
    if not over:
        return []
    ends = [
        end
        for end in (last - over, last - over + apart)
        if LIMITS[name].holds(int(end) if whole else float(end))
    ]
    away = f"{key}: high {high} is not low {low} plus a multiple of step {step}"
    return [f"{away} - use high = {listed(ends)}"]


def _decimal(number: float) -> Decimal:
    """Take a number as Optuna does, as it is written: 0.1 to 0.7 are six steps of 0.1."""
    return Decimal(number if isinstance(number, int) else str(number))
