"""What follows from a spec and its data before anything is trained."""

from dataclasses import asdict

import numpy as np

from lstm_attn import baselines
from lstm_attn.sequences import SequenceData
from lstm_attn.stream import epoch_steps
from lstm_attn.tasks import task_for
from search.records import BaselineScore
from search.spec import StudySpec


def score_baselines(spec: StudySpec, data: SequenceData) -> tuple[BaselineScore, ...]:
    """Score the models that are no networks on the rows that rank trials, and on test rows."""
    found = baselines.baselines(
        data,
        objective=spec.objective,
        context=spec.largest_context,
        validation_rows=spec.validation_rows,
    )
    return tuple(BaselineScore(**asdict(baseline)) for baseline in found)


def steps_of_epoch(spec: StudySpec, data: SequenceData) -> int:
    """Count the optimizer steps of an epoch at the default batch size and context."""
    _, training = spec.space.configure(spec.space.defaults()[0])
    rows = task_for(data, spec.objective).row_count(training.context)
    return training.epoch_steps or epoch_steps(-(-rows // training.batch_size))


def remarks(spec: StudySpec, data: SequenceData) -> dict[str, str]:
    """Say what is done to the data that the user may not expect."""
    if data.task.kind != "classification":
        return {}
    lengths = np.diff(data.train.offsets)
    context = spec.largest_context
    cut = int((lengths > context).sum())
    if not cut:
        return {}
    return {
        "context": f"{cut} of {len(lengths)} training rows are cut to their first {context} "
        "steps - set training.context for more"
    }
