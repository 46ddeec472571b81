from dataclasses import replace

import numpy as np
import pytest

from lstm_attn.config import TASK_KINDS
from lstm_attn.context import check_context, check_origins
from lstm_attn.errors import DataError
from lstm_attn.tasks import task_for


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_a_context_passes_if_and_only_if_a_pass_has_rows(kind, tiny_of):
    data = tiny_of(kind).data
    task = task_for(data, "mae")
    for context in range(-1, 70):
        try:
            check_context(data, context)
        except DataError:
            with pytest.raises(DataError):
                task.row_count(context)
        else:
            assert len(task.draw_pass(np.random.default_rng(0), context)) >= 1


def test_a_text_says_how_long_its_windows_may_be(tiny_of):
    with pytest.raises(
        DataError, match="context: 52 steps are too many - the training text has 52 tokens: use at"
    ):
        check_context(tiny_of("language-modeling").data, 52)


def test_a_sequence_may_be_cut_after_any_number_of_steps(tiny_of):
    check_context(tiny_of("classification").data, 10_000)


def test_a_series_says_how_long_its_windows_may_be(tiny_of):
    data = tiny_of("forecasting").data
    check_context(data, 23)
    with pytest.raises(DataError, match="25 training rows and a horizon of 2: use at most 23"):
        check_context(data, 24)


def test_the_first_origin_of_each_split_has_a_whole_window(tiny_of):
    data = tiny_of("forecasting").data
    early = replace(data, test=replace(data.validation, origins=np.array([9, 10])))
    check_context(early, 10)
    with pytest.raises(DataError, match="use at most 10"):
        check_context(early, 11)


def test_an_origin_needs_as_many_rows_as_a_window():
    check_origins(np.array([3, 4]), 4)
    check_origins(np.zeros(0, np.int64), 4)
    with pytest.raises(DataError, match="give at least 5 rows before the first row to forecast"):
        check_origins(np.array([3, 4]), 5)
