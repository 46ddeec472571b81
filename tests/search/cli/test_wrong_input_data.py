"""What wrong files, columns, labels and sequences get: a line a problem, with row, count, cure."""

import gzip
import json
from typing import Any

import pytest

TEXTS = """
name = "moods"
[data]
format = "csv"
train = "a.csv"
[task]
kind = "classification"
inputs = "text"
target = "mood"
"""
SEQUENCES = """
name = "curves"
[data]
format = "json"
train = "a.jsonl"
[task]
kind = "classification"
inputs = "x"
target = "y"
"""
CURVES = [{"x": [[n % 2, 1.0], [0.5, n]], "y": "ab"[n % 2]} for n in range(20)]
ALIKE = "give every step of every row as many"


def moods(*more: str) -> str:
    rows = [f"it was {'good' if n % 2 else 'bad'},{'up' if n % 2 else 'down'}" for n in range(20)]
    return "\n".join(["text,mood", *rows, *more]) + "\n"


def curves(*more: object) -> dict[str, str]:
    rows = [row if isinstance(row, str) else json.dumps(row) for row in (*CURVES, *more)]
    return {"a.jsonl": "\n".join(rows)}


FILES = {
    "missing": (TEXTS, {}, "data.train: no file 'a.csv' - ... has: study.toml"),
    "empty": (
        TEXTS,
        {"a.csv": ""},
        "data.train: a.csv is empty - give a file with rows, or leave it out",
    ),
    "a header alone": (
        TEXTS,
        {"a.csv": "text,mood\n"},
        "a.csv: no rows - give a file with rows, or leave it out",
    ),
    "a folder": (
        TEXTS,
        {"a.csv/b.csv": "x"},
        "data.train: 'a.csv' is a folder - name its files, as a.csv/*.csv",
    ),
    "two at once": (
        TEXTS.replace('"a.csv"', '["a.csv", "none.csv", "b.csv"]'),
        {"a.csv": moods(), "b.csv": ""},
        (
            "data.train: no file 'none.csv' - ... has: a.csv, b.csv, study.toml\n"
            "data.train: b.csv is empty - give a file with rows, or leave it out"
        ),
    ),
    "a name too long": (
        TEXTS.replace("a.csv", "n" * 300),
        {},
        "data.train: '...' cannot be looked for, file name too long - name a file",
    ),
    "a misspelt name": (
        TEXTS.replace("a.csv", "mods.csv"),
        {f"{n}.csv": "" for n in "bcdefghij"} | {"moods.csv": moods()},
        "data.train: no file 'mods.csv' - did you mean 'moods.csv'? ... has: b.csv, c.csv, ..., …",
    ),
    "UTF-16": (
        TEXTS,
        {"a.csv": moods().encode("utf-16")},
        (
            "a.csv: not UTF-8 text at line 1, byte 1 (0xff), it looks like UTF-16 - "
            "write it as UTF-8: iconv -f UTF-16 -t UTF-8 a.csv > a-utf8.csv"
        ),
    ),
    "semicolons": (
        TEXTS,
        {"a.csv": "text;mood\nfine;up\n"},
        "a.csv: its fields are separated by ';' (text;mood) - separate them by commas",
    ),
    "a gz cut short": (
        TEXTS.replace("a.csv", "a.csv.gz"),
        {"a.csv.gz": gzip.compress(moods().encode(), mtime=0)[:40]},
        (
            "a.csv.gz: cannot be read as csv: ... ended before ... - "
            "mend the file, or name its true format"
        ),
    ),
    "another format": (
        TEXTS.replace('"csv"', '"parquet"'),
        {"a.csv": moods()},
        "a.csv: cannot be read as parquet: ... - mend the file, or name its true format",
    ),
    "columns missing": (
        TEXTS.replace('"mood"', '"mod"').replace('"text"', '"txt"'),
        {"a.csv": moods()},
        (
            "task.target: no column 'mod' in a.csv - it has: text, mood\n"
            "task.inputs: no column 'txt' in a.csv - it has: text, mood"
        ),
    ),
    "a column of two lines": (
        TEXTS,
        {"a.csv": '"te\nxt",mood\nfine,up\n'},
        r"task.inputs: no column 'text' in a.csv - it has: te\nxt, mood",
    ),
}
LABELS = {
    "none": (
        TEXTS,
        {"a.csv": moods("fine,", "poor,")},
        "task.target: column 'mood' has no label in row 21 of a.csv and 1 more - add it",
    ),
    "null": (
        SEQUENCES,
        curves({"x": [[1, 2]], "y": None}),
        "task.target: column 'y' has no label in row 21 of a.jsonl - add it, or remove such rows",
    ),
    "one only": (
        TEXTS,
        {"a.csv": "text,mood\n" + "fine,up\n" * 9},
        "task.target: all training rows are labelled up - give rows of at least two labels",
    ),
    "never trained on": (
        TEXTS.replace("[task]", 'validation = "b.csv"\ntest = "c.csv"\n[task]'),
        {
            "a.csv": moods(),
            "b.csv": "text,mood\nfine,up\nfair,so-so\nfair,so-so\n",
            "c.csv": "text,mood\nodd,sideways\n",
        },
        (
            "data.validation: training rows have no label 'so-so' (2 rows) - it has 'down', 'up'; "
            "remove such rows, or train on some\n"
            "data.test: training rows have no label 'sideways' (1 row) - it has 'down', 'up'; "
            "remove such rows, or train on some"
        ),
    ),
    "too few of each": (
        TEXTS,
        {"a.csv": "text,mood\nfine,up\npoor,down\n"},
        (
            "data.validation: 1 of 2 rows can't be held out with one of each label left to train "
            "on - give more rows"
        ),
    ),
}
ROWS = {
    "another width": (
        curves({"x": [[1, 2], [1, 2, 3]], "y": "a"}),
        (
            "task.inputs: column 'x' has 3 numbers a step, not 2 as in row 1, in row 21 of a.jsonl "
            f"- {ALIKE}"
        ),
    ),
    "no number": (
        curves({"x": [[1, None]], "y": "a"}, '{"x": [[NaN, 1]], "y": "b"}'),
        (
            "task.inputs: column 'x' has no finite number in row 21 of a.jsonl and 1 more - "
            "fill or remove such rows"
        ),
    ),
    "text": (
        curves({"x": [["one", 2]], "y": "a"}),
        (
            "task.inputs: column 'x' of a.jsonl changes its type: lists of lists of numbers from "
            "row 1, lists of lists of numbers and text from row 21 - write all rows alike"
        ),
    ),
    "cut short": (
        curves('{"x": [[1, 2]', {"x": [[1, 2]], "y": "a"}),
        (
            "a.jsonl: cannot be read as json: row 21 is broken, expecting ',' delimiter - "
            "mend or remove such rows"
        ),
    ),
    "beyond all numbers": (
        curves('{"x": [[1e400, 2]], "y": "a"}'),
        (
            "a.jsonl: cannot be read as json: row 21 is broken, 1e400 is too large a number - "
            "mend or remove such rows"
        ),
    ),
    "a key twice": (
        curves('{"x": [[1, 2]], "x": [[3, "a"]], "y": "a"}'),
        (
            "a.jsonl: cannot be read as json: row 21 is broken, 'x' stands in it twice - "
            "mend or remove such rows"
        ),
    ),
    "no object": (
        curves("[1, 2]"),
        "a.jsonl: cannot be read as json: row 21 is no object, as {...} - mend or remove such rows",
    ),
}
CASES = {**FILES, **{f"label: {name}": case for name, case in LABELS.items()}} | {
    f"row: {name}": (SEQUENCES, files, line) for name, (files, line) in ROWS.items()
}


@pytest.mark.parametrize("command", ["check", "launch"])
@pytest.mark.parametrize("name", CASES)
def test_wrong_data_get_a_line_a_problem(command: str, name: str, wrong: Any) -> None:
    study, files, lines = CASES[name]
    wrong.tells(f"{command} study.toml", {"study.toml": study, **files}, lines)


def test_files_of_other_widths_than_training_are_told(wrong: Any) -> None:
    study = SEQUENCES.replace("[task]", 'validation = "b.jsonl"\n[task]')
    other = {"b.jsonl": '{"x": [[1, 2, 3]], "y": "a"}'}
    wrong.tells(
        "launch study.toml",
        {"study.toml": study, **curves(), **other},
        f"data.validation: its sequences have 3 numbers a step, those of training 2 - {ALIKE}",
    )


@pytest.mark.usefixtures("settings")
def test_wrong_data_leave_a_database_as_it_was(wrong: Any) -> None:
    wrong.tells(
        "launch study.toml --storage sqlite:///studies.db",
        {"study.toml": TEXTS, "a.csv": moods("fine,")},
        "task.target: column 'mood' has no label in row 21 of a.csv - add it",
    )
