"""Which task a table is for: asked for, or the first of which its columns make one."""

from collections.abc import Callable, Sequence
from difflib import get_close_matches

from lstm_attn.config import TASK_KINDS, TaskKind
from search.errors import WrongUse
from search.starting.profiles import Profile
from search.starting.roles import Roles, classification, forecasting, holed_labels, language
from search.starting.telling import alone, target_in_time


def choose(
    profiles: Sequence[Profile], shown: str, *, target: str | None, kind: str | None
) -> Roles:
    """Choose task and columns.

    Arguments:
        profiles: of all columns.
        shown: what was looked at, for messages.
        target: asked for; None to guess.
        kind: asked for; None to guess.

    Raises:
        WrongUse: no task can be made of these columns, or not the one that was asked for.
    """
    _check([one.name for one in profiles], shown, target, kind)
    forced = kind is not None or target is not None
    makers: dict[str, Callable[[], Roles]] = {
        "classification": lambda: classification(profiles, shown, target),
        "forecasting": lambda: forecasting(profiles, shown, target, forced=forced),
        "language-modeling": lambda: language(profiles, shown, target, forced=forced),
    }
    if (
        target is not None
        and kind is None
        and (why := target_in_time(profiles, next(one for one in profiles if one.name == target)))
    ):
        raise WrongUse(why)
    order = _order(profiles, target) if kind is None else [kind]
    if not forced and order[0] == "classification" and (holed := holed_labels(profiles)):
        raise WrongUse(f"classification: {holed.problem}")
    problems: dict[str, tuple[str, ...]] = {}
    for task in order:
        try:
            return makers[task]()
        except WrongUse as error:
            problems[task] = error.problems
    if _is_series(profiles) and "forecasting" in problems:
        raise WrongUse(*problems["forecasting"])
    if len(profiles) == 1 and not profiles[0].holes:
        raise WrongUse(alone(shown, profiles[0]))
    raise WrongUse(*(line for lines in problems.values() for line in lines))


def _is_series(profiles: Sequence[Profile]) -> bool:
    """Tell whether it is times and numbers, so that nobody means anything but to forecast."""
    has_numbers = any(
        "number" in one.holes or (one.values is not None and one.stamps is None) for one in profiles
    )
    return (
        has_numbers
        and any(one.stamps is not None for one in profiles)
        and not any(one.is_list or one.can_be_text for one in profiles)
    )


def _check(names: Sequence[str], shown: str, target: str | None, kind: str | None) -> None:
    problems = []
    if kind is not None and kind not in TASK_KINDS:
        near = get_close_matches(kind, TASK_KINDS, n=1, cutoff=0.4)
        advice = f"did you mean {near[0]}?" if near else f"use {', '.join(TASK_KINDS)}"
        problems.append(f"--task: got {kind!r} - {advice}")
    if target is not None and target not in names:
        near = get_close_matches(target, names, n=1)
        advice = f"did you mean {near[0]!r}? It has: " if near else "it has: "
        problems.append(f"--target: no column {target!r} in {shown} - {advice}{', '.join(names)}")
    if problems:
        raise WrongUse(*problems)


def _order(profiles: Sequence[Profile], target: str | None) -> list[TaskKind]:
    """Give the tasks in the order in which they are tried."""
    wanted = next((one for one in profiles if one.name == target), None)
    others = [one for one in profiles if one is not wanted]
    has_inputs = any(one.is_list or one.can_be_text for one in others)
    if wanted is not None:
        if wanted.values is None and "number" not in wanted.holes:
            return ["classification"]
        if wanted.can_be_labels:
            return ["classification", "forecasting"] if has_inputs else ["forecasting"]
        return ["forecasting"]
    if any(one.is_list for one in profiles):
        return ["classification"]
    in_time = any(one.stamps is not None and one.frequency for one in profiles)
    if in_time and any(one.is_series for one in profiles):
        return ["forecasting", "classification", "language-modeling"]
    return ["classification", "forecasting", "language-modeling"]


def text_roles(shown: str, note: str, *, target: str | None, kind: str | None) -> Roles:
    """Choose what a text is for.

    Arguments:
        shown: what was looked at, for messages.
        note: how it was told to be text, where its name doesn't say.
        target: asked for; a text has no columns.
        kind: asked for; None to guess.

    Raises:
        WrongUse: something that takes columns was asked for.
    """
    _check(["text"], shown, None, kind)
    problems = []
    if target is not None:
        problems.append(
            f"--target: {shown} is text, which has no column {target!r} - leave it out, or give "
            "a table"
        )
    if kind not in (None, "language-modeling"):
        problems.append(
            f"--task: {kind} takes a table, and {shown} is text - leave it out, or give a CSV"
        )
    if problems:
        raise WrongUse(*problems)
    why = note or "it is text"
    return Roles(
        kind="language-modeling",
        inputs=("text",),
        reasons={"task": f"language-modeling: {why}"},
    )
