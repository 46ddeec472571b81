"""Attention heads divide every hidden size on offer, or the file is refused."""

from collections.abc import Mapping
from math import lcm

from lstm_attn.config import WITH_ATTENTION
from search.domains import Choice, IntRange
from search.spec.dimensions import Setting, points
from search.spec.limits import LIMITS
from search.spec.words import MANY, listed, some

HEADS = (1, 2, 4, 8)
"""What is on offer where a file does not say."""


def clashes(settings: Mapping[str, Setting], *, stepped: bool) -> list[str]:
    """Give a line for each number of heads that does not divide a hidden size on offer.

    Where the file names no hidden size, there must be a hidden size that all the heads divide.

    Arguments:
        settings: what the file says of each setting.
        stepped: whether the file gives a step of hidden_size; without one it follows the heads.
    """
    hidden = settings.get("hidden_size")
    is_log = isinstance(hidden, IntRange) and hidden.log
    if not ("heads" in settings or is_log) or not _attends(settings):
        return []
    heads = [int(number) for number in points(settings.get("heads", Choice(values=HEADS)))]
    if hidden is None:
        return _apart(heads)
    if isinstance(hidden, IntRange) and not stepped:
        return _ends(heads, hidden)
    sizes = [int(size) for size in points(hidden)]
    would_do = [number for number in HEADS if not any(size % number for size in sizes)]
    problems = []
    for number in heads:
        away = [size for size in sizes if size % number]
        if away:
            problems.append(
                f"space.heads: {number} does not divide hidden_size {some(away)} - "
                f"use {listed(would_do)}"
            )
    return problems


def fitted(settings: Mapping[str, Setting], *, stepped: bool) -> dict[str, Setting]:
    """Let heads and hidden sizes go together, where the file leaves that to us.

    Where the file names hidden sizes alone, the heads are those of `HEADS` that divide them all;
    a range of hidden sizes without a step goes by the least common multiple of the heads.
    """
    hidden = settings.get("hidden_size")
    if hidden is None or not _attends(settings):
        return dict(settings)
    heads = settings.get("heads", _dividing(hidden, stepped=stepped))
    if isinstance(hidden, IntRange) and not stepped and not hidden.log:
        step = lcm(*(int(number) for number in points(heads)))
        hidden = IntRange(low=hidden.low, high=hidden.high, step=step)
    return {**settings, "heads": heads, "hidden_size": hidden}


def _dividing(hidden: Setting, *, stepped: bool) -> Setting:
    if isinstance(hidden, IntRange) and not stepped:
        sizes = [hidden.low, hidden.high]
    else:
        sizes = [int(size) for size in points(hidden)]
    fit = tuple(number for number in HEADS if not any(size % number for size in sizes))
    return Choice(values=fit) if len(fit) > 1 else fit[0]


def _attends(settings: Mapping[str, Setting]) -> bool:
    return "variant" not in settings or not WITH_ATTENTION.isdisjoint(points(settings["variant"]))


def _apart(heads: list[int]) -> list[str]:
    most = int(LIMITS["hidden_size"].high)
    if lcm(*heads) <= most:
        return []
    together = next(count for count in range(len(heads), 0, -1) if lcm(*heads[:count]) <= most)
    cure = f"list fewer, such as {listed(heads[: min(together, MANY)], last='and')}"
    return [f"space.heads: {some(heads)} together divide no hidden_size up to {most:,} - {cure}"]


def _ends(heads: list[int], hidden: IntRange) -> list[str]:
    step = lcm(*heads)
    problems = []
    if step > 1 and hidden.log:
        problems.append(
            f"space.hidden_size: log takes every size from {hidden.low} to {hidden.high}, and "
            f"heads {some(heads)} divide only some - leave log out, list sizes, or use heads = 1"
        )
        return problems
    for name, end in (("low", hidden.low), ("high", hidden.high)):
        near = [size for size in (end // step * step, -(-end // step) * step) if size]
        near = [size for size in near if LIMITS["hidden_size"].holds(size)]
        if end % step:
            advice = f"use {listed(near)}" if near else "list fewer heads"
            problems.append(
                f"space.hidden_size.{name}: {end} is not a multiple of {step} "
                f"(heads {some(heads)}) - {advice}"
            )
    return problems
