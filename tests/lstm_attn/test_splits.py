"""What is held out: by position in order, or drawn with each label's share."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lstm_attn.errors import DataError
from lstm_attn.splits import HeldOut, cut, stratified, understand

LABELS = st.lists(st.integers(0, 4), min_size=12, max_size=80).map(np.array)
SHARES = st.one_of(st.floats(0.05, 0.45), st.integers(1, 4))


def held(share: float | None = None, key: str = "data.validation") -> HeldOut:
    return HeldOut(key=key, share=share)


@given(st.integers(10, 500), SHARES, st.one_of(st.none(), SHARES))
def test_splits_by_position_follow_each_other_and_test_is_last(total, validation, test) -> None:
    first, second = cut(total, held(validation), held(test, "data.test"))
    assert 0 < first < second <= total
    expected = test if isinstance(test, int) else max(round((test or 0) * total), bool(test))
    assert total - second == expected
    assert second - first == held(validation).count(total)


@given(LABELS, SHARES, SHARES, st.integers(0, 5))
def test_drawn_rows_stand_in_one_split_each(labels, validation, test, seed) -> None:
    assume_room(labels, validation, test)
    parts = stratified(labels, held(validation), held(test), seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(labels)))
    for part in parts:
        assert (np.diff(part) > 0).all()
    assert [len(part) for part in parts[1:]] == [
        held(validation).count(len(labels)), held(test).count(len(labels)),
    ]  # fmt: skip


@given(LABELS, SHARES, SHARES, st.integers(0, 5))
def test_each_label_keeps_its_share_and_a_training_row(labels, validation, test, seed) -> None:
    assume_room(labels, validation, test)
    training, _, drawn_test = stratified(labels, held(validation), held(test), seed)
    assert set(labels[training]) == set(labels)
    sizes, drawn = Counter(labels.tolist()), Counter(labels[drawn_test].tolist())
    if min(sizes.values()) > len(labels) / 5:  # no label is so rare that one must be left
        for label, size in sizes.items():
            assert abs(drawn[label] - len(drawn_test) * size / len(labels)) < 1


@given(LABELS, st.integers(0, 3))
def test_the_seed_decides_the_draw_and_nothing_else_does(labels, seed) -> None:
    assume_room(labels, 0.2, 0.2)
    draws = [stratified(labels, held(0.2), held(0.2), seed) for _ in range(2)]
    for one, other in zip(*draws, strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_seed_draws_other_rows() -> None:
    labels = np.arange(200) % 2
    draws = {tuple(stratified(labels, held(0.2), held(), seed)[1]) for seed in range(5)}
    assert len(draws) == 5


def test_without_test_nothing_is_held_out_for_it() -> None:
    assert len(stratified(np.arange(20) % 2, held(0.2), held(), 0)[2]) == 0
    assert cut(10, held(0.2), held()) == (8, 10)


def test_too_many_rows_held_out_is_an_error_with_the_most_there_can_be() -> None:
    with pytest.raises(
        DataError, match=r"9 of 10 rows can't be held out .* at most 8, or give more rows"
    ):
        stratified(np.arange(10) % 2, held(9), held(), 0)
    with pytest.raises(DataError, match=r"data.validation: 10 of 10 rows are held out"):
        cut(10, held(10), held())


@pytest.mark.parametrize(
    ("validation", "test", "key"),
    [(10, 60, "test"), (10, 500, "test"), (50, 10, "validation"), (0.2, 55, "validation")],
)
def test_what_is_too_many_alone_is_to_blame(validation, test, key) -> None:
    with pytest.raises(DataError, match=f"^data.{key}: .* of 60 rows are held out and none is"):
        cut(60, held(validation), held(test, "data.test"))


@pytest.mark.parametrize(
    "text", ["2012-01-01T02:00+02:00", "2012/01/01 00:00Z", "2011-12-31 19:00-05:00"]
)
def test_a_date_with_a_time_zone_is_turned_into_utc(text) -> None:
    assert understand(text, "data.test").since == np.datetime64("2012-01-01", "us")


def test_a_date_whose_utc_is_before_all_years_is_no_date() -> None:
    assert understand("0001-01-01T00:00+02:00", "data.test").since is None


def test_dates_cut_from_then_on() -> None:
    stamps = np.arange("2012-01-01", "2012-01-11", dtype="M8[D]").astype("M8[us]")
    validation = understand("2012-01-05", "data.validation")
    test = understand("2012/01/09", "data.test")
    assert cut(10, validation, test, stamps=stamps) == (4, 8)
    later = understand("2013-01-01", "data.validation")
    with pytest.raises(DataError, match=r"2013-01-01 leaves no row.*after 2012-01-01 and up to 20"):
        cut(10, later, held(), stamps=stamps)
    with pytest.raises(DataError, match=r"data.validation: 2012-01-05 leaves no row"):
        cut(10, validation, understand("2012-01-03", "data.test"), stamps=stamps)
    for without_time in (
        lambda: cut(10, validation, held()),
        lambda: stratified(np.arange(10) % 2, validation, held(), 0),
    ):
        with pytest.raises(DataError, match=r"a date needs forecasting with task\.time"):
            without_time()


@pytest.mark.parametrize("share", [0, -1, 0.0, 1.0, 1.5, -0.5, float("nan"), True])
def test_a_share_out_of_range_is_an_error_with_what_would_do(share) -> None:
    with pytest.raises(DataError, match=r"data.test: got .* use a share between 0 and 1"):
        understand(share, "data.test")


def test_what_is_no_date_is_a_file() -> None:
    assert understand("rows/2012.csv", "data.test").files == ("rows/2012.csv",)
    assert understand(("a.csv", "b.csv"), "data.test").files == ("a.csv", "b.csv")
    assert not understand(None, "data.test").is_cut


def assume_room(labels: np.ndarray, validation: float, test: float) -> None:
    """Leave out draws that would leave a label without a training row."""
    taken = held(validation).count(len(labels)) + held(test).count(len(labels))
    assume(taken <= len(labels) - len(set(labels.tolist())))
