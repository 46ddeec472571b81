"""The order of training rows: one stream of batches over pass after pass.

The global step says which pass and which place in it, so a run's epoch and step say where it
stands.
"""

import math

import numpy as np
import numpy.typing as npt

from lstm_attn.chance import row_order
from lstm_attn.shuffling import Rows
from lstm_attn.tasks import Task

LEAST_STEPS = 25
"""Steps below which an epoch takes several passes."""
MOST_STEPS = 2_000
"""Steps above which an epoch takes part of a pass."""


def epoch_steps(pass_steps: int) -> int:
    """Give the optimizer steps of an epoch: whole passes up to at least 25, at most 2,000.

    Arguments:
        pass_steps: steps of a pass over the training rows, 1 or more.
    """
    return min(pass_steps * math.ceil(LEAST_STEPS / pass_steps), MOST_STEPS)


class Stream:
    """The batches of a run, by global step; the last one of a pass may be smaller.

    Arguments:
        task: draws the rows of a pass.
        context: steps of a training window.
        batch_size: rows a step.
        seed: of the trial.

    Raises:
        DataError: no training row has as many steps as `context`.
    """

    def __init__(self, task: Task, *, context: int, batch_size: int, seed: int) -> None:
        self._task = task
        self._context = context
        self._batch_size = batch_size
        self._seed = seed
        self._rows = task.row_count(context)
        self._drawn: tuple[int, Rows] | None = None

    @property
    def pass_steps(self) -> int:
        """Batches of a pass."""
        return math.ceil(self._rows / self._batch_size)

    def starts(self, step: int) -> npt.NDArray[np.int64]:
        """Give the rows of the batch at a global step, as `Task.draw_pass` names them."""
        turn, place = divmod(step, self.pass_steps)
        if self._drawn is None or self._drawn[0] != turn:
            rng = row_order(self._seed, turn)
            self._drawn = turn, self._task.draw_pass(rng, self._context)
        first = place * self._batch_size
        return self._drawn[1][first : first + self._batch_size]

    def rows_between(self, first: int, end: int) -> int:
        """Count the rows of the batches from a global step up to, not including, another."""
        return self._rows_before(end) - self._rows_before(first)

    def _rows_before(self, step: int) -> int:
        turns, place = divmod(step, self.pass_steps)
        return turns * self._rows + place * self._batch_size
