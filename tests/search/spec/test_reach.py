"""A dimension offers no value that could change nothing."""

import numpy as np
import pytest

from lstm_attn.tasks import task_for
from search.errors import SpecError

BEYOND = [
    (
        "classification",
        {"context": [8, 20, 21, 99]},
        "space.context: 21 and 99 are too many, the longest training row has 20 - use at most 20",
    ),
    (
        "classification",
        {"batch_size": {"low": 4, "high": 12, "step": 4}},
        "space.batch_size: 12 is too many, there are 10 training rows - use at most 10",
    ),
    (
        "language-modeling",
        {"batch_size": [8, 32], "context": [10, 20]},
        (
            "space.batch_size: 32 is too many, there are 19 training windows of 10 steps - "
            "use at most 19"
        ),
    ),
    (
        "forecasting",
        {"batch_size": [8, 512], "context": [10, 20]},
        (
            "space.batch_size: 512 is too many, there are 170 training windows of 10 steps - "
            "use at most 170"
        ),
    ),
    (
        "forecasting",
        {"patience": [3, 11, 12, 13]},
        "space.patience: 12 and 13 are too many, a trial ends after epoch 12 - use at most 11",
    ),
]


@pytest.mark.parametrize(("kind", "space", "line"), BEYOND)
def test_a_value_beyond_those_that_differ_is_refused(resolved, encoded, kind, space, line):
    with pytest.raises(SpecError) as caught:
        resolved(kind, rows=encoded(kind, rows=200), space=space, training={"epochs": 12})
    assert [problem.strip() for problem in caught.value.problems[1:]] == [line]


@pytest.mark.parametrize(("kind", "space", "line"), BEYOND)
def test_a_value_that_does_not_vary_may_be_any(resolved, encoded, kind, space, line):
    [name] = [name for name in space if line.startswith(f"space.{name}:")]
    for largest in (99, 170):
        training = {"epochs": 12, name: largest}
        resolved(kind, rows=encoded(kind, rows=200), training=training)
        resolved(kind, rows=encoded(kind, rows=200), training={"epochs": 12}, space={name: [99]})


def test_no_patience_has_a_meaning_in_one_epoch(resolved):
    with pytest.raises(SpecError, match="after epoch 1 - leave it out"):
        resolved(space={"patience": [1, 2]}, training={"epochs": 1})


@pytest.mark.parametrize("kind", ["classification", "language-modeling", "forecasting"])
def test_a_pass_of_the_largest_batch_is_one_batch(resolved, encoded, kind):
    data = encoded(kind, rows=200)
    rows = task_for(data, "mae").row_count(10)
    training = {"context": 10}
    space = resolved(kind, rows=data, space={"batch_size": [1, rows]}, training=training).space
    assert space.largest("batch_size") == rows
    with pytest.raises(SpecError, match=f"use at most {rows}$"):
        resolved(kind, rows=data, space={"batch_size": [1, rows + 1]}, training=training)


def test_rows_are_as_long_as_the_longest(encoded):
    assert np.diff(encoded("classification", rows=200).train.offsets).max() == 20
