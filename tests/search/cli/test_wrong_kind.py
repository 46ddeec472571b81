"""A file of one kind where one of another is wanted: it is told what it is, and what takes it."""

from typing import Any

import pytest

MOODS = "text,mood\nit was good,up\n"
PARQUET = b"PAR1\x15\x04\xff\xfe"


@pytest.mark.parametrize("command", ["check", "launch", "submit"])
@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a b.csv", MOODS, "csv"),
        ("a b.jsonl", '{"text": "good"}\n', "json"),
        ("a b.parquet", PARQUET, "parquet"),
        ("a b.csv.gz", b"\x1f\x8b\x08\0\xff", "csv"),
    ],
)
def test_data_are_no_study_file(
    command: str, name: str, content: str | bytes, kind: str, wrong: Any
) -> None:
    wrong.tells(
        f"{command} '{name}'",
        {name: content},
        f"{name}: a file of data ({kind}), where a study file is wanted - "
        f"lstm-search init '...{name}' writes one for it",
    )


def test_a_folder_of_data_is_no_study_file(wrong: Any) -> None:
    told = "d: a folder - name a study file; lstm-search init d writes one for data in it"
    wrong.tells("check d", {"d/a.csv": MOODS}, told)


def test_a_study_file_is_no_data_to_begin_with(wrong: Any) -> None:
    wrong.tells(
        "init x.toml",
        {"x.toml": 'name = "x"\n' * 99},
        "DATA: x.toml is a study file by its name - name data; a study file that is there is "
        "looked at by lstm-search check x.toml",
    )


@pytest.mark.parametrize("command", ["score", "predict"])
def test_a_study_file_is_no_data_for_an_export(command: str, wrong: Any) -> None:
    wrong.tells(
        f"{command} out a.csv x.toml",
        {"x.toml": 'name = "x"', "a.csv": MOODS},
        "x.toml: a study file by its name, where data are wanted - name files as its [data] does",
    )


@pytest.mark.parametrize("line", ["score x.toml a.csv", "generate x.toml --prompt a"])
def test_a_study_file_is_no_export(line: str, wrong: Any) -> None:
    wrong.tells(
        line,
        {"x.toml": 'name = "x"', "a.csv": MOODS},
        "x.toml: a file, where an export is wanted - name its folder; "
        "lstm-search export NAME --to DIR writes one",
    )
