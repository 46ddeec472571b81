"""Which column is what, for each task."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lstm_attn.config import TaskKind
from search.errors import WrongUse
from search.starting.profiles import MOST_LABELS, ROWS_OF_LABEL, WORDS_OF_TEXT, Hole, Profile
from search.starting.telling import explained, holes, listed, named, target_in_time, why_not
from search.starting.times import time_of

LABELS = ("label", "target", "class", "category", "sentiment", "y", "tag", "rating", "stars")
SERIES = ("target", "y", "value", "sales", "units", "demand", "load", "close", "price", "count")
TEXTS = ("text", "sentence", "review", "message", "content", "body", "comment")
"""Names that columns of a role often have, the likeliest first."""
MOST_INPUTS = 32
"""The most columns that a forecast is guessed to take in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """A task, and what each column is in it."""

    kind: TaskKind
    """What is to be learned."""
    inputs: tuple[str, ...]
    """Columns that are given."""
    target: str | None = None
    """The column of labels, or the one to forecast."""
    time: Profile | None = None
    """The column of times, evenly spaced or not."""
    by_characters: bool = False
    """Whether its texts are single words."""
    largest: float = 0.0
    """Share of rows of the most frequent label."""
    reasons: dict[str, str]
    """What was chosen, and why."""


def classification(profiles: Sequence[Profile], shown: str, target: str | None) -> Roles:
    """Choose a column of sequences or texts, and one of labels.

    Raises:
        WrongUse: one of them is missing.
    """
    others = [one for one in profiles if one.name != target]
    inputs = [one for one in others if one.is_sequence] or _texts(others)
    problems = []
    if not inputs:
        broken = [f"classification: {one.problem}" for one in others if one.is_list]
        none = (
            f"classification: no column of texts or of lists of numbers in {shown} - "
            f"it has {named(others)}; give each row a text, or all its steps as a list"
        )
        problems += broken or holes(others, "text", "classification") or [none]
    given = inputs[0].name if inputs else ""
    label = _label(profiles, shown, target, given, problems)
    if problems or label is None:
        raise WrongUse(*problems)
    source = inputs[0]
    what = "lists of numbers" if source.is_sequence else "texts"
    known = "by its name" if _known([label], LABELS) else "few different values"
    return Roles(
        kind="classification",
        inputs=(source.name,),
        target=label.name,
        by_characters=source.is_text and source.words < 2,  # noqa: PLR2004 - one word is none
        largest=label.largest,
        reasons={
            "task": f"classification: {source.name!r} holds {what}, {label.name!r} labels",
            "inputs": source.name,
            "target": f"{label.name}, {'asked for' if target else known}: {label.labels} labels",
            **_left_out(profiles, {source.name, label.name}),
        },
    )


def forecasting(
    profiles: Sequence[Profile], shown: str, target: str | None, *, forced: bool
) -> Roles:
    """Choose the column of times, where there is one, and the columns of numbers.

    Arguments:
        profiles: of all columns.
        shown: what was looked at, for messages.
        target: asked for; None to guess.
        forced: whether the task or the target was asked for.

    Raises:
        WrongUse: no numbers, or rows that are no series.
    """
    time, why = time_of(profiles, shown, forced=forced)
    series = [
        one
        for one in profiles
        if (one.is_series or one.name == target) and one.name != (time.name if time else "")
    ]
    wanted = next((one for one in profiles if one.name == target), None)
    problems = []
    if not series:
        none = (
            f"forecasting: no column of numbers that change, one in every row, in {shown} - "
            f"it has {explained(profiles)}"
        )
        problems += holes(profiles, "number", "forecasting") or [none]
    if wanted is not None and "number" in wanted.holes:
        problems = [f"--target: {wanted.holes['number'].problem}"]
    elif wanted is not None and wanted.values is None:
        problems.append(
            target_in_time(profiles, wanted)
            or f"--target: {target!r} holds no numbers, and a forecast is of numbers - "
            "name a column of numbers"
        )
    if problems:
        raise WrongUse(*problems)
    lively = [one for one in series if one.part_of_time is None]
    lively = [one for one in lively if one.labels > 2] or lively or series  # noqa: PLR2004 - on and off
    chosen = wanted or _ranked(lively, SERIES, last=True)
    inputs = [one.name for one in series if one is not chosen][: MOST_INPUTS - 1]
    inputs = [one.name for one in series if one is chosen or one.name in inputs]
    guess = "by its name" if _known([chosen], SERIES) else "the last column of numbers"
    return Roles(
        kind="forecasting",
        inputs=tuple(inputs),
        target=chosen.name,
        time=time,
        reasons={
            "task": f"forecasting: {why}",
            "inputs": listed(inputs),
            "target": f"{chosen.name}, {'asked for' if wanted else f'{guess}; else say --target'}",
            **_left_out(profiles, {*inputs, time.name if time else ""}),
        },
    )


def language(profiles: Sequence[Profile], shown: str, target: str | None, *, forced: bool) -> Roles:
    """Choose a column of texts.

    Arguments:
        profiles: of all columns.
        shown: what was looked at, for messages.
        target: asked for, which is one too many.
        forced: whether the task was asked for, so that any text will do.

    Raises:
        WrongUse: there is none, or a target was asked for.
    """
    problems = []
    if target is not None:
        problems.append("--target: language-modeling has none - leave it out")
    found = [
        one for one in _texts(profiles) if forced or (one.words >= WORDS_OF_TEXT and one.has_words)
    ]
    if forced and not found:
        found = [one for one in profiles if one.is_text]
    if not found:
        none = (
            f"language-modeling: no column of {shown} has a text in every row - "
            f"it has {named(profiles)}; give a file of text"
        )
        problems += holes(profiles, "text", "language-modeling") or [none]
    if problems:
        raise WrongUse(*problems)
    return Roles(
        kind="language-modeling",
        inputs=(found[0].name,),
        reasons={
            "task": f"language-modeling: {found[0].name!r} holds texts"
            + (", asked for" if forced else ", and no column labels"),
            "inputs": found[0].name,
            **_left_out(profiles, {found[0].name}),
        },
    )


def holed_labels(profiles: Sequence[Profile]) -> Hole | None:
    """Give what a column lacks that is labels by its name, beside something to be labelled."""
    if not any(one.is_list or one.can_be_text for one in profiles):
        return None
    named = [one for one in profiles if one.name.lower() in LABELS]
    return next((one.holes["label"] for one in named if "label" in one.holes), None)


def _label(
    profiles: Sequence[Profile], shown: str, target: str | None, given: str, problems: list[str]
) -> Profile | None:
    if target is not None:
        wanted = next(one for one in profiles if one.name == target)
        if wanted.labels < 2:  # noqa: PLR2004 - nothing to tell apart
            got = "has one label only" if wanted.labels else "holds lists"
            hole = wanted.holes.get("label")
            problems.append(
                f"--target: {hole.problem}"
                if hole
                else f"--target: {target!r} {got} - name a column with two labels or more, one in "
                "every row"
            )
        return wanted
    found = [one for one in profiles if one.can_be_labels and one.name != given]
    if not found:
        problems.append(
            f"classification: no column in {shown} that could be labels, from 2 to {MOST_LABELS} "
            f"different ones, each in {ROWS_OF_LABEL} rows or more - "
            f"it has {named(profiles)}; name it with --target"
        )
        return None
    words = [one for one in found if one.values is None]
    return _ranked(found, LABELS) if _known(found, LABELS) else (words or found)[-1]


def _texts(profiles: Iterable[Profile]) -> list[Profile]:
    """Give the columns that can be text, the likeliest first: several words, its name, length."""
    return sorted(
        (one for one in profiles if one.can_be_text),
        key=lambda one: (
            one.words < WORDS_OF_TEXT,
            one.words_of_name.isdisjoint(TEXTS),
            -one.characters,
        ),
    )


def _known(found: Iterable[Profile], names: Sequence[str]) -> bool:
    return any(one.name.lower() in names for one in found)


def _ranked(found: Sequence[Profile], names: Sequence[str], *, last: bool = False) -> Profile:
    """Choose by name, else the first, or the last."""
    known = [one for one in found if one.name.lower() in names]
    if known:
        return min(known, key=lambda one: names.index(one.name.lower()))
    return found[-1 if last else 0]


def _left_out(profiles: Iterable[Profile], used: set[str]) -> dict[str, str]:
    said = [f"{one.name} ({why_not(one)})" for one in profiles if one.name not in used]
    return {"left out": listed(said)} if said else {}
