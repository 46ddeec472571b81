"""Labels of rows: strings, whole numbers, true and false, as training rows have them."""

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_attn.encoding import Label
from lstm_attn.errors import DataError

Integers = npt.NDArray[np.int64]
LabelKind = type[str | int | float | bool]

_INTEGER = re.compile(r"-?(0|[1-9]\d*)(\.0*)?")
"""A whole number; one with leading zeros is a name, as a postal code."""
_SHOWN = 12
"""Labels named in a message or summary."""


def fit_labels(found: Sequence[Any]) -> tuple[Label, ...]:
    """Give the labels of training rows in order, all of one kind.

    Raises:
        DataError: fewer than two, or one that is an infinite number.
    """
    infinite = [label for label in found if isinstance(label, float) and math.isinf(label)]
    if infinite:
        raise DataError(
            f"task.target: got the label {infinite[0]} - labels are text, true and false, or "
            "finite numbers; mend or remove such rows"
        )
    kind = label_kind(found)
    known = {as_label(label, kind) for label in found}
    if len(known) < 2:  # noqa: PLR2004 - nothing to tell apart
        raise DataError(
            f"task.target: all training rows are labelled {listed(list(known))} - "
            "give rows of at least two labels"
        )
    return tuple(sorted(known))


def label_kind(found: Sequence[Any]) -> LabelKind:
    """Tell what labels are: bools, ints, floats, or else strings; the first that fits all."""
    kinds: tuple[LabelKind, ...] = (bool, int, float)
    for kind in kinds:
        if all(type(as_label(label, kind)) is kind for label in found):
            return kind
    return str


def as_label(value: Any, kind: LabelKind) -> Label:  # noqa: ANN401 - whatever files hold
    """Read a value as a label of one kind, so that 1, 1.0 and "1" are one; else as a string."""
    text = str(value).strip()
    if kind is bool and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if kind is int and not isinstance(value, bool) and _INTEGER.fullmatch(text):
        return int(text.partition(".")[0])
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return text


def label_codes(
    found: Sequence[Any], indices: Integers, known: Sequence[Label], key: str
) -> Integers:
    """Give each row's place among the known labels, (R,).

    Raises:
        DataError: labels that training never saw, with their rows counted.
    """
    kind = type(known[0])
    place = {label: number for number, label in enumerate(known)}
    places = np.array([place.get(as_label(label, kind), -1) for label in found], dtype=np.int64)
    codes = places[indices]
    if (codes < 0).any():
        counts = np.bincount(indices, minlength=len(found))
        unseen = [
            f"{found[at]!r} ({counts[at]} row{'s' if counts[at] > 1 else ''})"
            for at, place in enumerate(places)
            if place < 0
        ]
        raise DataError(
            f"{key}: training rows have no label {listed(unseen)} - it has "
            f"{listed([repr(label) for label in known])}; remove such rows, or train on some"
        )
    return codes


def listed(items: Sequence[object]) -> str:
    """Name the first of many things."""
    more = [f"{len(items) - _SHOWN} more"] if len(items) > _SHOWN else []
    return ", ".join([str(item) for item in items[:_SHOWN]] + more)
