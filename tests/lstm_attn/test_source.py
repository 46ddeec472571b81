"""Files in the parts of a data set: none is in two."""

from pathlib import Path

import pytest

from lstm_attn.config import DataConfig, TaskConfig
from lstm_attn.data import prepare
from lstm_attn.errors import DataError
from lstm_attn.problems import Problems
from lstm_attn.source import Source, read_source

TASK = TaskConfig(kind="classification", inputs=("text",), targets=("label",))


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ov").mkdir()
    for name in ("one", "test", "two", "val"):
        rows = [f'{{"text": "good {name} good {name}", "label": {at % 2}}}\n' for at in range(6)]
        Path(f"ov/{name}.jsonl").write_text("".join(rows))


def read(train: str | tuple[str, ...], **held: object) -> Source:
    train = (train,) if isinstance(train, str) else train
    data = DataConfig(**({"format": "json", "train": train} | held))
    return read_source(data, TASK, Problems())


def names(source: Source) -> list[list[str]]:
    return [[file.path.stem for file in part] for part in source]


def test_what_is_held_out_is_not_in_what_a_glob_gives_to_train_on() -> None:
    absolute = str(Path("ov/test.jsonl").absolute())
    source = read("ov/*.jsonl", validation=("ov/v*.jsonl",), test=absolute)
    assert names(source) == [["one", "two"], ["val"], ["test"]]
    assert [path.stem for path in source.kept_out] == ["test", "val"]


def test_a_file_reached_through_a_link_is_the_same_file() -> None:
    Path("link.jsonl").symlink_to("ov/test.jsonl")
    assert names(read("ov/*.jsonl", validation="link.jsonl"))[0] == ["one", "two", "val"]


def test_a_file_counts_once_in_a_part_however_often_it_is_named() -> None:
    source = read(("ov/two.jsonl", "ov/[ot]*.jsonl", "ov/../ov/two.jsonl"), validation=0.5)
    assert names(source) == [["two", "one", "test"], [], []]
    source = read("ov/one.jsonl", validation=("ov/t*.jsonl", "ov/two.jsonl"))
    assert names(source) == [["one"], ["test", "two"], []]


@pytest.mark.parametrize(
    ("train", "held", "line"),
    [
        (
            "ov/one.jsonl",
            {"validation": "ov/../ov/one.jsonl"},
            "data.train and data.validation: ov/one.jsonl is in both - name it in one of them",
        ),
        (
            ("ov/*.jsonl", "ov/test.jsonl"),
            {"validation": "ov/val.jsonl", "test": "ov/test.jsonl"},
            "data.train and data.test: ov/test.jsonl is in both - name it in one of them",
        ),
        (
            "ov/one.jsonl",
            {"validation": ("ov/*.jsonl",)},
            "data.train and data.validation: ov/one.jsonl is in both - name it in one of them",
        ),
        (
            "ov/one.jsonl",
            {"validation": "ov/val.jsonl", "test": ("ov/[tv]*.jsonl",)},
            "data.validation and data.test: ov/val.jsonl is in both - name it in one of them",
        ),
        (
            "ov/one.jsonl",
            {"validation": "ov/one.jsonl", "test": "ov/one.jsonl"},
            (
                "data.train and data.validation and data.test: ov/one.jsonl is in all - "
                "name it in one of them"
            ),
        ),
        (
            "ov/t*.jsonl",
            {"validation": "ov/two.jsonl", "test": "ov/test.jsonl"},
            (
                "data.train: every file it matches is held out (ov/test.jsonl, ov/two.jsonl) - "
                "name files to train on"
            ),
        ),
    ],
)
def test_a_file_in_two_parts_is_an_error_with_its_keys(train, held, line) -> None:
    with pytest.raises(DataError) as raised:
        read(train, **held)
    assert list(raised.value.problems) == [line]


def test_the_summary_says_what_was_not_trained_on() -> None:
    data = DataConfig(
        format="json", train=("ov/*.jsonl",), validation=0.25, test="ov/test.jsonl", seed=0
    )
    summary = prepare(data, TASK).summary
    assert summary["held out, so not trained on"] == "ov/test.jsonl"
    assert summary["training rows"] == 14
