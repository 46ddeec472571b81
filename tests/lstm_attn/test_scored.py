import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_attn.errors import DataError
from lstm_attn.scored import scored_rows, scored_windows

caps = st.one_of(st.none(), st.integers(1, 300))


@given(st.integers(1, 200), caps)
def test_a_cap_chooses_as_many_rows_each_once_and_in_order(count, rows):
    chosen = scored_rows(count, rows)
    assert len(chosen) == (count if rows is None else min(count, rows))
    assert (np.diff(chosen) > 0).all()
    assert chosen[0] >= 0
    assert chosen[-1] < count


@given(st.integers(1, 200), caps)
def test_capped_rows_are_always_the_same_ones(count, rows):
    assert np.array_equal(scored_rows(count, rows), scored_rows(count, rows))


def test_capped_rows_are_of_all_classes_and_of_all_hours():
    chosen = scored_rows(2400, 100)
    assert set(chosen // 240) == set(range(10))
    assert len(set(chosen % 24)) == 24


@given(st.integers(2, 200), st.integers(1, 60), caps)
def test_a_cap_scores_the_first_tokens_each_once_for_every_context(count, context, rows):
    starts, lengths = scored_windows(count, context, rows)
    scored = [
        start + 1 + step
        for start, length in zip(starts, lengths, strict=True)
        for step in range(length)
    ]
    most = count - 1 if rows is None else min(rows, count - 1)
    assert scored == list(range(1, most + 1))  # whatever the context


@given(st.integers(2, 200), st.integers(1, 60), caps)
def test_windows_are_whole_but_for_the_last(count, context, rows):
    _, lengths = scored_windows(count, context, rows)
    assert set(lengths[:-1]) <= {context}
    assert 1 <= lengths[-1] <= context


def test_nothing_to_score_is_an_error():
    with pytest.raises(DataError, match="give at least one"):
        scored_rows(0, None)
    with pytest.raises(DataError, match="1 tokens, and the first is not scored"):
        scored_windows(1, 8, None)
