"""What no study can be made of gets a line a problem, and leaves nothing behind."""

from pathlib import Path
from typing import Any

import pytest

from search.errors import SpecError
from tests.search.starting.made_up import (
    IRIS,
    MOODS,
    PANEL,
    Write,
    day,
    lines,
    several,
    table,
    text,
)

REFUSALS: dict[str, tuple[Write, str, str]] = {
    "nothing": (
        text("a.csv", "x"),
        "b.csv",
        "DATA: no file 'b.csv' - ... has: a.csv",
    ),
    "an empty file": (
        text("a.csv", ""),
        "a.csv",
        "DATA: a.csv is empty - give a file with rows, or leave it out",
    ),
    "a header alone": (
        text("a.csv", "x,y\n"),
        "a.csv",
        "a.csv: no rows - give a file with rows, or leave it out",
    ),
    "a missing label": (
        table(
            "mail.csv",
            ["text", "channel", "label"],
            [[f"a {n % 5} in b", "xy"[n % 2], "" if n == 7 else "pq"[n % 2]] for n in range(99)],
        ),
        "mail.csv",
        "classification: column 'label' has no label in row 8 of mail.csv - add it",
    ),
    "semicolons": (
        text("a.csv", "x;y\n1;2\n"),
        "a.csv",
        "a.csv: its fields are separated by ';' (x;y) - separate them by commas",
    ),
    "a sheet": (
        text("a.xlsx", b"PK\x03\x04"),
        "a.xlsx",
        "DATA: a.xlsx is a table of a kind that isn't read - save it as CSV, with commas",
    ),
    "a text in another encoding": (
        text("a.md", "caf\xe9 and all that\n".encode("latin-1")),
        "a.md",
        (
            "DATA: a.md: not UTF-8 text at line 1, byte 4 (0xe9), it looks like ISO-8859-1 - "
            "write it as UTF-8: iconv -f ISO-8859-1 -t UTF-8 a.md > a-utf8.md"
        ),
    ),
    "neither a table nor a text": (
        text("a.bin", b"\0\1\xff" * 99),
        "a.bin",
        "DATA: a.bin is neither a table nor UTF-8 text - give a file of one of the kinds .csv, ...",
    ),
    "an empty folder": (
        text("d/.hidden", ""),
        "d",
        "DATA: no file of data in d - put files into it that end in .csv, ...",
    ),
    "a folder of several kinds": (
        several(text("d/a.txt", "x"), text("d/b.csv", "x\n1\n")),
        "d",
        "DATA: d has files of several kinds, csv and text - name those of one kind, as 'd/*.csv'",
    ),
    "a glob of several kinds": (
        several(text("d/a.txt", "x"), text("d/b.csv", "x\n1\n")),
        "'d/*'",
        "DATA: d/* has files of several kinds, csv and text - name those of one kind, ...",
    ),
    "nothing but labels": (
        table("a.csv", ["city", "answer"], [["ab"[n % 2], "xyz"[n % 3]] for n in range(60)]),
        "a.csv",
        (
            "classification: no column of texts or of lists of numbers in a.csv - it has "
            "city, answer; "
            "give each row a text, or all its steps as a list\n"
            "forecasting: no column of times in a.csv, as 2012-01-31, and rows have labels, "
            "'city' - "
            "say --task forecasting where rows follow each other in time\n"
            "language-modeling: no column of a.csv has a text in every row - it has city, answer; "
            "give a file of text"
        ),
    ),
    "rows that are no series": (
        IRIS,
        "iris.csv",
        (
            "classification: no column of texts or of lists ...\n"
            "forecasting: no column of times in iris.csv, ...\n"
            "language-modeling: no column of iris.csv has a text in every row - ..."
        ),
    ),
    "several series below each other": (
        PANEL,
        "panel.csv --task forecasting",
        (
            "forecasting: 'date' has the same time in several rows of panel.csv, as where several "
            "series stand below each other, or where the hour has a column of its own - give one "
            "series a file, or write times in one column, as 2012-01-31 14:00"
        ),
    ),
    "gaps, out of order": (
        table("a.csv", ["date", "x"], [[day(99 - n), n % 7] for n in range(90) if n % 9]),
        "a.csv --target x",
        (
            "forecasting: by 'date' rows of a.csv are missing or not evenly spaced, and they "
            "are not "
            "in the order of time - add those that are missing, or sort them"
        ),
    ),
    "parts of a time, out of order": (
        table("a.csv", ["year", "month", "x"], [[2001, 12 - n, n % 7] for n in range(12)]),
        "a.csv --target x",
        "forecasting: by 'year' rows of a.csv are missing or not evenly spaced, and they ...",
    ),
    "money to forecast": (
        table("a.csv", ["d", "x"], [[day(n), f"$1,{200 + n}"] for n in range(90)]),
        "a.csv --target x",
        (
            "--target: column 'x' is '$1,200', no plain number, in row 1 of a.csv and 89 more - "
            "write it as 1200.5, without units or marks of thousands"
        ),
    ),
    "times and numbers with holes": (
        table("a.csv", ["d", "x"], [[day(n), n % 7 if n != 4 else ""] for n in range(90)]),
        "a.csv",
        "forecasting: column 'x' has no finite number in row 5 of a.csv - fill it in, or name ...",
    ),
    "many columns with holes": (
        table(
            "a.csv",
            ["d", *"uvwxyz"],
            [[day(n), *([n % 7 if n != 4 else ""] * 6)] for n in range(90)],
        ),
        "a.csv",
        (
            "forecasting: column 'u' has no finite number in row 5 ...\n"
            "forecasting: column 'v' has no finite number in row 5 ...\n"
            "forecasting: column 'w' has no finite number in row 5 ...\n"
            "forecasting: column 'x' has no finite number in row 5 ...\n"
            "forecasting: 2 columns more like these"
        ),
    ),
    "numbers between blanks": (
        text("a.csv", "1.5 2 3\n" * 40),
        "a.csv",
        "DATA: a.csv has one column only, '1.5 2 3' - separate its fields by commas",
    ),
    "nothing but clocks": (
        table("a.csv", ["d", "n"], [[day(n), 5 * n] for n in range(90)]),
        "a.csv --task forecasting",
        (
            "forecasting: no column of numbers that change, one in every row, in a.csv - it has "
            "d (a time), n (counts the rows)"
        ),
    ),
    "a line break in the only name": (
        table("a.csv", ["d", "x\ny"], [[day(n), n % 7] for n in range(90)]),
        "a.csv --task forecasting",
        (
            r"forecasting: column 'x\ny' has a line break or another sign in its name that a study "
            "file can't hold - rename it"
        ),
    ),
    "no column of that name": (
        MOODS,
        "moods.csv --target mod",
        "--target: no column 'mod' in moods.csv - did you mean 'mood'? It has: when, id, text, ...",
    ),
    "no task of that name": (
        MOODS,
        "moods.csv --task clasify --target z",
        (
            "--task: got 'clasify' - did you mean classification?\n"
            "--target: no column 'z' in moods.csv - it has: when, id, text, likes, mood"
        ),
    ),
    "words to forecast": (
        MOODS,
        "moods.csv --task forecasting --target mood",
        "forecasting: by 'when' rows of moods.csv are missing ...",
    ),
    "words to forecast, in time": (
        table("a.csv", ["d", "x", "w"], [[day(n), n % 7, "ab"[n % 2]] for n in range(90)]),
        "a.csv --task forecasting --target w",
        "--target: 'w' holds no numbers, and a forecast is of numbers - name a column of numbers",
    ),
    "a target with holes": (
        table("a.csv", ["d", "x"], [[day(n), n % 7 if n % 9 else ""] for n in range(90)]),
        "a.csv --target x",
        "--target: column 'x' has no finite number in row 1 of a.csv and 9 more - fill it in, ...",
    ),
    "a target with something else in it": (
        table("a.csv", ["d", "x"], [[day(n), "oops" if n == 4 else n % 7] for n in range(90)]),
        "a.csv --target x",
        "--target: column 'x' is 'oops', no number, in row 5 of a.csv - mend or remove such rows",
    ),
    "a row without a label": (
        table("a.csv", ["text", "y"], [[f"it was {n}", "ab"[n % 2] * (n != 6)] for n in range(90)]),
        "a.csv --target y",
        "--target: column 'y' has no label in row 7 of a.csv - add it",
    ),
    "a row without a text": (
        table(
            "a.csv",
            ["text", "y"],
            [[f"it was {n} again" * (n not in (5, 8)), "ab"[n % 2]] for n in range(90)],
        ),
        "a.csv --target y",
        (
            "classification: column 'text' has no text in row 6 of a.csv and 1 more - add it, or "
            "remove such rows"
        ),
    ),
    "numbers of which one is missing": (
        table("a.csv", ["d", "x"], [[day(n), n % 7 if n != 4 else ""] for n in range(90)]),
        "a.csv --task forecasting",
        "forecasting: column 'x' has no finite number in row 5 of a.csv - fill it in, or name ...",
    ),
    "dates to forecast": (
        table("a.csv", ["d", "when", "x"], [[day(n), day(n % 9), n % 7] for n in range(90)]),
        "a.csv --target when",
        (
            "--target: 'when' holds times, which are neither numbers to forecast nor labels - "
            "write numbers in their place, such as days since the first, or name another column, "
            "such as x"
        ),
    ),
    "dates to forecast, by the task": (
        table("a.csv", ["d", "when"], [[day(n), day(n % 9)] for n in range(90)]),
        "a.csv --target when --task forecasting",
        "--target: 'when' holds times, ... - write numbers in their place, ... another column",
    ),
    "the time as the target": (
        table("a.csv", ["d", "x", "y"], [[day(n), n % 7, n % 5] for n in range(90)]),
        "a.csv --target d",
        (
            "--target: 'd' is the time of each row, which is known beforehand - name the column to "
            "forecast, such as x, y"
        ),
    ),
    "one column of times": (
        table("a.csv", ["d"], [[day(n)] for n in range(90)]),
        "a.csv",
        (
            "DATA: a.csv has one column only, 'd' (a time) - give a column of numbers to forecast, "
            "of texts of several words, or of labels beside texts or lists"
        ),
    ),
    "one column of labels": (
        table("a.csv", ["w"], [["ab"[n % 2]] for n in range(90)]),
        "a.csv --target w",
        "DATA: a.csv has one column only, 'w' (labels) - give a column of numbers to forecast, ...",
    ),
    "one label": (
        table("a.csv", ["text", "y"], [[f"it was {n} again", "a"] for n in range(90)]),
        "a.csv --target y",
        (
            "--target: 'y' has one label only - name a column with two labels or more, one "
            "in every "
            "row"
        ),
    ),
    "a text's columns": (
        text("a.txt", "some words\n" * 99),
        "a.txt --target x --task classification",
        (
            "--target: a.txt is text, which has no column 'x' - leave it out, or give a table\n"
            "--task: classification takes a table, and a.txt is text - leave it out, or give a CSV"
        ),
    ),
    "a target of a language model": (
        MOODS,
        "moods.csv --task language-modeling --target mood",
        "--target: language-modeling has none - leave it out",
    ),
    "steps of several widths": (
        lines(
            "a.jsonl", [{"x": [[1, 2], [1] if n == 3 else [3, 4]], "y": n % 2} for n in range(40)]
        ),
        "a.jsonl",
        (
            "classification: column 'x' has 1 numbers a step, not 2 as in row 1, in row 4 of "
            "a.jsonl - "
            "give every step of every row as many"
        ),
    ),
    "too little text": (
        text("a.txt", "ab"),
        "a.txt",
        "data.train: 1 tokens, ...\ndata.validation: 1 tokens, ...",
    ),
    "a study file of another name": (
        MOODS,
        "moods.csv --to moods",
        "Invalid value for '--to': got 'moods' - name a file that ends in .toml",
    ),
    "no folder for it": (
        MOODS,
        "moods.csv --to none/x.toml",
        (
            "Invalid value for '--to': cannot write none/x.toml - name a file in a folder that is "
            "there"
        ),
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_line_a_problem(name: str, wrong: Any) -> None:
    write, line, told = REFUSALS[name]
    write(wrong.folder)
    wrong.tells(f"init {line}", {}, told)


def test_nothing_is_overwritten_without_force(wrong: Any) -> None:
    MOODS(wrong.folder)
    study = wrong.folder / "moods.toml"
    line = "moods.toml: is there already - overwrite it with --force, or name another with --to"
    wrong.tells("init moods.csv", {"moods.toml": "mine"}, line)
    wrong.tells("init moods.csv --to moods.toml", {}, line)
    assert study.read_text() == "mine"


def test_a_study_file_that_is_there_is_told_before_the_data_are_read(wrong: Any) -> None:
    files = {"a.toml": "mine", "a.csv": "x;y\n1;2\n"}
    wrong.tells("init a.csv", files, "a.toml: is there already - ...")


def test_what_check_would_refuse_is_told_and_not_written(
    wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: Any, **__: Any) -> None:
        raise SpecError("space.heads: no model has 7 - use 1")

    MOODS(wrong.folder)
    monkeypatch.setattr("search.spec.resolve", refuses)
    wrong.tells("init moods.csv", {}, "space.heads: no model has 7 - use 1")
    assert not (wrong.folder / "moods.toml").exists()


@pytest.mark.parametrize("mine", ["mine", None])
def test_a_full_disk_leaves_the_study_file_as_it_was(
    mine: str | None, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *given: Any, **named: Any) -> Any:
        file = opened(path, *given, **named)
        if ".toml" in path.name or ".part" in path.name:
            file.write = refuse
        return file

    def refuse(_: str) -> int:
        raise OSError(28, "No space left on device")

    MOODS(wrong.folder)
    if mine:
        (wrong.folder / "moods.toml").write_text(mine)
    opened = Path.open
    monkeypatch.setattr(Path, "open", full)
    told = "--to: cannot write moods.toml (No space left on device) - name a file where it can be"
    wrong.tells(f"init moods.csv {'--force' if mine else ''}", {}, told)
