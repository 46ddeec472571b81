"""Rows with a label, for classification: texts, or float sequences of different lengths.

Letters: R rows, N steps of all rows one after another, F features.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_attn.columns import is_text, labels, sequences, texts
from lstm_attn.config import DataConfig, TaskConfig
from lstm_attn.encoding import Encoding, Label, Scaler
from lstm_attn.errors import DataError
from lstm_attn.fingerprint import fingerprint
from lstm_attn.labels import fit_labels, label_codes, listed
from lstm_attn.problems import Problems
from lstm_attn.sequences import SequenceData, Split
from lstm_attn.source import FileTable, Source
from lstm_attn.splits import stratified
from lstm_attn.vocabulary import fit_tokenizer

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_LONGEST = 99
"""Percentile of training lengths up to which sequences are read unless a study says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Inputs of rows, not yet encoded: texts, or steps of float sequences."""

    texts: list[str] | None
    """(R,) texts; None for float sequences."""
    steps: Floats
    """(N, F) steps of float sequences one after another; (0, 0) for texts."""
    offsets: Integers
    """(R + 1,) of float sequences: row i is `steps[offsets[i]:offsets[i + 1]]`."""

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.offsets) - 1 if self.texts is None else len(self.texts)

    @property
    def width(self) -> int:
        """Numbers a step of float sequences."""
        return int(self.steps.shape[1])

    def take(self, rows: Integers) -> "Rows":
        """Choose rows by number."""
        if self.texts is not None:
            chosen = [self.texts[row] for row in rows]
            return Rows(texts=chosen, steps=self.steps, offsets=self.offsets)
        lengths = np.diff(self.offsets)[rows]
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        index = np.repeat(self.offsets[rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
        return Rows(texts=None, steps=self.steps[index], offsets=offsets)


def prepare_labelled(source: Source, data: DataConfig, task: TaskConfig) -> SequenceData:
    """Divide the rows, fit labels and tokenizer or scaler on training rows, encode all.

    Arguments:
        source: the files as they were read.
        data: tokenizer, and the seed of the draw.
        task: names the columns.

    Raises:
        DataError: a row that doesn't fit, a label that training never saw, one label only.
    """
    problems = Problems()
    read: list[_Read] = []
    for tables in source:
        with problems.collected():
            read.append(_read(tables, task))
    problems.settle()
    own = {"train": read[0], "validation": read[1], "test": read[2]}
    known = fit_labels(own["train"].found)
    codes: dict[str, Integers] = {}
    for name, part in own.items():
        with problems.collected():
            codes[name] = label_codes(part.found, part.places, known, f"data.{name}")
    problems.settle()
    drawn = stratified(codes["train"], source.held_validation, source.held_test, data.seed)
    parts: dict[str, tuple[Rows, Integers]] = {}
    for name, rows in zip(own, drawn, strict=True):
        if len(rows):
            parts[name] = own["train"].rows.take(rows), codes["train"][rows]
        elif own[name].rows.count:
            parts[name] = own[name].rows, codes[name]
    encoding = _fit(parts["train"][0], known, data)
    splits: dict[str, Split] = {}
    for name, (part_rows, part_codes) in parts.items():
        with problems.collected():
            splits[name] = encode_rows(part_rows, part_codes, encoding, f"data.{name}")
    problems.settle()
    lengths = np.diff(splits["train"].offsets)
    longest = int(np.percentile(lengths, _LONGEST, method="higher"))
    return SequenceData(
        task=task,
        encoding=encoding,
        train=splits["train"],
        validation=splits["validation"],
        test=splits.get("test"),
        longest=longest,
        fingerprint=fingerprint(encoding, list(splits.values())),
        summary=_summary(encoding, splits, longest),
    )


def read_labelled(
    tables: Sequence[FileTable], task: TaskConfig, encoding: Encoding, *, labelled: bool
) -> Split:
    """Encode new rows with a fitted encoding.

    Arguments:
        tables: files with the input column, and the target column where `labelled`.
        task: names the columns.
        encoding: fitted.
        labelled: whether labels are read; else the split has none.

    Raises:
        DataError: a row that doesn't fit, or a label that training never saw.
    """
    read = _read(tables, task, labelled=labelled)
    codes = label_codes(read.found, read.places, encoding.labels, "task.target")
    return encode_rows(read.rows, codes, encoding, "task.inputs")


def encode_rows(rows: Rows, codes: Integers, encoding: Encoding, key: str) -> Split:
    """Encode rows; a text without any token becomes the unknown token.

    Arguments:
        rows: R texts or sequences.
        codes: (R,) of their labels; (0,) where they have none.
        encoding: fitted on training rows.
        key: where the rows come from, for messages.

    Raises:
        DataError: text where training had floats or the other way round, or another width.
    """
    if (rows.texts is None) != (encoding.tokenizer is None):
        have, want = ("floats", "text") if rows.texts is None else ("text", "floats")
        raise DataError(f"{key}: its rows are {have}, training rows are {want} - use one of them")
    inputs: npt.NDArray[np.generic]
    if encoding.tokenizer is not None:
        ids, offsets = encoding.tokenizer.encode_rows(rows.texts or [])
        is_empty = np.diff(offsets) == 0
        inputs = np.insert(ids, offsets[1:][is_empty], encoding.tokenizer.unknown)
        offsets = offsets + np.concatenate(([0], np.cumsum(is_empty)))
    else:
        assert encoding.scaler is not None  # of all floats
        width, fitted = rows.width, len(encoding.scaler.mean)
        if width != fitted:
            raise DataError(
                f"{key}: its sequences have {width} numbers a step, those of training {fitted} - "
                "give every step of every row as many"
            )
        inputs, offsets = encoding.scaler.apply(rows.steps, _where), rows.offsets
    return Split(
        inputs=inputs,
        offsets=offsets,
        labels=codes,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What files hold, before anything is fitted."""

    rows: Rows
    """Their inputs."""
    found: list[Any]
    """The different labels as they stand; none where labels are not read."""
    places: Integers
    """(R,) place of each row's label in `found`; else (0,)."""


def _read(tables: Sequence[FileTable], task: TaskConfig, *, labelled: bool = True) -> _Read:
    problems = Problems()
    inputs: list[Rows] = []
    found: list[Any] = []
    places: list[Integers] = [np.zeros(0, np.int64)]
    for file in tables:
        with problems.collected():
            inputs.append(_inputs(file, task.inputs[0]))
        if labelled:
            with problems.collected():
                file_found, file_places = labels(file.column(task.targets[0]))
                places.append(file_places + len(found))
                found += file_found
    problems.settle()
    return _Read(rows=_joined(inputs), found=found, places=np.concatenate(places))


def _inputs(file: FileTable, name: str) -> Rows:
    column = file.column(name)
    if is_text(column.values.type):
        lines = texts(column)
        if file.data_format == "text":
            lines = [line.removesuffix("\n") for line in lines]
        return Rows(texts=lines, steps=np.zeros((0, 0)), offsets=np.zeros(1, np.int64))
    steps, lengths = sequences(column)
    return Rows(texts=None, steps=steps, offsets=np.concatenate(([0], np.cumsum(lengths))))


def _joined(parts: Sequence[Rows]) -> Rows:
    """Put the rows of several files one after another.

    Raises:
        DataError: files of different kinds.
    """
    kinds = {"text" if part.texts is not None else f"{part.width} numbers" for part in parts}
    if len(kinds) > 1:
        raise DataError(
            f"task.inputs: a step is {' in one file, '.join(sorted(kinds))} in another - "
            "give files of one kind"
        )
    starts = np.cumsum([0, *(len(part.steps) for part in parts)])
    offsets = [part.offsets[1:] + start for part, start in zip(parts, starts, strict=False)]
    has_text = not parts or parts[0].texts is not None
    return Rows(
        texts=[text for part in parts for text in part.texts or []] if has_text else None,
        steps=np.concatenate([part.steps for part in parts]) if parts else np.zeros((0, 0)),
        offsets=np.concatenate([np.zeros(1, np.int64), *offsets]),
    )


def _where(_step: int, column: int) -> str:
    """Speak of a number of a step: its row, drawn here, is not counted as the user counts."""
    return f"task.inputs: number {column + 1} of a step"


def _fit(rows: Rows, known: tuple[Label, ...], data: DataConfig) -> Encoding:
    if rows.texts is None:
        return Encoding(scaler=Scaler.fit(rows.steps, _where), labels=known)
    tokenizer = fit_tokenizer(
        data.tokenizer or "word", rows.texts, vocabulary=data.vocabulary, lowercase=True
    )
    return Encoding(tokenizer=tokenizer, labels=known)


def _summary(
    encoding: Encoding, splits: Mapping[str, Split], longest: int
) -> dict[str, str | int | float]:
    train = splits["train"]
    lengths = np.diff(train.offsets)
    summary: dict[str, str | int | float] = {
        f"{'training' if name == 'train' else name} rows": split.rows
        for name, split in splits.items()
    }
    counts = np.bincount(train.labels, minlength=len(encoding.labels))
    summary["classes"] = len(encoding.labels)
    summary["training rows of each"] = listed(
        [f"{label}: {count}" for label, count in zip(encoding.labels, counts, strict=True)]
    )
    low, high = lengths.min(), lengths.max()
    many = f"{low} to {high}, 99 of 100 rows at most {longest}"
    summary["steps"] = f"{low} in each row" if low == high else many
    if encoding.tokenizer is None:
        summary["numbers a step"] = int(train.inputs.shape[1])
        return summary
    summary["tokenizer"] = encoding.tokenizer.kind
    summary["vocabulary"] = encoding.tokenizer.size
    unknown = splits["validation"].inputs == encoding.tokenizer.unknown
    summary["share of unknown tokens in validation"] = float(unknown.mean())
    return summary
