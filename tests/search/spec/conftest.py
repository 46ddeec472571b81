"""Study files as dictionaries, written as TOML; encoded data without files."""

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from lstm_attn.config import TaskConfig
from lstm_attn.encoding import Encoding, Scaler, TextEncoding
from lstm_attn.sequences import SequenceData, Split
from search import spec
from search.errors import SpecError
from tests.search.spec.toml_text import toml

DATA = {
    "language-modeling": {"format": "text", "train": "data/*.txt"},
    "classification": {"format": "json", "train": ["a.jsonl", "b.jsonl"]},
    "forecasting": {"format": "csv", "train": "/data/weather.csv"},
}
TASK = {
    "language-modeling": {"inputs": "text"},
    "classification": {"inputs": "sequence", "target": "label"},
    "forecasting": {"inputs": ["wind", "rain"], "targets": "rain", "time": "date"},
}


def tree_of(kind="classification", **sections):
    base = {"name": "mine", "data": DATA[kind], "task": {"kind": kind, **TASK[kind]}}
    for name, section in sections.items():
        is_both = isinstance(section, dict) and isinstance(base.get(name), dict)
        base[name] = {**base[name], **section} if is_both else section
    return base


@pytest.fixture(scope="session")
def tree():
    return tree_of


@pytest.fixture(scope="session")
def write(tmp_path_factory):
    """Write a tree as a study file."""
    path = tmp_path_factory.mktemp("studies") / "mine.toml"

    def write_it(content):
        path.write_text(toml(content), encoding="utf-8")
        return path

    return write_it


@pytest.fixture(scope="session")
def problems():
    """Load a file and give the lines of what is wrong with it."""

    def problems_of(path, *overrides, name=None):
        with pytest.raises(SpecError) as caught:
            spec.load(path, overrides, name)
        first, *lines = caught.value.problems
        assert first == f"{path}: {len(lines)} problem{'s' if len(lines) > 1 else ''}"
        assert all(line.startswith("  ") for line in lines)
        return [line[2:] for line in lines]

    return problems_of


@pytest.fixture(scope="session")
def encoded():
    return data_of


@pytest.fixture(scope="session")
def resolved(tree, write, encoded):
    """Write a file, load it, and resolve it against data that were never read."""

    def resolved_of(kind="classification", *, rows=None, gpus=False, **sections):
        file = spec.load(write(tree(kind, **sections)))
        return spec.resolve(file, encoded(kind) if rows is None else rows, gpus=gpus)

    return resolved_of


def data_of(
    kind, *, tokens=None, size=12, rows=6400, longest=20, season=None, horizon=1, by="word"
):
    """Data that were never read: `rows` steps of `size` features, or of a vocabulary of `size`.

    For classification they make sequences of `longest` steps.
    """
    tokens = kind == "language-modeling" if tokens is None else tokens
    forecasting = kind == "forecasting"
    ends = range(longest, rows, longest) if kind == "classification" else ()
    split = Split(
        inputs=np.zeros(rows, np.int32) if tokens else np.zeros((rows, size), np.float32),
        offsets=np.array([0, *ends, rows], np.int64),
        labels=np.zeros(0, np.int64),
        targets=np.zeros((rows, 2) if forecasting else (0, 0)),
        origins=np.array([rows - horizon - 1] if forecasting else [], np.int64),
        character_ends=np.zeros(0, np.int64),
    )
    names = {"[PAD]": 0, "[UNK]": 1} | {f"w{number}": number for number in range(2, size)}
    vocabulary = Tokenizer(WordLevel(names, unk_token="[UNK]")).to_str()
    text = TextEncoding(kind=by, json=vocabulary, padding=0, unknown=1)
    scaler = Scaler(mean=(0.0, 0.0), deviation=(1.0, 1.0))
    return SequenceData(
        task=TaskConfig(
            kind=kind,
            inputs=("x",),
            targets={"classification": ("y",), "forecasting": ("y", "z")}.get(kind, ()),
            horizon=horizon,
            season=season,
        ),
        encoding=Encoding(
            tokenizer=text if tokens else None,
            labels=("a", "b", "c") if kind == "classification" else (),
            target_scaler=scaler if forecasting else None,
        ),
        train=split,
        validation=split,
        test=None,
        training_end=rows - 20 if forecasting else 0,
        naive_error=np.ones(2) if forecasting else np.zeros(0),
        longest=longest if kind == "classification" else 0,
        fingerprint="0" * 64,
        summary={},
    )
