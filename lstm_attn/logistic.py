"""Logistic regression on simple statistics of a sequence: floats by channel, text by its words.

Letters: R rows, N steps of all rows, F features of a step, V tokens, C classes, D statistics.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_attn.config import METRICS, loss_metric
from lstm_attn.metrics import ClassPredictions
from lstm_attn.scored import scored_rows
from lstm_attn.sequences import SequenceData, Split

Integers = npt.NDArray[np.int64]
Matrix = Any
"""A numpy array, or a scipy sparse matrix of as many axes."""

STRENGTHS = (0.01, 0.1, 1.0, 10.0, 100.0)
"""Inverse regularisation to choose from, the most regularised first."""
FOLDS = 3
"""Parts of the training rows that take turns to judge a strength."""
MOST_JUDGED = 5_000
"""Training rows that a strength is chosen on, for speed; the last fit takes them all."""
_CHUNK = 4096
"""Rows whose steps are held in float64 at a time."""


def logistic_regression(
    data: SequenceData, *, objective: str, context: int
) -> Callable[[Split, int | None], ClassPredictions]:
    """Fit scikit-learn's multinomial logistic regression on the training rows.

    Statistics of float sequences: mean, deviation, first, middle and last value of each channel,
    standardised; of text: its tokens' logarithmic counts, weighted by rarity (tf-idf). How much it
    is regularised is chosen by cross-validation within the training rows.

    Arguments:
        data: of classification.
        objective: the metric to choose by; equal ones are ordered by cross-entropy.
        context: the most steps of a sequence.

    Returns:
        what predicts the scored rows of a split, of so many at most.
    """
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.preprocessing import StandardScaler

    prepare = TfidfTransformer(sublinear_tf=True) if data.tokens else StandardScaler()
    classes = len(data.encoding.labels)

    def statistics(split: Split, rows: Integers) -> Matrix:
        if data.tokens:
            return words(split, rows, context=context, vocabulary=data.input_size)
        return channels(split, rows, context=context)

    inputs = prepare.fit_transform(statistics(data.train, np.arange(data.train.rows)))
    labels = data.train.labels
    strength = _strength(inputs, labels, classes, objective)
    model = _Fitted(inputs, labels, classes, strength)

    def predict(split: Split, rows: int | None) -> ClassPredictions:
        chosen = scored_rows(split.rows, rows)
        return ClassPredictions(
            log_probabilities=model.log_probabilities(prepare.transform(statistics(split, chosen))),
            labels=split.labels[chosen],
        )

    return predict


def channels(split: Split, rows: Integers, *, context: int) -> npt.NDArray[np.float64]:
    """Give mean, deviation, first, middle and last value of each channel, (rows, 5 F).

    Arguments:
        split: of float sequences.
        rows: numbers of rows, in any order.
        context: the most steps of a sequence.
    """
    chunks = [np.zeros((0, 5 * split.inputs.shape[1]))]
    for start in range(0, len(rows), _CHUNK):
        some = rows[start : start + _CHUNK]
        steps, ends = _steps(split, some, context)
        begins, lengths = ends[:-1], np.diff(ends)
        values = split.inputs[steps].astype(np.float64)
        mean = np.add.reduceat(values, begins) / lengths[:, None]
        spread = np.square(values - np.repeat(mean, lengths, axis=0))
        deviation = np.sqrt(np.add.reduceat(spread, begins) / lengths[:, None])
        first, middle, last = values[begins], values[begins + lengths // 2], values[ends[1:] - 1]
        chunks.append(np.concatenate([mean, deviation, first, middle, last], axis=1))
    return np.concatenate(chunks)


def words(split: Split, rows: Integers, *, context: int, vocabulary: int) -> Matrix:
    """Count the tokens of each row, as a scipy sparse matrix (rows, V).

    Arguments:
        split: of texts.
        rows: numbers of rows, in any order.
        context: the most tokens of a text.
        vocabulary: V.
    """
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

    steps, ends = _steps(split, rows, context)
    tokens = split.inputs[steps]
    counts = csr_matrix((np.ones(len(tokens)), tokens, ends), shape=(len(rows), vocabulary))
    counts.sum_duplicates()
    return counts


def _steps(split: Split, rows: Integers, context: int) -> tuple[Integers, Integers]:
    """Number the first `context` steps of each row, and say where in them each row ends."""
    begins = split.offsets[rows]
    lengths = np.minimum(split.offsets[rows + 1] - begins, context)
    ends = np.concatenate([[0], np.cumsum(lengths)])
    return np.arange(ends[-1]) + np.repeat(begins - ends[:-1], lengths), ends


class _Fitted:
    """A fitted regression that knows of all classes, also of those it never saw."""

    def __init__(self, inputs: Matrix, labels: Integers, classes: int, strength: float) -> None:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        self._classes = classes
        self._seen = np.unique(labels)
        if len(self._seen) > 1:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # near enough for a baseline
                self._model = LogisticRegression(C=strength, max_iter=300).fit(inputs, labels)

    def log_probabilities(self, inputs: Matrix) -> npt.NDArray[np.float64]:
        given = np.full((inputs.shape[0], self._classes), np.log(np.finfo(np.float64).eps))
        if len(self._seen) < 2:  # noqa: PLR2004 - nothing to tell apart
            logits = np.zeros((inputs.shape[0], len(self._seen)))
        else:
            logits = self._model.decision_function(inputs)
            if logits.ndim == 1:  # of two classes, how much likelier the second is
                logits = np.stack([np.zeros_like(logits), logits], axis=1)
        given[:, self._seen] = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        return given


def _strength(inputs: Matrix, labels: Integers, classes: int, objective: str) -> float:
    """Choose a strength by cross-validation in folds that hold each class alike."""
    rng = np.random.default_rng(0)
    judged = rng.permutation(len(labels))[:MOST_JUDGED]
    judged = judged[np.argsort(labels[judged], kind="stable")]
    fold = np.arange(len(judged)) % FOLDS

    def value(strength: float) -> tuple[float, float]:
        given = np.zeros((len(judged), classes))
        for out in range(min(FOLDS, len(judged))):
            fit, left = judged[fold != out], judged[fold == out]
            model = _Fitted(inputs[fit], labels[fit], classes, strength)
            given[fold == out] = model.log_probabilities(inputs[left])
        metrics = ClassPredictions(log_probabilities=given, labels=labels[judged]).metrics()
        sign = 1 if METRICS["classification"][objective] == "maximize" else -1
        return sign * metrics[objective], -metrics[loss_metric("classification", objective)]

    return max(STRENGTHS, key=value)
