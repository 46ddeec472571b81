"""What is said of columns: which there are, what they lack, why they are left out."""

from collections.abc import Sequence

from search.starting.profiles import Kind, Profile

MOST_HOLES = 4
"""Columns that are told of, a line each."""
LACKS: tuple[Kind, ...] = ("number", "time")
"""What a column is called by even where a few rows lack it; others may be texts or labels."""


def why_not(one: Profile) -> str:
    """Say in a few words what a column is that isn't used."""
    said = {
        "a line break in its name": one.is_unnameable,
        **{f"no {kind} in {one.holes[kind].where}": True for kind in LACKS if kind in one.holes},
        "no time as 2012-01-31": one.is_named_time and one.is_text and one.stamps is None,
        "counts the rows": one.is_counter,
        "a time": one.stamps is not None,
        "numbers": one.is_series,
        "the same in every row": one.values is not None,
        "lists": one.is_list,
        **{f"nothing in {one.holes[kind].where}": True for kind in one.holes},
        "text": one.can_be_text,
        "labels": bool(one.labels),
    }
    return next((what for what, is_so in said.items() if is_so), "objects")


def holes(profiles: Sequence[Profile], kind: Kind, task: str) -> list[str]:
    """Give a line for each column that is of a kind but for some rows, or for its name."""
    said = [hole.problem for one in profiles if (hole := one.holes.get(kind))]
    said += [
        f"column '{one.name}' has a line break or another sign in its name that a study file "
        "can't hold - rename it"
        for one in profiles
        if one.is_unnameable
    ]
    if (more := len(said) - MOST_HOLES) > 0:
        said[MOST_HOLES:] = [f"{more} column{'s' if more > 1 else ''} more like these"]
    return [f"{task}: {line}" for line in said]


def target_in_time(profiles: Sequence[Profile], target: Profile) -> str:
    """Say why a column of times is no target, and what would be one; empty where it is none."""
    if target.stamps is None:
        return ""
    numbers = named([one for one in profiles if one.is_series and one is not target])
    others = "" if numbers == NO_OTHER else f", such as {numbers}"
    if target.frequency:
        return (
            f"--target: {target.name!r} is the time of each row, which is known beforehand - name "
            f"the column to forecast{others}"
        )
    if target.values is not None:
        return ""
    return (
        f"--target: {target.name!r} holds times, which are neither numbers to forecast nor labels "
        f"- write numbers in their place, such as days since the first, or name another "
        f"column{others}"
    )


def alone(shown: str, one: Profile) -> str:
    """Say that a single column makes no study."""
    if one.is_text and one.words >= 2 and not one.has_words and one.stamps is None:  # noqa: PLR2004 - fields
        return f"DATA: {shown} has one column only, {one.name!r} - separate its fields by commas"
    return (
        f"DATA: {shown} has one column only, {one.name!r} ({why_not(one)}) - give a column of "
        "numbers to forecast, of texts of several words, or of labels beside texts or lists"
    )


NO_OTHER = "no other column"
"""Stands where there is none to name."""


def named(profiles: Sequence[Profile]) -> str:
    """Name columns, the first of many."""
    return listed([one.name for one in profiles]) or NO_OTHER


def explained(profiles: Sequence[Profile]) -> str:
    """Name columns, each with what it is, the first of many."""
    return listed([f"{one.name} ({why_not(one)})" for one in profiles]) or NO_OTHER


def listed(names: Sequence[str]) -> str:
    """Name the first of many."""
    most = 12
    more = [f"{len(names) - most} more"] if len(names) > most else []
    return ", ".join([*names[:most], *more])
