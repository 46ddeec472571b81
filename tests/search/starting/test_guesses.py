"""What is guessed of files that nobody has thought of, each tried as `check` tries it."""

import datetime as dt
import json
import shlex
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from lstm_attn.data import prepare
from search import operations, spec
from search.cli import app
from tests.search.starting.made_up import (
    IRIS,
    LETTERS,
    MOODS,
    SHOP,
    SIGNALS,
    START,
    STOCK,
    WORDS,
    Write,
    day,
    lines,
    parquet,
    several,
    table,
    text,
)

HOUR = dt.timedelta(hours=1)
LANGUAGE = {"kind": "language-modeling", "inputs": "text"}


def forecast(inputs: list[str], target: str, **more: Any) -> dict[str, Any]:
    return {"kind": "forecasting", "inputs": inputs, "targets": [target], **more}


def labelled(inputs: str, target: str) -> dict[str, Any]:
    return {"kind": "classification", "inputs": inputs, "target": target}


GUESSES: dict[str, tuple[Write, str, dict[str, Any]]] = {
    "a shop's days": (
        SHOP,
        "shop.csv",
        forecast(
            ["units", "price", "holiday"],
            "units",
            time="day",
            calendar=["day_of_week"],
            horizon=7,
        ),
    ),
    "a target that was asked for": (
        SHOP,
        "shop.csv --target price",
        forecast(
            ["units", "price", "holiday"], "price", time="day", calendar=["day_of_week"], horizon=7
        ),
    ),
    "texts with labels, beside times and numbers": (MOODS, "moods.csv", labelled("text", "mood")),
    "texts alone, asked for": (MOODS, "moods.csv --task language-modeling", LANGUAGE),
    "names and their languages": (
        table("names.csv", ["name", "lang"], [[name, name[0] < "e"] for name in LETTERS]),
        "names.csv",
        labelled("name", "lang"),
    ),
    "sequences with labels": (SIGNALS, "signals.jsonl", labelled("signal", "ok")),
    "sequences of steps, in an array": (
        lines(
            "curves.json",
            [{"x": [[n % 2, 1.0], [0.5, n % 3]], "y": n % 3} for n in range(240)],
            array=True,
        ),
        "curves.json",
        labelled("x", "y"),
    ),
    "reviews with stars": (
        lines(
            "reviews.jsonl",
            [{"stars": n % 5 + 1, "body": f"a {n % 7} by {n % 3}"} for n in range(90)],
        ),
        "reviews.jsonl",
        labelled("body", "stars"),
    ),
    "hours of a parquet file": (
        parquet(
            "h.parquet",
            {"t": [START + n * HOUR for n in range(500)], "kw": [n * n for n in range(500)]},
        ),
        "h.parquet",
        forecast(["kw"], "kw", time="t", horizon=24, calendar=["hour_of_day", "day_of_week"]),
    ),
    "quarters of an hour": (
        table("q.csv", ["time", "load"], [[START + n * HOUR / 4, n % 96] for n in range(700)]),
        "q.csv",
        forecast(["load"], "load", time="time", horizon=4, calendar=["hour_of_day"], season=96),
    ),
    "seconds of two hours": (
        table("s.csv", ["time", "x"], [[START + n * HOUR / 3600, n % 9] for n in range(7200)]),
        "s.csv",
        forecast(["x"], "x", time="time", horizon=4, season=3600),
    ),
    "seconds": (
        table("s.csv", ["time", "x"], [[START + n * HOUR / 3600, n % 9] for n in range(300)]),
        "s.csv",
        forecast(["x"], "x", time="time", horizon=4, season=1),
    ),
    "months": (
        table(
            "m.csv",
            ["month", "x"],
            [[f"{1990 + n // 12}-{n % 12 + 1:02}-01", n % 13] for n in range(144)],
        ),
        "m.csv",
        forecast(["x"], "x", time="month", horizon=6, calendar=["month"]),
    ),
    "years": (
        table("y.csv", ["year", "spots"], [[1900 + n, n % 11] for n in range(60)]),
        "y.csv",
        forecast(["spots"], "spots", time="year", horizon=4),
    ),
    "days of trade, with holidays": (
        STOCK,
        "stock.csv",
        forecast(["Open", "Close"], "Close", horizon=5, season=5),
    ),
    "an hour twice, as clocks change": (
        table(
            "c.csv",
            ["time", "x"],
            [[START + (n - (n > 40)) * HOUR, n % 9] for n in range(90)],
        ),
        "c.csv",
        forecast(["x"], "x", horizon=9, season=24),
    ),
    "hours of which one is missing": (
        table("c.csv", ["time", "x"], [[START + (n + (n > 99)) * HOUR, n % 9] for n in range(600)]),
        "c.csv",
        forecast(["x"], "x", horizon=24, season=24),
    ),
    "years beside months": (
        table(
            "parts.csv",
            ["year", "month", "cost"],
            [[2001 + n // 12, n % 12 + 1, n % 7] for n in range(96)],
        ),
        "parts.csv",
        forecast(["month", "cost"], "cost", horizon=9),
    ),
    "the hour in a column of its own": (
        table(
            "parts.csv", ["date", "x", "Hour"], [[day(n // 24), n % 7, n % 24] for n in range(480)]
        ),
        "parts.csv",
        forecast(["x", "Hour"], "x", horizon=10),
    ),
    "a clock, and a number for each row": (
        table(
            "clock.csv",
            ["user_id", "timestamp", "t", "x", "sample"],
            [
                [n * 37 % 101, 1_700_000_000 + 7 * n + n % 3, n / 8, n % 9, 5 * n]
                for n in range(100)
            ],
        ),
        "clock.csv",
        forecast(["x"], "x", horizon=5),
    ),
    "a clock that was asked for": (
        table("clock.csv", ["x", "t"], [[n % 9, n / 8] for n in range(100)]),
        "clock.csv --target t",
        forecast(["x", "t"], "t", horizon=5),
    ),
    "titles above their texts": (
        table(
            "posts.csv",
            ["title", "body_text", "mood"],
            [[f"day {n} of it", f"it was {n % 9} in a house", n % 2] for n in range(90)],
        ),
        "posts.csv",
        labelled("body_text", "mood"),
    ),
    "names beside longer notes": (
        table(
            "notes.csv",
            ["name", "remark", "mood"],
            [[f"N. N. {n}", f"it was {n % 9} in a house", n % 2] for n in range(90)],
        ),
        "notes.csv",
        labelled("remark", "mood"),
    ),
    "a line break in a column's name": (
        table("cells.csv", ["date", "Price\n(USD)", "x"], [[day(n), n, n % 7] for n in range(90)]),
        "cells.csv",
        forecast(["x"], "x", time="date", horizon=7, calendar=["day_of_week"]),
    ),
    "money beside numbers": (
        table(
            "money.csv",
            ["date", "price", "sold"],
            [[day(n), f"$1,{200 + n % 50}", n % 7] for n in range(90)],
        ),
        "money.csv",
        forecast(["sold"], "sold", time="date", horizon=7, calendar=["day_of_week"]),
    ),
    "dates that are none": (
        table(
            "us.csv", ["date", "x"], [[f"{n % 12 + 1}/{n % 28 + 1}/2020", n % 9] for n in range(99)]
        ),
        "us.csv",
        forecast(["x"], "x", horizon=9),
    ),
    "numbers alone": (
        table("n.csv", ["a", "b"], [[n % 5, n % 7] for n in range(300)]),
        "n.csv",
        forecast(["a", "b"], "b", horizon=10),
    ),
    "rows of numbers with labels, forced": (
        IRIS,
        "iris.csv --task forecasting --target width",
        forecast(["length", "width"], "width", horizon=7),
    ),
    "five rows": (
        table("five.csv", ["date", "x"], [[day(n), n * n] for n in range(5)]),
        "five.csv",
        forecast(["x"], "x", time="date", horizon=1),
    ),
    "rows out of order": (
        table("o.csv", ["date", "x"], [[day(n * 7 % 100), n % 9] for n in range(100)]),
        "o.csv",
        forecast(["x"], "x", time="date", horizon=5, calendar=["day_of_week"]),
    ),
    "a column with holes": (
        table(
            "holes.csv",
            ["date", "a", "b"],
            [[day(n), n % 5, "" if n == 7 else n % 3] for n in range(200)],
        ),
        "holes.csv",
        forecast(["a"], "a", time="date", horizon=7, calendar=["day_of_week"]),
    ),
    "a great many columns": (
        table(
            "wide.csv",
            [f"c{n}" for n in range(50)],
            [[(n * c) % 7 for c in range(1, 51)] for n in range(99)],
        ),
        "wide.csv --target c7",
        forecast([f"c{n}" for n in range(37) if n % 7 != 6], "c7", horizon=9),
    ),
    "what pandas counts": (
        table("p.csv", ["", "date", "v"], [[n, day(n), n % 7] for n in range(120)]),
        "p.csv",
        forecast(["v"], "v", time="date", horizon=6, calendar=["day_of_week"]),
    ),
    "compressed": (
        table("z.csv.gz", ["date", "v"], [[day(n), n % 7] for n in range(120)]),
        "z.csv.gz",
        forecast(["v"], "v", time="date", horizon=6, calendar=["day_of_week"]),
    ),
    "a text": (text("book.txt", WORDS * 200), "book.txt", LANGUAGE),
    "a text of another name": (text("notes.md", WORDS * 40), "notes.md", LANGUAGE),
    "a program without an ending": (text("Makefile", WORDS * 40), "Makefile", LANGUAGE),
    "texts in a table": (
        table("t.csv", ["text"], [[f"{WORDS.strip()} {n}"] for n in range(99)]),
        "t.csv",
        LANGUAGE,
    ),
    "a folder of texts": (
        several(*(text(f"books/{n}.txt", WORDS * 50) for n in range(3))),
        "books",
        LANGUAGE,
    ),
    "folders in a folder, with brackets": (
        several(*(text(f"b [1]/{n}/x.txt", WORDS * 50) for n in range(3))),
        "'b [1]'",
        LANGUAGE,
    ),
    "a glob": (
        several(*(text(f"books/{n}.txt", WORDS * 50) for n in range(3))),
        "'books/*.txt'",
        LANGUAGE,
    ),
    "a folder with parts": (
        several(
            *(
                table(
                    f"d/{part}.csv",
                    ["text", "label"],
                    [[f"a {n % 5} in b", n % 2] for n in range(99)],
                )
                for part in ("train", "valid", "test")
            )
        ),
        "d",
        labelled("text", "label"),
    ),
    "a folder whose test has no labels": (
        several(
            table(
                "d/train.csv", ["text", "label"], [[f"a {n % 5} in b", n % 2] for n in range(99)]
            ),
            table("d/test.csv", ["text"], [[f"a {n % 5} in b"] for n in range(99)]),
        ),
        "d",
        labelled("text", "label"),
    ),
    "names that TOML has to quote": (
        table('a "b".csv', ['x "1"', "größe"], [[n % 5, n % 7] for n in range(99)]),
        """'a "b".csv'""",
        forecast(['x "1"', "größe"], "größe", horizon=9),
    ),
}


@pytest.fixture
def init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def run(line: str) -> Result:
        return CliRunner().invoke(app, ["init", *shlex.split(line)], prog_name="lstm-search")

    return run


@pytest.mark.parametrize("name", GUESSES)
def test_a_study_is_guessed_that_is_accepted(name: str, init: Any, tmp_path: Path) -> None:
    write, line, wanted = GUESSES[name]
    write(tmp_path)
    result = init(line)
    assert result.exit_code == 0, result.stderr
    [file] = tmp_path.glob("*.toml")
    assert f"wrote {file.name}" in result.stdout
    tree = tomllib.loads(file.read_text(encoding="utf-8"))
    assert tree["task"] == wanted
    assert result.stderr.splitlines()[1].split()[:2] == ["task", f"{wanted['kind']}:"]
    loaded = spec.load(file)
    study = spec.resolve(loaded, prepare(loaded.data, loaded.task), gpus=False)
    assert study.name == file.stem
    assert study.timeout == 900


def test_what_is_written_is_what_was_tried(init: Any, tmp_path: Path) -> None:
    SHOP(tmp_path)
    draft = operations.init(Path("shop.csv"))
    assert init("shop.csv").exit_code == 0
    text = (tmp_path / "shop.toml").read_text()
    assert tomllib.loads(text) == draft.tree
    [first, *_] = text.splitlines()
    schema = json.loads((tmp_path / first.removeprefix("#:schema ")).read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(schema).validate(tomllib.loads(text))


def test_a_study_file_names_no_place_of_this_machine_and_its_schema_moves_with_it(
    init: Any, tmp_path: Path
) -> None:
    SHOP(tmp_path)
    beside = tmp_path / spec.SCHEMA_BESIDE
    beside.write_text("of an older version")
    assert init("shop.csv").exit_code == 0
    assert str(Path(spec.schema_file()).parent) not in (tmp_path / "shop.toml").read_text()
    assert beside.read_bytes() == spec.schema_file().read_bytes()
    beside.chmod(0o444)
    written = beside.stat()
    assert init("shop.csv --to again.toml").exit_code == 0
    now = beside.stat()  # read, which changes when it was read last
    assert (now.st_ino, now.st_mtime_ns) == (written.st_ino, written.st_mtime_ns)
    (tmp_path / "shop.csv").unlink()
    refused = init(". --to none.toml")  # what is hidden is no data
    assert "no file of data in ." in refused.stderr


@pytest.mark.parametrize(
    ("place", "seen"),
    [("x.toml", "data/shop.csv"), ("data/x.toml", "shop.csv"), ("a/x.toml", "../data/shop.csv")],
)
def test_data_are_named_as_seen_from_the_study_file(
    place: str, seen: str, init: Any, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "a").mkdir()
    SHOP(tmp_path / "data")
    assert init(f"data/shop.csv --to {place}").exit_code == 0
    tree = tomllib.loads((tmp_path / place).read_text())
    assert (tree["data"]["train"], tree["name"]) == (seen, "x")


def test_a_folder_that_is_linked_is_found_from_where_the_file_lies(
    init: Any, tmp_path: Path
) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "deep" / "er")
    SHOP(tmp_path)
    assert init("shop.csv --to link/x.toml").exit_code == 0
    assert prepare(spec.load(tmp_path / "link" / "x.toml").data, _task(tmp_path / "link/x.toml"))


def test_what_was_left_out_is_said_with_its_reason(init: Any, tmp_path: Path) -> None:
    SHOP(tmp_path)
    said = " ".join(init("shop.csv").stderr.split())
    assert "left out id (counts the rows), weather (labels), note (" in said
    assert "target units, by its name; else say --target" in said


def test_a_column_without_a_name_is_passed_over(init: Any, tmp_path: Path) -> None:
    rows = [{"x": n * n % 7 / 4, "": n % 2 < 1, "id": f"2012-01-31 {n % 9} ="} for n in range(60)]
    lines("notes.jsonl", rows)(tmp_path)
    assert init("notes.jsonl").exit_code == 0
    assert tomllib.loads((tmp_path / "notes.toml").read_text())["task"]["targets"] == ["x"]


def test_quiet_leaves_the_result_alone(init: Any, tmp_path: Path) -> None:
    SHOP(tmp_path)
    result = init("shop.csv --quiet")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("wrote shop.toml; now\n  lstm-search check shop.toml\n")


def test_test_files_that_do_not_go_with_the_rest_are_left_out(init: Any, tmp_path: Path) -> None:
    GUESSES["a folder whose test has no labels"][0](tmp_path)
    said = " ".join(init("d").stderr.split())
    assert "test left out, task.target: no column 'label' in" in said
    assert "test" not in tomllib.loads((tmp_path / "d.toml").read_text())["data"]


def test_parts_of_a_folder_are_used_as_such(init: Any, tmp_path: Path) -> None:
    GUESSES["a folder with parts"][0](tmp_path)
    init("d")
    data = tomllib.loads((tmp_path / "d.toml").read_text())["data"]
    assert [data[key] for key in ("train", "validation", "test")] == [
        "d/train.csv",
        ["d/valid.csv"],
        ["d/test.csv"],
    ]


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (["x.csv", "x_test.csv"], {"train": "d/x.csv", "test": ["d/x_test.csv"]}),
        (
            ["a/train/1.csv", "a/test/1.csv"],
            {"train": "d/a/train/*.csv", "test": ["d/a/test/*.csv"]},
        ),
        (
            ["train/test_1.csv", "dev/1.csv"],
            {"train": "d/train/*.csv", "validation": ["d/dev/*.csv"]},
        ),
        (["a/train.csv", "a/test.csv"], {"train": "d/a/train.csv", "test": ["d/a/test.csv"]}),
        (["a.csv", "b.csv"], {"train": "d/*.csv"}),
        (["test_1.csv", "test_2.csv"], {"train": "d/*.csv"}),
    ],
)
def test_held_out_files_are_not_trained_on(
    names: list[str], parts: dict[str, object], init: Any, tmp_path: Path
) -> None:
    rows = [[f"a {n % 5} in b", n % 2] for n in range(99)]
    several(*(table(f"d/{name}", ["text", "label"], rows) for name in names))(tmp_path)
    assert init("d").exit_code == 0
    data = tomllib.loads((tmp_path / "d.toml").read_text())["data"]
    held_out = {key: data[key] for key in ("validation", "test") if isinstance(data.get(key), list)}
    assert {"train": data["train"], **held_out} == parts


def test_a_glob_that_takes_held_out_files_does_not_train_on_them(init: Any, tmp_path: Path) -> None:
    rows = [[f"a {n % 5} in b", n % 2] for n in range(99)]
    several(*(table(f"d/{name}.csv", ["text", "y"], rows) for name in ("x", "z", "x_test")))(
        tmp_path
    )
    assert init("'d/*.csv'").exit_code == 0
    data = tomllib.loads((tmp_path / "d.toml").read_text())["data"]
    assert (data["train"], data["test"]) == (["d/x.csv", "d/z.csv"], ["d/x_test.csv"])


@pytest.mark.parametrize("line", ["d", "'d/*.csv'"])
def test_files_that_are_all_held_out_by_their_names_are_trained_on_with_a_word(
    line: str, init: Any, tmp_path: Path
) -> None:
    rows = [[f"a {n % 5} in b", n % 2] for n in range(99)]
    several(*(table(f"d/test_{n}.csv", ["text", "y"], rows) for n in range(2)))(tmp_path)
    said = " ".join(init(line).stderr.split())
    assert "trained on files that are for test by their names: there are no others" in said


def test_why_times_are_not_taken_is_said(init: Any, tmp_path: Path) -> None:
    for name, said in {
        "an hour twice, as clocks change": (
            "without a time: 'time' has the time of another row in 1 row, as where clocks change; "
            "most lie one hour apart"
        ),
        "years beside months": (
            "without a time: 'year' and 'month' say a row's time together - write both in one "
            "column, as 2012-01-31 inputs"
        ),
        "a line break in a column's name": r"left out Price\n(USD) (a line break in its name)",
        "money beside numbers": "left out price (no number in row 1 and 89 more)",
        "a clock, and a number for each row": "user_id (counts the rows), timestamp (counts the",
    }.items():
        write, line, _ = GUESSES[name]
        write(tmp_path)
        told = " ".join(init(f"{line} --force").stderr.split())
        assert said in told, told


@pytest.mark.parametrize(("rows", "epochs"), [(60, 30), (2600, 30), (9000, 20), (90_000, 10)])
def test_long_epochs_are_few(rows: int, epochs: int, init: Any, tmp_path: Path) -> None:
    table("x.csv", ["a"], [[n % 7] for n in range(rows)])(tmp_path)
    init("x.csv")
    assert tomllib.loads((tmp_path / "x.toml").read_text())["training"]["epochs"] == epochs


def test_labels_of_which_one_has_most_rows_are_ranked_by_each_alike(
    init: Any, tmp_path: Path
) -> None:
    rows = [[f"a {n % 5} in b {n % 3}", "rare" if n % 9 == 0 else "often"] for n in range(2000)]
    table("x.csv", ["text", "label"], rows)(tmp_path)
    init("x.csv")
    assert spec.load(tmp_path / "x.toml").objective == "balanced_accuracy"


def test_a_large_text_has_short_epochs(init: Any, tmp_path: Path) -> None:
    text("x.txt", WORDS * 12_000)(tmp_path)
    init("x.txt")
    training = tomllib.loads((tmp_path / "x.toml").read_text())["training"]
    assert (training["epochs"], training["epoch_steps"], training["validation_rows"]) == (
        10,
        200,
        6400,
    )
    assert spec.load(tmp_path / "x.toml").data.validation == 0.05


def _task(path: Path) -> Any:
    return spec.load(path).task
