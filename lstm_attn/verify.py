"""An export loaded afresh and scored again, in a process that knows nothing of its training.

    python -m lstm_attn.verify FOLDER

reads the files that the export's `config.json` names, encodes them anew, and prints one line of
JSON: the scores, or the problems. With `--files` stdin says where the files are instead, as JSON
of the same form.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from lstm_attn.batches import Table
from lstm_attn.checkpoint import CONFIG_FILE, from_json, read_config
from lstm_attn.config import DataConfig
from lstm_attn.data import prepare
from lstm_attn.errors import CheckpointError, DataError, LstmAttnError
from lstm_attn.headers import ADVICE
from lstm_attn.metrics import ClassPredictions, LanguagePredictions, Predictions, interval
from lstm_attn.predict import load
from lstm_attn.sequences import Split
from lstm_attn.tasks import task_for

ROWS_A_FLIP = 1000
"""Of so many rows one may be guessed otherwise on another machine, and one at least of fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What a model scores on some rows."""

    rows: int
    """Rows that were scored; tokens, for text."""
    metrics: Mapping[str, float]
    """Every metric of the task."""
    interval: tuple[float, float] | None = None
    """95 % interval of the objective; None where none was asked for."""

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Read what `asdict` and JSON made of it."""
        bounds = plain["interval"]
        return cls(
            rows=plain["rows"],
            metrics=plain["metrics"],
            interval=None if bounds is None else (bounds[0], bounds[1]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What an export scores."""

    ranked: Score
    """On the validation rows that ranked its trial."""
    reach: Mapping[str, float]
    """How far each counted metric of them may move; see `reach`."""
    validation: Score
    """On all validation rows."""
    test: Score | None
    """On test rows; None where there are none, or none were asked for."""

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Read what `asdict` and JSON made of it."""
        test = plain["test"]
        return cls(
            ranked=Score.from_json(plain["ranked"]),
            reach=plain["reach"],
            validation=Score.from_json(plain["validation"]),
            test=None if test is None else Score.from_json(test),
        )


def verify(
    folder: Path,
    *,
    files: DataConfig | None = None,
    device: str = "cpu",
    with_test: bool = True,
) -> Verified:
    """Load an export and score it on the data it was trained on.

    Arguments:
        folder: the export.
        files: where its data are now; None: where the export says.
        device: where to compute, as PyTorch names it.
        with_test: whether to score test rows too, where there are any.

    Raises:
        CheckpointError: the export is damaged, or not ours.
        DataError: its data cannot be read, or have changed.
    """
    predictor = load(folder, device=device)
    saved, training = predictor.saved, predictor.saved.training
    source, was, threads = _origin(folder)
    source = files or source
    torch.set_num_threads(threads)
    data = prepare(source, saved.task)
    if data.fingerprint != was:
        raise DataError(
            f"data: {', '.join(source.train)} and what is held out have changed since (fingerprint "
            f"{was[:12]} then, {data.fingerprint[:12]} now) - put back what it was trained on"
        )
    fitted = data.encoding == saved.encoding
    if not fitted or predictor.naive_error != tuple(data.naive_error.tolist()):
        raise CheckpointError(
            f"{folder / CONFIG_FILE}: {'naive_error' if fitted else 'encoding'} is not what the "
            f"training rows give - {ADVICE}"
        )
    task = task_for(data, training.objective)

    def predict(split: Split, rows: int | None) -> Predictions:
        return task.predict(predictor.model, Table(split, device), training.context, rows)

    most = training.validation_rows
    ranked = predict(data.validation, most)
    every = ranked if data.scorable(data.validation) <= most else predict(data.validation, None)
    test = None
    if data.test is not None and with_test:
        predictions = predict(data.test, None)
        test = _score(predictions, bounds=interval(predictions, training.objective))
    return Verified(ranked=_score(ranked), reach=reach(ranked), validation=_score(every), test=test)


def reach(predictions: Predictions) -> dict[str, float]:
    """Bound how far counted metrics move if one row in a thousand, at least one, is guessed anew.

    A row guessed otherwise moves the recall of its own class, of n rows, by 1/n. It moves F1, which
    is 2h / (n + g) for h hits and g guesses, by at most 2 / (n + 1) in the class it is of and
    1 / (n + 1) in another; a class without rows may besides enter or leave the mean.

    Returns:
        the largest difference by metric; none for metrics that aren't counted.
    """
    if not isinstance(predictions, ClassPredictions):
        return {}
    rows = len(predictions)
    flips = max(rows // ROWS_A_FLIP, 1)
    sizes = np.bincount(predictions.labels, minlength=predictions.log_probabilities.shape[1])
    occurring = int((sizes > 0).sum())
    rarest = int(sizes[sizes > 0].min())
    entering = 0 if occurring == len(sizes) else 1
    return {
        "accuracy": flips / rows,
        "balanced_accuracy": flips / (occurring * rarest),
        "macro_f1": flips * (3 / (rarest + 1) + entering) / occurring,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify the export that the command line names; 0 if it could be scored."""
    parser = argparse.ArgumentParser(prog="python -m lstm_attn.verify", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", action="store_true")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--without-test", action="store_true")
    given = parser.parse_args(arguments)
    files = from_json(DataConfig, json.load(sys.stdin)) if given.files else None
    try:
        verified = verify(
            given.folder, files=files, device=given.device, with_test=not given.without_test
        )
    except LstmAttnError as error:
        answer: dict[str, Any] = {"problems": error.problems}
    else:
        answer = asdict(verified)
    sys.stdout.write(json.dumps(answer) + "\n")
    return 1 if "problems" in answer else 0


def _origin(folder: Path) -> tuple[DataConfig, str, int]:
    """Read where an export's data are, their fingerprint, and the threads it was trained with."""
    config = read_config(folder)
    try:
        source = from_json(DataConfig, config["data"])
        return source, str(config["fingerprint"]), int(config["threads"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{folder / CONFIG_FILE}: {error!r} - {ADVICE}") from error


def _score(predictions: Predictions, bounds: tuple[float, float] | None = None) -> Score:
    rows = len(predictions)
    if isinstance(predictions, LanguagePredictions):
        rows = int(predictions.tokens.sum())
    return Score(rows=rows, metrics=predictions.metrics(), interval=bounds)


if __name__ == "__main__":
    sys.exit(main())
