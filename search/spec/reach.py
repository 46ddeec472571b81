"""Values on offer that could change nothing, given the data: a dimension has none of them."""

from collections.abc import Iterator

import numpy as np

from lstm_attn.sequences import SequenceData
from search.space import Space
from search.spec.words import some


def idle(space: Space, data: SequenceData) -> Iterator[str]:
    """Yield a line for each dimension with values beyond those that make a difference.

    Arguments:
        space: what is to be tried; its contexts go with the data.
        data: the data, encoded.
    """
    from lstm_attn.tasks import task_for

    if "context" in space.domains and data.task.kind == "classification":
        longest = int(np.diff(data.train.offsets).max())
        yield from _beyond(space, "context", longest, f"the longest training row has {longest:,}")
    if "batch_size" in space.domains:
        # The shortest windows are the most.
        context = int(space.smallest("context"))
        rows = task_for(data, space.facts.objective).row_count(context)
        what = "rows" if data.task.kind == "classification" else f"windows of {context} steps"
        yield from _beyond(space, "batch_size", rows, f"there are {rows:,} training {what}")
    if "patience" in space.domains:
        epochs = int(space.fixed["epochs"])
        yield from _beyond(space, "patience", epochs - 1, f"a trial ends after epoch {epochs}")


def _beyond(space: Space, name: str, most: int, why: str) -> Iterator[str]:
    over = [value for value in space.domains[name].points() if float(value) > most]
    if over:
        cure = f"use at most {most:,}" if most else "leave it out"
        verb = "is" if len(over) == 1 else "are"
        yield f"space.{name}: {some(over)} {verb} too many, {why} - {cure}"
