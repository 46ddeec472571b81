"""Small data files of every kind, and what a study file may say of them."""

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstm_attn.vocabulary import fit_characters

LINES = 400
ROWS = 60
LONGEST = 9
DAYS = 160


@dataclass(frozen=True)
class Kind:
    """What a file of one task over one kind of data may say."""

    task: str
    tokens: bool
    sources: tuple[dict[str, Any], ...]
    """Tables of [data], without what is held out."""
    inputs: str | tuple[str, ...]
    late: str = ""
    """A file of rows to hold out."""


TEXTS = Kind(
    task="language-modeling",
    tokens=True,
    sources=(
        {"format": "text", "train": "text*.txt"},
        {"format": "text", "train": ["text.txt"], "tokenizer": "word", "vocabulary": 40},
        {"format": "text", "train": "text.txt", "tokenizer": "tokenizer.json"},
    ),
    inputs="text",
    late="late.txt",
)
SEQUENCES = Kind(
    task="classification",
    tokens=False,
    sources=({"format": "json", "train": "sequences.jsonl"},),
    inputs="sequence",
    late="late_sequences.jsonl",
)
LABELLED = Kind(
    task="classification",
    tokens=True,
    sources=(
        {"format": "csv", "train": ["labelled.csv"]},
        {"format": "csv", "train": "labelled.csv", "tokenizer": "character"},
    ),
    inputs="text",
    late="late_labelled.csv",
)
SERIES = Kind(
    task="forecasting",
    tokens=False,
    sources=({"format": "csv", "train": "series.csv"},),
    inputs=("wind", "rain", "sun"),
)
KINDS = (TEXTS, SEQUENCES, LABELLED, SERIES)


def write_data(folder: Path) -> None:
    """Write every data file that the study files name."""
    words = ["the", "cat", "sat", "on", "a", "mat", "and", "saw", "it"]
    lines = [" ".join(words[i * j % 9] for j in range(1, 9)) for i in range(LINES)]
    text = "\n".join(lines) + "\n"
    (folder / "text.txt").write_text(text)
    (folder / "late.txt").write_text("\n".join(lines[:20]))
    (folder / "tokenizer.json").write_text(fit_characters([text]).json)
    labels = ["left", "right", "none"]
    rows = [
        {
            "sequence": [[i % 5 + j, -j / 2] for j in range(LONGEST - i % 4)],
            "text": " ".join(lines[i].split()[: 5 + i % 4]),
            "label": labels[i % 3],
        }
        for i in range(ROWS)
    ]
    json_lines = "".join(json.dumps(row) + "\n" for row in rows)
    for name in ("sequences", "labelled"):
        (folder / f"{name}.jsonl").write_text(json_lines)
        (folder / f"late_{name}.jsonl").write_text(json_lines)
    csv = [f"{row['text']},{row['label']}\n" for row in rows]
    for name in ("labelled", "late_labelled"):
        (folder / f"{name}.csv").write_text("".join(["text,label\n", *csv]))
    first = dt.date(2020, 1, 1)
    days = [
        f"{first + dt.timedelta(days=i)},{i % 7},{i % 5 / 4},{(i * i) % 11}\n" for i in range(240)
    ]
    for name, part in [("", days[:DAYS]), ("late_", days[DAYS:200]), ("last_", days[200:])]:
        (folder / f"{name}series.csv").write_text("".join(["date,wind,rain,sun\n", *part]))
