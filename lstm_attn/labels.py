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
_DECIMAL = re.compile(r"-?(0|[1-9]\d*)(\.\d*)?(e[+-]?\d+)?", re.IGNORECASE)
_EXACT = 2.0**53
"""From here on floats skip whole numbers."""
_SHOWN = 12
"""Labels named in a message or summary."""


def fit_labels(found: Sequence[Any]) -> tuple[Label, ...]:
    """Give the labels of training rows in order, all of one kind.

    Raises:
        DataError: fewer than two, two that are one number, or a float that is infinite or may have
            lost digits.
    """
    infinite = [label for label in found if isinstance(label, float) and math.isinf(label)]
    if infinite:
        raise DataError(
            f"task.target: got the label {infinite[0]} - labels are text, true and false, or "
            "finite numbers; mend or remove such rows"
        )
    rounded = [label for label in found if isinstance(label, float) and abs(label) >= _EXACT]
    if rounded:
        raise DataError(
            f"task.target: got the label {rounded[0]!r}, a float, of which whole numbers from 2^53 "
            "on may have lost digits - write such labels as text, or whole numbers of 64 bits"
        )
    kind = label_kind(found)
    known = {as_label(label, kind) for label in found}
    alike: dict[Label, Label] = {}
    for label in sorted(known):
        if alike.setdefault(_number_alike(label), label) != label:
            raise DataError(
                f"task.target: the labels {alike[_number_alike(label)]!r} and {label!r} are one "
                "number - write it alike in all rows"
            )
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
        if kind is float and any(isinstance(label, str) for label in found):
            break  # 3.1 and 3.10 of a text may be two names
        if all(type(as_label(label, kind)) is kind for label in found):
            return kind
    return str


def as_label(value: Any, kind: LabelKind) -> Label:  # noqa: ANN401 - whatever files hold
    """Read a value as a label of one kind, so that 1, 1.0 and "1" are one; else as a string."""
    text = str(value).strip()
    if kind is bool and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if isinstance(value, bool):
        return text
    if kind is int:
        whole = str(int(value)) if isinstance(value, float) and value.is_integer() else text
        return int(whole.partition(".")[0]) if _INTEGER.fullmatch(whole) else text
    is_exact = value == float(value) if isinstance(value, int) else isinstance(value, str | float)
    if kind is float and is_exact and _DECIMAL.fullmatch(text):
        return float(value)
    return text


def label_codes(
    found: Sequence[Any], indices: Integers, known: Sequence[Label], key: str
) -> Integers:
    """Give each row's place among the known labels, (R,).

    Arguments:
        found: the different labels as files have them.
        indices: (R,) place of each row's label among them.
        known: those of training rows, of one kind.
        key: where the rows come from, for messages.

    Raises:
        DataError: labels that training never saw, with their rows counted.
    """
    kind = type(known[0])
    place = {label: number for number, label in enumerate(known)}
    alike = {_number_alike(label): number for number, label in enumerate(known)}
    read = [as_label(label, kind) for label in found]
    places = np.array(
        [place.get(label, alike.get(_number_alike(label), -1)) for label in read], dtype=np.int64
    )
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


def _number_alike(label: Label) -> Label:
    """Write 1, 1. and 1.00 of texts as one; give others as they are."""
    if isinstance(label, str) and _INTEGER.fullmatch(label):
        return str(int(label.partition(".")[0]))
    return label


def listed(items: Sequence[object]) -> str:
    """Name the first of many things."""
    more = [f"{len(items) - _SHOWN} more"] if len(items) > _SHOWN else []
    return ", ".join([str(item) for item in items[:_SHOWN]] + more)
