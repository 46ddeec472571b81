"""Paths that lead nowhere: names too long for a file, links that lead to themselves."""

from typing import Any

import pytest

from tests.search.moods import MOODS, STUDY

LONG = "n" * 300
FILES = {"moods.toml": STUDY, "a.csv": MOODS}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"init {LONG}", "DATA: 'nnn...' cannot be looked for, file name too long - name a file"),
        (f"score {LONG} a.csv", f"{LONG}/config.json: file name too long - give a folder that ..."),
        (
            f"predict out a.csv --out {LONG}",
            f"Invalid value for '--out': cannot write {LONG}, File name too long - name another",
        ),
        (
            f"launch moods.toml --checkpoints {LONG}",
            f"--checkpoints: no folder has so long a name as {LONG} - name another",
        ),
    ],
)
def test_a_name_too_long_for_a_file_is_told(line: str, told: str, wrong: Any) -> None:
    wrong.tells(line, FILES, told)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "init a.csv --to loop.toml",
            "Invalid value for '--to': cannot write loop.toml, a link that leads to itself - ...",
        ),
        (
            "predict out a.csv --out loop.toml",
            "Invalid value for '--out': cannot write loop.toml, a link that leads to itself - ...",
        ),
        ("init loop.csv", "DATA: no file 'loop.csv' - ... has: a.csv, loop.csv, ..."),
    ],
)
def test_a_link_that_leads_to_itself_is_told(line: str, told: str, wrong: Any) -> None:
    for name in ("loop.toml", "loop.csv"):
        (wrong.folder / name).symlink_to(name)
    wrong.tells(line, {"a.csv": MOODS}, told)
