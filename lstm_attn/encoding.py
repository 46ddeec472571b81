"""How rows became numbers: tokenizer, scaler, labels, fitted on training rows and saved as JSON.

Letters: N tokens or steps, F features, K targets. Knows neither torch nor `datasets`.
"""

import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from lstm_attn.errors import CheckpointError, DataError

TokenizerKind = Literal["character", "word", "given"]
Label = str | int | float | bool
Where = Callable[[int, int], str]
"""Names a place in a table of numbers, row and column counting from 0, as the user finds it."""

PADDING = "[PAD]"
UNKNOWN = "[UNK]"
"""Names of the two tokens that stand in no text; no text is ever matched against them."""

_ROUNDING = 4
"""Steps between neighbouring floats that rounding makes of equal numbers, as 0.3 and 0.1 + 0.2;
scaled by those, the first value that truly differs would be 1e15."""
_PIECE = 1 << 16
"""Characters given to the tokenizer at once: enough to keep its threads busy, few for memory."""
_GROUP = 64
"""Pieces encoded before they are turned into arrays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEncoding:
    """Text to tokens and back, as a `tokenizers` JSON.

    Cheap to copy between processes: the tokenizer itself is built where it is first used.
    """

    kind: TokenizerKind
    """`character`, `word`, or `given` by the user as a tokenizer.json."""
    json: str
    """The text of the tokenizer.json."""
    padding: int
    """Id of the padding token."""
    unknown: int
    """Id of the token for what training never saw."""

    @property
    def size(self) -> int:
        """Tokens in the vocabulary, padding and unknown among them; ids lie below."""
        return _size(self.json)

    def encode(self, text: str) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Turn text into tokens.

        Arguments:
            text: any number of characters.

        Returns:
            ids (N,), and for each token the characters of `text` up to and including it (N,);
            what lies between tokens counts with the later one, the end of the text with the last.
        """
        if self.kind == "character":
            ids = _characters(self.json, self.unknown, text)
            return ids, np.arange(1, len(ids) + 1, dtype=np.int64)
        tokenizer = _tokenizer(self.json)
        parts: list[npt.NDArray[np.int32]] = [np.zeros(0, np.int32)]
        ends: list[npt.NDArray[np.int64]] = [np.zeros(0, np.int64)]
        start = 0
        pieces = _pieces(text)
        while group := list(islice(pieces, _GROUP)):
            encoded = tokenizer.encode_batch(group, add_special_tokens=False)
            for piece, tokens in zip(group, encoded, strict=True):
                parts.append(np.array(tokens.ids, dtype=np.int32))
                last = (offset[1] for offset in tokens.offsets)
                ends.append(start + np.fromiter(last, dtype=np.int64, count=len(tokens)))
                start += len(piece)
        all_ends = np.maximum.accumulate(np.concatenate(ends))
        all_ends[-1:] = len(text)
        return np.concatenate(parts), all_ends

    def encode_rows(
        self, texts: Sequence[str]
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Turn R texts into tokens, one after another.

        Returns:
            ids (N,), and offsets (R + 1,): row i is `ids[offsets[i]:offsets[i + 1]]`.
        """
        tokenizer = _tokenizer(self.json)
        ids: list[npt.NDArray[np.int32]] = [np.zeros(0, np.int32)]
        rows = iter(texts)
        while group := list(islice(rows, 1024)):
            encoded = tokenizer.encode_batch_fast(group, add_special_tokens=False)
            ids.extend(np.array(tokens.ids, dtype=np.int32) for tokens in encoded)
        return np.concatenate(ids), np.cumsum([len(row) for row in ids], dtype=np.int64)

    def decode(self, ids: Sequence[int] | npt.NDArray[np.integer[Any]]) -> str:
        """Turn tokens (N,) into text: exactly for characters, readably for words."""
        tokenizer = _tokenizer(self.json)
        numbers = [int(number) for number in ids]
        if self.kind != "word":
            text: str = tokenizer.decode(numbers, skip_special_tokens=False)
            return text
        spaced = " ".join(tokenizer.id_to_token(number) or "" for number in numbers)
        spaced = re.sub(r" ?\n ?", "\n", spaced)
        spaced = re.sub(r" ([.,;:!?%)\]}…])", r"\1", spaced)
        return re.sub(r"([(\[{$]) ", r"\1", spaced)


def _anywhere(row: int, column: int) -> str:
    return f"row {row + 1}, column {column + 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaler:
    """Shifts and scales columns to mean 0 and standard deviation 1 on training rows."""

    mean: tuple[float, ...]
    """(F,) means, in original units."""
    deviation: tuple[float, ...]
    """(F,) standard deviations, in original units; 1 for a constant column, rounding aside."""

    @classmethod
    def fit(cls, rows: npt.NDArray[np.floating[Any]], where: Where = _anywhere) -> "Scaler":
        """Take mean and standard deviation of the columns of training rows (N, F).

        Sums are exact, so that the same rows give the same scaler on every machine.

        Arguments:
            rows: finite numbers.
            where: speaks of a place in them.

        Raises:
            DataError: numbers so large that mean or deviation is not finite.
        """
        columns = np.asarray(rows, dtype=np.float64).T
        moments = [_moments(column) for column in columns]
        wrong = [not (math.isfinite(mean) and math.isfinite(width)) for mean, width in moments]
        _refuse_huge(rows, np.broadcast_to(np.array(wrong), rows.shape), where)
        steps = [np.spacing(np.abs(column).max()) for column in columns]
        constant = [
            np.ptp(column) <= _ROUNDING * step for column, step in zip(columns, steps, strict=True)
        ]
        return cls(
            mean=tuple(mean for mean, _ in moments),
            deviation=tuple(
                1.0 if same or not width else width
                for same, (_, width) in zip(constant, moments, strict=True)
            ),
        )

    def apply(
        self, rows: npt.NDArray[np.floating[Any]], where: Where = _anywhere
    ) -> npt.NDArray[np.float32]:
        """Scale rows (N, F) in original units.

        Arguments:
            rows: finite numbers.
            where: speaks of a place in them.

        Raises:
            DataError: a number so far from the mean that it is not finite when scaled.
        """
        mean, deviation = np.array(self.mean), np.array(self.deviation)
        with np.errstate(over="ignore"):
            scaled = np.asarray((rows - mean) / deviation, dtype=np.float32)
        _refuse_huge(rows, ~np.isfinite(scaled), where)
        return scaled


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """Everything fitted on training rows that is needed to encode more rows."""

    tokenizer: TextEncoding | None = None
    """Of text inputs; None for floats."""
    scaler: Scaler | None = None
    """Of float inputs (F,), calendar inputs not among them; None for text."""
    target_scaler: Scaler | None = None
    """Forecasting: of the targets (K,)."""
    labels: tuple[Label, ...] = ()
    """Classification: the labels in order; a row's label is an index into them."""
    frequency: str | None = None
    """Forecasting with time: how far apart rows lie, as `frequency.infer` names it."""

    def to_json(self) -> dict[str, Any]:
        """Give plain values that `json` can write."""
        plain = asdict(self)
        plain["labels"] = list(self.labels)
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "Encoding":
        """Read what `to_json` gave.

        Raises:
            CheckpointError: it isn't that.
        """
        try:
            tokenizer, labels = plain["tokenizer"], plain["labels"]
            scalers = {
                name: None
                if plain[name] is None
                else Scaler(
                    mean=tuple(map(float, plain[name]["mean"])),
                    deviation=tuple(map(float, plain[name]["deviation"])),
                )
                for name in ("scaler", "target_scaler")
            }
            return cls(
                tokenizer=None if tokenizer is None else TextEncoding(**tokenizer),
                labels=tuple(labels),
                frequency=plain["frequency"],
                **scalers,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"encoding: not what an export writes ({error!r}) - export the model again"
            ) from error


def _moments(column: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Give mean and standard deviation of a column (N,); not finite where a sum isn't."""
    try:
        mean = math.fsum(column.tolist()) / len(column)
        with np.errstate(over="ignore"):
            squares = (column - mean) ** 2
        return mean, math.sqrt(math.fsum(squares.tolist()) / len(column))
    except OverflowError:  # of fsum
        return math.inf, math.inf


def _refuse_huge(
    rows: npt.NDArray[np.floating[Any]], wrong: npt.NDArray[np.bool_], where: Where
) -> None:
    """Name the largest number in each column (N, F) where a scaled one is not finite."""
    problems = []
    for column in np.flatnonzero(wrong.any(axis=0)):
        sizes = np.where(wrong[:, column], np.abs(rows[:, column]), 0)
        row = int(sizes.argmax())
        problems.append(
            f"{where(row, int(column))}: {rows[row, column]:g} is too large to scale - "
            "mend it, or write the column in another unit"
        )
    if problems:
        raise DataError(*problems)


def _characters(json: str, unknown: int, text: str) -> npt.NDArray[np.int32]:
    """Look every character up; what the tokenizer itself gives, twenty times as fast."""
    table = _table(json, unknown)
    ids = np.empty(len(text), np.int32)
    for start in range(0, len(text), _PIECE):
        piece = text[start : start + _PIECE]
        codes = np.frombuffer(piece.encode("utf-32-le", "surrogatepass"), dtype="<u4")
        ids[start : start + _PIECE] = table[codes]
    return ids


def _pieces(text: str) -> Iterator[str]:
    """Cut text into pieces, after line breaks."""
    start = 0
    while start < len(text):
        end = start + _PIECE
        if end < len(text):
            end = text.find("\n", end) + 1 or len(text)
        yield text[start:end]
        start = end


@lru_cache(maxsize=8)
def _tokenizer(json: str) -> Tokenizer:
    return Tokenizer.from_str(json)


@lru_cache(maxsize=8)
def _size(json: str) -> int:
    vocabulary = _tokenizer(json).get_vocab(with_added_tokens=True)
    return max(vocabulary.values()) + 1


@lru_cache(maxsize=8)
def _table(json: str, unknown: int) -> npt.NDArray[np.int32]:
    """Give the id of every code point, (1,114,112,): that of `unknown` where there is none."""
    table = np.full(sys.maxunicode + 1, unknown, np.int32)
    for token, number in _tokenizer(json).get_vocab(with_added_tokens=True).items():
        if len(token) == 1:
            table[ord(token)] = number
    return table
