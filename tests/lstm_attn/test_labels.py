"""Labels: one and the same, however a file writes them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_attn.encoding import Label
from lstm_attn.errors import DataError
from lstm_attn.labels import as_label, fit_labels, label_codes, label_kind


def codes(found: list[object], known: tuple[Label, ...]) -> list[int]:
    return label_codes(found, np.arange(len(found)), known, "task.target").tolist()


@given(st.lists(st.one_of(st.integers(), st.text(max_size=3), st.booleans()), min_size=1))
def test_a_label_reads_as_the_kind_all_labels_have(found: list[Label]) -> None:
    kind = label_kind(found)
    assert {type(as_label(label, kind)) for label in found} == {kind}


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, unique=True))
def test_labels_of_floats_are_met_again_as_floats_and_as_text(found) -> None:
    known = fit_labels(found)
    assert [float(known[code]) for code in codes(list(found), known)] == found
    assert codes([str(label) for label in found], known) == codes(list(found), known)


@pytest.mark.parametrize(
    ("trained", "again"),
    [
        ([0.5, 1.0, 1.5], ["0.5", "1", "1.50"]),
        (["0.5", "1", "1.5"], [0.5, 1.0, 1.5]),
        (["0.5", "1.0", "1.5"], [0.5, 1, 1.5]),
        ([1, 2, 10**16], [1.0, "2.0", 1e16]),
    ],
)
def test_numbers_are_met_again_however_they_are_written(trained, again) -> None:
    assert codes(again, fit_labels(trained)) == [0, 1, 2]


def test_names_that_are_numbers_with_fractions_stay_names() -> None:
    assert fit_labels(["3.1", "3.10", "3.9"]) == ("3.1", "3.10", "3.9")


def test_two_ways_to_write_one_number_beside_names_are_refused() -> None:
    with pytest.raises(DataError, match=r"the labels '1' and '1.0' are one number - write it"):
        fit_labels(["0.5", "1", "1.0"])


def test_floats_that_may_have_lost_digits_are_no_labels() -> None:
    with pytest.raises(DataError, match=r"got the label 9007199254740992.0, a float, of which"):
        fit_labels([1.0, 2.0**53])


def test_whole_numbers_that_no_float_has_stay_apart_beside_fractions() -> None:
    assert len(fit_labels([0.5, 2**53, 2**53 + 1])) == 3
