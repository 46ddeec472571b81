"""Scores of predictions, and how sure they are: numpy alone, sums in float64.

Letters: n predictions (windows of text, sequences, origins), C classes, h horizon, K targets,
S statistics of a prediction.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]

RESAMPLES = 1000
"""Samples of the bootstrap; Efron and Tibshirani 1993, section 13.3, ask for as many."""


class Predictions(ABC):
    """What was predicted and what was true, a row a prediction."""

    @property
    def block(self) -> int:
        """How many neighbours are drawn together by the bootstrap: 1 where they are independent."""
        return 1

    @abstractmethod
    def __len__(self) -> int:
        """Predictions there are."""

    @abstractmethod
    def take(self, index: Integers) -> Self:
        """Choose predictions by number, in any order and as often as named."""

    @abstractmethod
    def statistics(self) -> npt.NDArray[np.float64]:
        """Reduce each prediction to the numbers that every metric is made of, (n, S)."""

    @abstractmethod
    def combine(self, statistics: npt.NDArray[np.float64]) -> dict[str, float]:
        """Compute every metric of the task from the statistics of some predictions (m, S)."""

    def metrics(self) -> dict[str, float]:
        """Compute every metric of the task, by the names in `config.METRICS`."""
        return self.combine(self.statistics())


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguagePredictions(Predictions):
    """What windows of text cost."""

    nats: Floats
    """(n,) summed over the scored tokens of a window."""
    tokens: Integers
    """(n,) scored tokens of a window."""
    characters: Integers
    """(n,) characters of raw text spanned by the scored tokens of a window."""

    def __len__(self) -> int:
        return len(self.nats)

    def take(self, index: Integers) -> "LanguagePredictions":
        """Choose windows."""
        return replace(
            self,
            nats=self.nats[index],
            tokens=self.tokens[index],
            characters=self.characters[index],
        )

    def statistics(self) -> npt.NDArray[np.float64]:
        """Stack nats, tokens, characters."""
        return np.stack([self.nats, self.tokens, self.characters], axis=1).astype(np.float64)

    def combine(self, statistics: npt.NDArray[np.float64]) -> dict[str, float]:
        """Divide all nats by all tokens, or characters."""
        nats, tokens, characters = statistics.sum(axis=0)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            return {
                "cross_entropy": float(nats / tokens),
                "perplexity": float(np.exp(nats / tokens)),
                "bits_per_character": float(nats / np.log(2) / characters),
            }


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassPredictions(Predictions):
    """How likely each class was held to be."""

    log_probabilities: Floats
    """(n, C) in nats."""
    labels: Integers
    """(n,) the true class, below C."""

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: Integers) -> "ClassPredictions":
        """Choose sequences."""
        return replace(
            self, log_probabilities=self.log_probabilities[index], labels=self.labels[index]
        )

    def statistics(self) -> npt.NDArray[np.float64]:
        """Stack true class, most likely class (the first of equals) and nats of the true class."""
        rows = np.arange(len(self))
        nats = -self.log_probabilities[rows, self.labels]
        guesses = self.log_probabilities.argmax(axis=1)
        return np.stack([self.labels, guesses, nats], axis=1).astype(np.float64)

    def combine(self, statistics: npt.NDArray[np.float64]) -> dict[str, float]:
        """Count hits by class.

        As in scikit-learn, `balanced_accuracy` averages the recall of the classes that occur, and
        `macro_f1` the F1 of the classes that occur or were guessed.
        """
        classes = self.log_probabilities.shape[1]
        labels, guesses = statistics[:, 0].astype(np.int64), statistics[:, 1].astype(np.int64)
        hits = np.bincount(labels[labels == guesses], minlength=classes)
        true = np.bincount(labels, minlength=classes)
        guessed = np.bincount(guesses, minlength=classes)
        either = true + guessed
        return {
            "accuracy": float(hits.sum() / len(labels)),
            "balanced_accuracy": float((hits[true > 0] / true[true > 0]).mean()),
            "macro_f1": float((2 * hits[either > 0] / either[either > 0]).mean()),
            "cross_entropy": float(statistics[:, 2].mean()),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastPredictions(Predictions):
    """Forecasts and what came, in original units."""

    forecasts: Floats
    """(n, h, K), the origins in the order of time."""
    truths: Floats
    """(n, h, K)."""
    naive_error: Floats
    """(K,) mean absolute error of the seasonal naive forecast within training rows."""

    @property
    def block(self) -> int:
        """The horizon: forecasts from nearer origins than that share rows they are held to."""
        return int(self.truths.shape[1])

    def __len__(self) -> int:
        return len(self.truths)

    def take(self, index: Integers) -> "ForecastPredictions":
        """Choose origins."""
        return replace(self, forecasts=self.forecasts[index], truths=self.truths[index])

    def statistics(self) -> npt.NDArray[np.float64]:
        """Average over steps ahead: K absolute errors; over targets too: squared, symmetric."""
        truths, forecasts = self.truths.astype(np.float64), self.forecasts.astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):  # of a model that diverged
            error = np.abs(truths - forecasts)
            size = np.abs(truths) + np.abs(forecasts)
            symmetric = np.divide(2 * error, size, out=np.zeros_like(size), where=size != 0)
            squared = np.square(error)
        return np.concatenate(
            [
                error.mean(axis=1),
                squared.mean(axis=(1, 2))[:, None],
                symmetric.mean(axis=(1, 2))[:, None],
            ],
            axis=1,
        )

    def combine(self, statistics: npt.NDArray[np.float64]) -> dict[str, float]:
        """Average over origins and targets.

        smape: 2|e| / (|y| + |ŷ|), 0 where both are 0. mase (Hyndman and Koehler 2006): each
        target's error by that of the seasonal naive; where that is 0, by the smallest step above
        it, as scikit-learn does in its percentage error, so that it stays finite.
        """
        means = statistics.mean(axis=0)
        absolute, (squared, symmetric) = means[:-2], means[-2:]
        naive = np.maximum(self.naive_error, np.finfo(np.float64).eps)
        return {
            "mae": float(absolute.mean()),
            "rmse": float(np.sqrt(squared)),
            "smape": float(symmetric),
            "mase": float((absolute / naive).mean()),
        }


def interval(
    predictions: Predictions, metric: str, *, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """Bound a metric by a confidence interval.

    Accuracy: Wilson's score interval (Wilson 1927), which is open to errors not yet seen where
    there were none. Else the percentile bootstrap over predictions (Efron 1979), for forecasts
    over circular blocks of `horizon` origins (Politis and Romano 1992); it is widened, where need
    be, to hold the metric itself. Balanced accuracy and macro F1 that are the same in all samples
    take Wilson's interval.

    Arguments:
        predictions: one or more.
        metric: a name in `config.METRICS` of the task.
        seed: of the samples.
        level: how often such intervals hold the true value; between 0 and 1.
    """
    statistics, combine = predictions.statistics(), predictions.combine
    value = combine(statistics)[metric]
    if metric == "accuracy":
        return _wilson(value, len(predictions), level)
    rng = np.random.default_rng(seed)
    count = len(predictions)
    block = min(predictions.block, count)
    samples = []
    for _ in range(RESAMPLES):
        starts = rng.integers(count, size=-(-count // block))
        chosen = (starts[:, None] + np.arange(block)).ravel()[:count] % count
        samples.append(combine(statistics[chosen])[metric])
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    if low == high and metric in ("balanced_accuracy", "macro_f1"):
        low, high = _wilson(value, count, level)
    return min(float(low), value), max(float(high), value)


def _wilson(share: float, count: int, level: float) -> tuple[float, float]:
    z = NormalDist().inv_cdf((1 + level) / 2)
    centre = share + z * z / (2 * count)
    reach = z * np.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    whole = 1 + z * z / count
    return max(float((centre - reach) / whole), 0.0), min(float((centre + reach) / whole), 1.0)
