"""An export in use: predict, score and generate, with no study, database or cluster at hand.

Letters: R rows, C classes, h horizon, K targets.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path

import numpy as np
import torch

from lstm_attn import stepping
from lstm_attn.batches import Table, scoring
from lstm_attn.checkpoint import CONFIG_FILE, SavedModel, read_config, read_model
from lstm_attn.classification import Classification
from lstm_attn.data import NewRows, read_rows
from lstm_attn.encoding import Label
from lstm_attn.errors import CheckpointError, DataError
from lstm_attn.forecasting import Forecasting
from lstm_attn.frequency import next_stamps
from lstm_attn.headers import ADVICE
from lstm_attn.models import SequenceModel, build
from lstm_attn.reading import FORMATS, find_files, told_format
from lstm_attn.sequences import SequenceData, Split
from lstm_attn.series import written
from lstm_attn.state import put_weights
from lstm_attn.tasks import Task, task_for

Files = str | PathLike[str] | Sequence[str | PathLike[str]]
"""A path or glob, or several."""
Row = dict[str, Label]
"""A line of a table: values by column, in the order of the columns."""

_LARGEST_SEED = 2**63 - 1


def load(folder: str | PathLike[str], *, device: str = "cpu") -> "Predictor":
    """Load an export.

    Arguments:
        folder: what `lstm-search export` wrote.
        device: where to compute, as PyTorch names it.

    Raises:
        CheckpointError: the export is damaged, or not ours.
    """
    path = Path(folder)
    saved, config = read_model(path), read_config(path)
    naive_error, trained_on = config.get("naive_error"), config.get("data")
    data_format = trained_on.get("format") if isinstance(trained_on, dict) else None
    if saved.task.kind == "forecasting" and naive_error is None:
        raise CheckpointError(f"{path / CONFIG_FILE}: no naive_error - {ADVICE}")
    with torch.device("meta"):
        model = build(saved.model)
    model.to_empty(device=device)
    put_weights(model, saved.weights)
    return Predictor(
        saved=saved,
        model=model.eval(),
        naive_error=tuple(naive_error or ()),
        in_utc=config.get("in_utc"),
        data_format=data_format if data_format in FORMATS else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictor:
    """A trained model, and all it takes to read new data."""

    saved: SavedModel
    """What the export holds."""
    model: SequenceModel
    """The model with its weights, in evaluation mode."""
    naive_error: tuple[float, ...]
    """Forecasting: (K,) mean absolute error of the seasonal naive within training rows; else ()."""
    in_utc: bool | None = None
    """Forecasting with time: whether the times trained on had a time zone; None where unknown."""
    data_format: str | None = None
    """Format of the files trained on: that of new files where a name among them tells none."""

    def predict(self, data: Files, *, probabilities: bool = False) -> list[Row]:
        """Predict what files don't tell.

        Classification: for each row its number, label and the label's probability. Forecasting:
        for each of the `horizon` rows after the last one its number, time and targets, in original
        units; times with a time zone come in UTC, and say so. Rows are numbered through all files
        from 1.

        Arguments:
            data: files with the input columns; forecasting needs time and targets too.
            probabilities: classification: whether to give the probability of each label.

        Raises:
            DataError: files that cannot be read or don't fit, a language model, or probabilities
                of what has no classes.
        """
        if self.saved.task.kind == "language-modeling":
            raise DataError("predict: the model is of language - use generate, or score")
        if probabilities and self.saved.task.kind != "classification":
            raise DataError(
                f"predict: probabilities are of classes, and the model is for "
                f"{self.saved.task.kind} - leave them out"
            )
        new = self._read(data)
        task, table = self._task(new.split), self._table(new.split)
        if isinstance(task, Classification):
            return self._classify(task, table, probabilities=probabilities)
        assert isinstance(task, Forecasting)
        return self._forecast(task, table, new)

    def score(self, data: Files | Split, *, rows: int | None = None) -> dict[str, float]:
        """Compare what the model predicts with what the data tell.

        Arguments:
            data: files, with targets; or rows encoded as the model's own were.
            rows: the most rows to score (tokens, for text), 1 or more, always the same; None for
                all.

        Returns:
            every metric of the task by its name.

        Raises:
            DataError: files that cannot be read or don't fit, or no row is to be scored.
        """
        if rows is not None and rows < 1:
            raise DataError(f"rows: got {rows} - use 1 or more")
        split = data if isinstance(data, Split) else self._read(data, labelled=True).split
        context = self.saved.training.context
        predictions = self._task(split).predict(self.model, self._table(split), context, rows)
        return predictions.metrics()

    def generate(
        self, prompt: str, *, length: int = 200, temperature: float = 1.0, seed: int = 0
    ) -> str:
        """Go on from a prompt.

        Arguments:
            prompt: text of one token at least.
            length: tokens to write, 1 or more.
            temperature: 1 draws as the model holds likely, less is surer, 0 takes the likeliest.
            seed: of the draws, 0 to 2**63 - 1.

        Returns:
            what comes after the prompt.

        Raises:
            DataError: the model is not of language, or an argument is out of range.
        """
        tokenizer = self.saved.encoding.tokenizer
        if self.saved.task.kind != "language-modeling" or tokenizer is None:
            raise DataError(
                f"generate: the model is for {self.saved.task.kind} - use predict, or score"
            )
        problems = []
        ids = np.zeros(0, np.int32)
        if any("\ud800" <= character <= "\udfff" for character in prompt):
            problems.append(f"prompt: got {prompt!r}, which is no UTF-8 text - write it as UTF-8")
        elif not len(ids := tokenizer.encode(prompt)[0]):
            problems.append(f"prompt: got {prompt!r} - give a word or more to go on from")
        if length < 1:
            problems.append(f"length: got {length} - use 1 or more")
        if not (math.isfinite(temperature) and temperature >= 0):
            problems.append(f"temperature: got {temperature} - use 0 or more")
        if not 0 <= seed <= _LARGEST_SEED:
            problems.append(f"seed: got {seed} - use 0 to {_LARGEST_SEED}")
        if problems:
            raise DataError(*problems)
        with scoring(self.model):
            more = stepping.write(
                self.model,
                ids.tolist(),
                context=self.saved.training.context,
                length=length,
                temperature=temperature,
                seed=seed,
                never=(tokenizer.padding, tokenizer.unknown),
            )
        # Decoded together: what stands between two words depends on both.
        return tokenizer.decode([*ids, *more]).removeprefix(tokenizer.decode(ids))

    def _classify(self, task: Classification, table: Table, *, probabilities: bool) -> list[Row]:
        labels = self.saved.encoding.labels
        every = np.arange(table.split.rows)
        given = task.log_probabilities(self.model, table, every, self.saved.training.context)
        rows: list[Row] = []
        for number, logs in enumerate(given, start=1):  # (C,)
            best, shares = int(logs.argmax()), np.exp(logs).tolist()
            row: Row = {"row": number, "label": labels[best], "probability": shares[best]}
            if probabilities:
                row |= {f"probability_{labels[i]}": share for i, share in enumerate(shares)}
            rows.append(row)
        return rows

    def _forecast(self, task: Forecasting, table: Table, new: NewRows) -> list[Row]:
        asked, count = self.saved.task, len(new.split.inputs)
        last = np.array([count - 1])
        values = task.forecast(self.model, table, last, self.saved.training.context)[0]  # (h, K)
        rows: list[Row] = [{"row": count + ahead} for ahead in range(1, asked.horizon + 1)]
        frequency = self.saved.encoding.frequency
        if new.stamps is not None and asked.time is not None and frequency is not None:
            stamps = next_stamps(new.stamps, frequency, asked.horizon)
            for row, stamp in zip(rows, stamps, strict=True):
                row[asked.time] = written(stamp, in_utc=new.in_utc)
        for row, targets in zip(rows, values.tolist(), strict=True):
            row |= dict(zip(asked.targets, targets, strict=True))
        return rows

    def _read(self, data: Files, *, labelled: bool = False) -> NewRows:
        several = [data] if isinstance(data, (str, PathLike)) else data
        files = find_files([fspath(path) for path in several], key="data")
        told = all(told_format(file) for file in files)
        return read_rows(
            [str(file) for file in files],
            self.saved.task,
            self.saved.encoding,
            labelled=labelled,
            context=self.saved.training.context,
            data_format=None if told else self.data_format,
            in_utc=self.in_utc,
        )

    def _table(self, split: Split) -> Table:
        return Table(split, next(self.model.parameters()).device)

    def _task(self, split: Split) -> Task:
        """Give the task of rows that are there to be used, not to train on."""
        saved = self.saved
        data = SequenceData(
            task=saved.task,
            encoding=saved.encoding,
            train=split,
            validation=split,
            test=None,
            naive_error=np.array(self.naive_error),
            fingerprint="",
            summary={},
        )
        return task_for(data, saved.training.objective)
