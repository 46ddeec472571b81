"""Every row once, in an order that looks like chance, in little memory."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_attn import shuffling
from lstm_attn.shuffling import LISTED, Rows, shuffled
from lstm_attn.stream import Stream
from lstm_attn.tasks import task_for

MEGABYTE = 1_000_000


def draws(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


def listed(count: int, seed: int = 5) -> Rows:
    return shuffled(draws(seed), count)


def worked_out(count: int, seed: int = 5) -> Rows:
    """Have an order worked out place by place, though few rows would be listed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shuffling, "LISTED", 0)
        return shuffled(draws(seed), count)


@pytest.mark.parametrize("count", [1, LISTED, LISTED + 1])
def test_each_row_comes_once_whether_listed_or_worked_out(count):
    order = shuffled(draws(), count, first=7, stride=3)
    assert len(order) == count
    assert np.array_equal(np.sort(order[:]), 7 + 3 * np.arange(count))


@given(count=st.integers(1, 300), seed=st.integers(0, 9))
def test_each_row_comes_once_for_any_number_of_rows(count, seed):
    assert sorted(worked_out(count, seed)[:].tolist()) == list(range(count))


@pytest.mark.parametrize("make", [listed, worked_out])
def test_an_order_is_its_draws_alone(make):
    order = make(1000)[:]
    assert np.array_equal(order, make(1000)[:])
    assert (order != make(1000, 6)[:]).mean() > 0.99


def test_slices_are_parts_of_the_whole_and_end_with_it():
    order = worked_out(100)
    parts = [order[first : first + 32] for first in range(0, 100, 32)]
    assert [len(part) for part in parts] == [32, 32, 32, 4]
    assert np.array_equal(np.concatenate(parts), order[:])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", [1000, 90_001])
def test_a_place_says_nothing_of_its_row_nor_a_row_of_the_next(count, seed):
    order = worked_out(count, seed)[:]
    for before, after in ((np.arange(count), order), (order[:-1], order[1:])):
        correlation = np.corrcoef(before, after)[0, 1]
        assert abs(correlation) < 4 / np.sqrt(count)  # 4 standard deviations of chance
    runs = int((np.diff(order) == 1).sum())  # Poisson, mean 1
    assert runs <= 8


def test_a_pass_over_many_rows_takes_no_memory_of_its_own(tiny):
    many = 40 * LISTED
    train = tiny.data.train
    train = replace(
        train,
        inputs=np.broadcast_to(train.inputs[0], (many, *train.inputs.shape[1:])),
        offsets=np.broadcast_to(train.offsets[0], many),
    )
    data = replace(tiny.data, train=train, training_end=many)
    task = task_for(data, tiny.training.objective)
    context = 2  # forecasts' windows stay within the rows before the first origin
    assert task.row_count(context) > 10 * LISTED
    stream = Stream(task, context=context, batch_size=8, seed=3)
    tracemalloc.start()
    try:
        assert len(stream.starts(5)) == 8
        assert tracemalloc.get_traced_memory()[1] < MEGABYTE
    finally:
        tracemalloc.stop()
