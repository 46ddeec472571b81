"""What a command gets that cannot use an export, or has no room for one; nothing is lost."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WORDS = "give one that this program wrote, or go back to the one before"
FOLDER = "give a folder that `lstm-search export` wrote"


def flipped(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


@pytest.fixture
def out(studies: Callable[..., Any], wrong: Any) -> Path:
    """An export of a classification, beside its data."""
    studies("classification").export(wrong.folder / "out")
    rows = Path(studies("classification").spec.data.train[0]).parent / "rows.jsonl"
    (wrong.folder / "rows.jsonl").write_bytes(rows.read_bytes())
    return wrong.folder / "out"


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize("command", ["score", "predict"])
@pytest.mark.parametrize(
    ("name", "place", "line"),
    [
        ("model.safetensors", -3, "out/model.safetensors: weights: the checksum differs"),
        ("model.safetensors", 40, "out/model.safetensors: ..."),
        ("model.safetensors", 0, "out/model.safetensors: checkpoint: no header in it (...)"),
        ("config.json", 0, "out/config.json: Expecting value: line 1 column 1 (char 0)"),
        ("config.json", -5, "out/config.json: the checksum differs"),
    ],
)
def test_a_damaged_export_is_known_by_its_hash(
    command: str, name: str, place: int, line: str, out: Path, wrong: Any
) -> None:
    flipped(out / name, place)
    wrong.tells(f"{command} out rows.jsonl", {}, f"{line} - {WORDS}")


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("score none rows.jsonl", f"none/config.json: no such file or directory - {FOLDER}"),
        ("score rows.jsonl out", "rows.jsonl: a file, where an export is wanted - name its ..."),
        ("score out none.csv", "data: no file 'none.csv' - ... has: out, rows.jsonl"),
        ("predict out out", "data: 'out' is a folder - name its files, as out/*.csv"),
        ("generate out --prompt x", "generate: the model is for classification - use predict, ..."),
        (
            "predict out rows.jsonl --out none/x.csv",
            (
                "Invalid value for '--out': cannot write none/x.csv - "
                "name a file in a folder that is there"
            ),
        ),
        (
            "predict out rows.jsonl --out out",
            "Invalid value for '--out': cannot write out - name a file in a folder that is there",
        ),
    ],
)
def test_what_an_export_cannot_be_used_for_is_told(
    line: str, told: str, out: Path, wrong: Any
) -> None:
    assert out.is_dir()
    wrong.tells(line, {}, told)


@pytest.mark.usefixtures("in_this_process", "out")
def test_labels_and_widths_that_training_never_saw_are_told(wrong: Any) -> None:
    wrong.tells(
        "score out new.jsonl",
        {"new.jsonl": '{"x": [[1, 2]], "y": "z"}\n{"x": [[1, 2]], "y": "a"}'},
        "task.target: training rows have no label 'z' (1 row) - it has 'a', 'b', 'c'; "
        "remove such rows, or train on some",
    )
    wrong.tells(
        "predict out new.jsonl",
        {"new.jsonl": '{"x": [[1, 2, 3]]}'},
        "task.inputs: its sequences have 3 numbers a step, those of training 2 - "
        "give every step of every row as many",
    )


def test_what_a_language_model_cannot_write_is_told_at_once(
    studies: Callable[..., Any], wrong: Any, in_this_process: list[bool]
) -> None:
    studies("language-modeling").export(wrong.folder / "out")
    wrong.tells(
        "generate out --prompt '' --temperature nan",
        {},
        "prompt: got '' - give a word or more to go on from\ntemperature: got nan - use 0 or more",
    )
    told = "predict: the model is of language - use generate, or score"
    wrong.tells("predict out text.txt", {}, told)
