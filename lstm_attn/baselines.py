"""What every trial is held to: for each task a trivial and a strong cheap baseline.

They are fitted on the training rows, and scored as a trial is, on the same rows.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstm_attn.context import check_context
from lstm_attn.logistic import logistic_regression
from lstm_attn.metrics import (
    ClassPredictions,
    ForecastPredictions,
    LanguagePredictions,
    Predictions,
)
from lstm_attn.ngram import NGram
from lstm_attn.ridge import ridge
from lstm_attn.scored import scored_rows, scored_windows
from lstm_attn.sequences import SequenceData, Split

Predict = Callable[[Split, int | None], Predictions]
"""Predicts the scored rows of a split, of so many at most."""

ORDER = {"character": 5, "word": 3, "given": 3}
"""Tokens of the longest n-gram, by kind of tokenizer."""
MOST_TOKENS = 10_000_000
"""Training tokens whose n-grams are counted, the last ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A model anyone could have for nothing, and its scores."""

    name: str
    """What it is, for people."""
    strong: bool
    """Whether it is the one worth beating rather than a trivial one."""
    validation: Mapping[str, float]
    """Every metric of the task, on the validation rows that a trial is scored on."""
    test: Mapping[str, float] | None
    """Every metric of the task, on all test rows; None where there are none."""


def baselines(
    data: SequenceData, *, objective: str, context: int, validation_rows: int | None
) -> tuple[Baseline, ...]:
    """Fit and score the baselines of a task, the trivial ones first.

    Arguments:
        data: encoded rows.
        objective: the metric that ranks; the strong ones are tuned for it, within training rows.
        context: steps of a window; for classification the most steps of a sequence.
        validation_rows: the most validation rows to score (tokens, for text); None for all.

    Raises:
        DataError: the context doesn't fit the data.
    """
    check_context(data, context)
    match data.task.kind:
        case "language-modeling":
            predictors = _language(data, context)
        case "classification":
            predictors = _classification(data, objective, context)
        case "forecasting":
            predictors = _forecasting(data, objective, context)
    return tuple(
        Baseline(
            name=name,
            strong=strong,
            validation=predict(data.validation, validation_rows).metrics(),
            test=None if data.test is None else predict(data.test, None).metrics(),
        )
        for name, strong, predict in predictors
    )


def _language(data: SequenceData, context: int) -> Iterator[tuple[str, bool, Predict]]:
    tokenizer = data.encoding.tokenizer
    assert tokenizer is not None  # of every text
    for order in (1, ORDER[tokenizer.kind]):
        model = NGram(_tokens(data.train)[-MOST_TOKENS:], order=order, vocabulary=tokenizer.size)

        def predict(split: Split, rows: int | None, model: NGram = model) -> LanguagePredictions:
            starts, lengths = scored_windows(len(split.inputs), context, rows)
            read = _tokens(split)[: starts[-1] + lengths[-1] + 1]
            return LanguagePredictions(
                nats=np.add.reduceat(model.nats(read)[1:], starts),
                tokens=lengths,
                characters=split.character_ends[starts + lengths] - split.character_ends[starts],
            )

        yield ("unigram" if order == 1 else f"{order}-gram"), order > 1, predict


def _tokens(split: Split) -> npt.NDArray[np.int64]:
    return np.asarray(split.inputs, dtype=np.int64)


def _classification(
    data: SequenceData, objective: str, context: int
) -> Iterator[tuple[str, bool, Predict]]:
    counts = np.bincount(data.train.labels, minlength=len(data.encoding.labels))
    shares = (counts + 1) / (counts + 1).sum()

    def majority(split: Split, rows: int | None) -> ClassPredictions:
        chosen = scored_rows(split.rows, rows)
        return ClassPredictions(
            log_probabilities=np.tile(np.log(shares), (len(chosen), 1)),
            labels=split.labels[chosen],
        )

    yield "majority", False, majority
    regression = logistic_regression(data, objective=objective, context=context)
    yield "logistic regression", True, regression


def _forecasting(
    data: SequenceData, objective: str, context: int
) -> Iterator[tuple[str, bool, Predict]]:
    ahead = np.arange(1, data.task.horizon + 1)
    season = data.task.season or 1

    def repeated(season: int) -> Predict:
        back = ahead - season * -(-ahead // season)  # the same step of the last season seen

        def predict(split: Split, rows: int | None) -> ForecastPredictions:
            origins = split.origins[scored_rows(len(split.origins), rows)][:, None]
            source = origins + back
            source = np.where(source >= 0, source, origins)  # within the first season
            return ForecastPredictions(
                forecasts=split.targets[source],
                truths=split.targets[origins + ahead],
                naive_error=data.naive_error,
            )

        return predict

    yield "persistence", False, repeated(1)
    if season > 1:
        yield "seasonal naive", False, repeated(season)
    yield "ridge", True, ridge(data, objective=objective, context=context)
