"""Continuous text for language modeling: one stream of tokens a split."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from lstm_attn.columns import texts
from lstm_attn.config import DataConfig, TaskConfig
from lstm_attn.encoding import Encoding, TextEncoding
from lstm_attn.fingerprint import fingerprint
from lstm_attn.problems import Problems
from lstm_attn.sequences import SequenceData, Split
from lstm_attn.source import FileTable, Source
from lstm_attn.splits import HeldOut, Integers, cut
from lstm_attn.vocabulary import fit_tokenizer

_FEWEST = 2
"""Tokens of a split: the first is never scored."""


def prepare_text(source: Source, data: DataConfig, task: TaskConfig) -> SequenceData:
    """Cut the text, fit the tokenizer on its training part, encode all parts.

    Validation and test are cut from the end: a share by characters, a number by rows (lines).

    Arguments:
        source: the files as they were read.
        data: tokenizer and vocabulary.
        task: names the column.

    Raises:
        DataError: a part with fewer than two tokens, or a column that isn't text.
    """
    problems = Problems()
    parts: list[list[str]] = []
    for tables in source:
        with problems.collected():
            parts.append(_rows(tables, task.inputs[0]))
    problems.settle()
    text, written = "".join(parts[0]), ["".join(rows) for rows in parts[1:]]
    ends = np.cumsum([len(row) for row in parts[0]])
    test = _in_characters(source.held_test, ends, len(text))
    validation = _in_characters(source.held_validation, ends, len(text) - test.count(len(text)))
    first, second = cut(len(text), validation, test, unit="characters")
    pieces = {
        "training": text[:first],
        "validation": text[first:second] if validation.is_cut else written[0],
    }
    if test.is_cut or source.test:
        pieces["test"] = text[second:] if test.is_cut else written[1]
    tokenizer = fit_tokenizer(
        data.tokenizer or "character",
        pieces["training"].splitlines(keepends=True),
        vocabulary=data.vocabulary,
        lowercase=False,
    )
    splits = {name: encode_text(tokenizer, piece) for name, piece in pieces.items()}
    for name, split in splits.items():
        if len(split.inputs) < _FEWEST:
            problems.add(
                f"data.{'train' if name == 'training' else name}: {len(split.inputs)} tokens, and "
                "the first is not scored - give more text, or hold out another share"
            )
    problems.settle()
    encoding = Encoding(tokenizer=tokenizer)
    return SequenceData(
        task=task,
        encoding=encoding,
        train=splits["training"],
        validation=splits["validation"],
        test=splits.get("test"),
        fingerprint=fingerprint(encoding, list(splits.values())),
        summary=_summary(tokenizer, splits, pieces),
    )


def read_text(tables: Sequence[FileTable], task: TaskConfig, encoding: Encoding) -> Split:
    """Encode new text with a fitted tokenizer, the files one after another.

    Raises:
        DataError: a column that isn't text.
    """
    assert encoding.tokenizer is not None  # of every language model
    return encode_text(encoding.tokenizer, "".join(_rows(tables, task.inputs[0])))


def encode_text(tokenizer: TextEncoding, text: str) -> Split:
    """Make a text the one row of a split."""
    ids, ends = tokenizer.encode(text)
    return Split(
        inputs=ids,
        offsets=np.array([0, len(ids)], dtype=np.int64),
        character_ends=ends,
    )


def _rows(tables: Sequence[FileTable], name: str) -> list[str]:
    """Give the rows of all files, each with its line break; only text may end without one."""
    rows: list[str] = []
    for number, file in enumerate(tables, start=1):
        found = texts(file.column(name))
        if file.data_format != "text":
            found = [row + "\n" for row in found]
            if number == len(tables):
                found[-1] = found[-1][:-1]
        elif number < len(tables) and not found[-1].endswith("\n"):
            found[-1] += "\n"
        rows += found
    return rows


def _in_characters(held: HeldOut, ends: Integers, end: int) -> HeldOut:
    """Turn a number of rows before character `end` into the number of their characters."""
    if not isinstance(held.share, int):
        return held
    rows = int(np.searchsorted(ends, end)) + 1
    start = int(ends[rows - held.share - 1]) if rows > held.share else 0
    return replace(held, share=max(end - start, 1))


def _summary(
    tokenizer: TextEncoding, splits: Mapping[str, Split], pieces: Mapping[str, str]
) -> dict[str, str | int | float]:
    summary: dict[str, str | int | float] = {}
    for name, split in splits.items():
        summary[f"{name} tokens"] = len(split.inputs)
    if tokenizer.kind != "character":
        for name in splits:
            summary[f"{name} characters"] = len(pieces[name])
    summary["tokenizer"] = tokenizer.kind
    summary["vocabulary"] = tokenizer.size
    unknown = splits["validation"].inputs == tokenizer.unknown
    summary["share of unknown tokens in validation"] = float(unknown.mean())
    return summary
