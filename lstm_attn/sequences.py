"""Encoded sequences as flat arrays: what data reading gives and everything else takes.

Letters: R rows, N steps of all rows one after another, F features, K targets.
The arrays may be read-only views into shared memory: gather from them, never write.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lstm_attn.config import TaskConfig
from lstm_attn.encoding import Encoding


def _none() -> npt.NDArray[np.int64]:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The rows of one split.

    Language modeling: one row, the whole text as a stream of tokens.
    Classification: a row a sequence.
    Forecasting: one row, the whole series; all splits share its arrays and own other origins.
    """

    inputs: npt.NDArray[np.generic]
    """(N,) int32 tokens, or (N, F) float32 scaled features, the rows one after another."""
    offsets: npt.NDArray[np.int64]
    """(R + 1,): row i is `inputs[offsets[i]:offsets[i + 1]]`."""
    labels: npt.NDArray[np.int64] = field(default_factory=_none)
    """Classification: (R,) index of each row's label in `Encoding.labels`; else (0,)."""
    targets: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))
    """Forecasting: (N, K) in original units; else (0, 0)."""
    origins: npt.NDArray[np.int64] = field(default_factory=_none)
    """Forecasting: (n,) rows after which a forecast starts and which this split owns; else (0,)."""
    character_ends: npt.NDArray[np.int64] = field(default_factory=_none)
    """Language modeling: (N,) characters of raw text up to and including each token; else (0,)."""

    @property
    def rows(self) -> int:
        """Sequences in the split (1 for text and series)."""
        return len(self.offsets) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceData:
    """A data set, encoded: splits, and what is needed to encode more of it."""

    task: TaskConfig
    """What is to be learned, with every default resolved (season among them)."""
    encoding: Encoding
    """Tokenizer, labels, scaler: fitted on training rows only."""
    train: Split
    """Rows to train on."""
    validation: Split
    """Rows that rank epochs and trials."""
    test: Split | None
    """Rows that never rank; None where nothing is held out."""
    fingerprint: str
    """Hexadecimal SHA-256 of the encoded content and the encoding's settings."""
    summary: Mapping[str, str | int | float]
    """What `check` prints of the data, in its order: rows, classes, dates, vocabulary, notes."""
    training_end: int = 0
    """Forecasting: rows of the series that are training rows, from its start; else 0."""
    naive_error: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    """Forecasting: (K,) mean absolute error of the seasonal naive in training rows; else (0,)."""
    in_utc: bool | None = None
    """Forecasting with time: whether times have a time zone, and are UTC then; else None."""
    longest: int = 0
    """Classification: 99th percentile of the steps of training rows; else 0."""

    @property
    def tokens(self) -> bool:
        """Whether inputs are tokens rather than floats."""
        return self.encoding.tokenizer is not None

    @property
    def input_size(self) -> int:
        """Tokens in the vocabulary, or features a step."""
        if self.encoding.tokenizer is not None:
            return self.encoding.tokenizer.size
        return int(self.train.inputs.shape[1])

    def scorable(self, split: Split) -> int:
        """Count what can be scored of a split: tokens, sequences or origins."""
        match self.task.kind:
            case "language-modeling":
                return len(split.inputs) - 1  # the first token follows none
            case "classification":
                return split.rows
            case "forecasting":
                return len(split.origins)
