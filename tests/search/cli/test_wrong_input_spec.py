"""What a wrong study file gets at the command line: all its problems at once, a line each.

Every line of every field is held in `tests/search/spec`; here stands what ends a command.
"""

import gzip
from typing import Any

import pytest

STUDY = """
name = "moods"
[data]
format = "csv"
train = "a.csv"
[task]
kind = "classification"
inputs = "text"
target = "mood"
"""
SERIES = """
name = "loads"
[data]
format = "csv"
train = "b.csv"
[task]
kind = "forecasting"
inputs = "load"
targets = "load"
"""
FILES = {
    "a.csv": "text,mood\n" + "it was good,up\nit was bad,down\n" * 10,
    "b.csv": "load\n" + "1\n2\n3\n" * 20,
}
WHOLE = "use a whole number from 1 up to"
CASES = {
    "heads that don't divide": (
        f"{STUDY}[space]\nheads = [3]\nhidden_size = [64, 128]\n",
        ["space.heads: 3 does not divide hidden_size 64 and 128 - use 1, 2, 4 or 8"],
    ),
    "low above high": (
        f"{STUDY}[space]\nhidden_size = {{ low = 128, high = 64 }}\n",
        ["space.hidden_size: low 128 is above high 64 - swap them"],
    ),
    "zero trials": (
        f"{STUDY}[search]\ntrials = 0\n",
        [f"search.trials: got 0 - {WHOLE} 1,000,000"],
    ),
    "an unknown key": (
        f"{STUDY}[search]\ntrails = 3\n",
        ["search.trails: no such key - did you mean trials?"],
    ),
    "an unknown variant": (
        f'{STUDY}[space]\nvariant = ["lstm", "gru"]\n',
        ["space.variant: got 'gru' - use attention, embed, ffn, embed_ffn or lstm"],
    ),
    "a variant for tokens, and floats": (
        f'{SERIES}[space]\nvariant = ["embed", "lstm"]\n',
        [
            (
                "space.variant: embed takes tokens, and the inputs are floats - "
                "use attention, ffn or lstm"
            )
        ],
    ),
    "a grid over open ranges": (
        f'{STUDY}[space]\nffn_width = 64\nweight_decay = 0.0\n[search]\nsampler = "grid"\n',
        [
            (
                "search.sampler: grid needs lists or steps, and dropout and learning_rate are open "
                "ranges - list values, as in space.dropout = [0.0, 0.6], or use tpe or random"
            )
        ],
    ),
    "numbers that are none": (
        (
            f"{STUDY}[space]\nlearning_rate = 1e400\nheads = true\ndropout = nan\n"
            "[search]\nseed = 99999999999999999999\n"
        ),
        [
            "search.seed: got 99999999999999999999 - use a whole number from 0 up to 2**63 - 1",
            f"space.heads: got true - {WHOLE} 128",
            "space.dropout: got nan - use a number from 0 and below 1",
            "space.learning_rate: got inf - use a number above 0 up to 1",
        ],
    ),
    "everything at once": (
        STUDY.replace("train", "trian").replace('"moods"', '"a/b"')
        + "[space]\nheads = [3]\nhidden_size = 64\n[training]\nepochs = 0\n",
        [
            "name: got 'a/b' - use letters, digits, dots, ...",
            "data.trian: no such key - did you mean train?",
            f"training.epochs: got 0 - {WHOLE} 100,000",
            "data.train: missing - use a path, a glob, or a list of them",
            "space.heads: 3 does not divide hidden_size 64 - use 1, 2, 4 or 8",
        ],
    ),
    "a syntax error": (
        f"{STUDY}[search]\ntrials = 1\ntrials = 2\n",
        ["line 12, column 11: cannot overwrite a value"],
    ),
}
UNREADABLE = {
    "empty": ("", "an empty study file - write [data], [task] and so on into it"),
    "UTF-16": (
        STUDY.encode("utf-16"),
        (
            "not UTF-8 text at line 1, byte 1 (0xff), it looks like UTF-16 - write it as UTF-8: "
            "iconv -f UTF-16 -t UTF-8 study.toml > study-utf8.toml"
        ),
    ),
    "packed": (
        gzip.compress(b"x", mtime=0),
        "no text, but bytes of another kind - name a file of text in UTF-8",
    ),
    "binary": (
        bytes(range(256)),
        "no text, but bytes of another kind - name a file of text in UTF-8",
    ),
}


@pytest.mark.parametrize("command", ["check", "launch"])
@pytest.mark.parametrize("name", CASES)
def test_a_wrong_study_file_gets_a_line_a_problem(command: str, name: str, wrong: Any) -> None:
    study, lines = CASES[name]
    count = f"{len(lines)} problem{'s' if len(lines) > 1 else ''}"
    wrong.tells(
        f"{command} study.toml",
        {"study.toml": study, **FILES},
        "\n".join([f"study.toml: {count}", *(f"  {line}" for line in lines)]),
    )


def test_a_study_file_that_is_not_there_is_guessed_by_its_name(wrong: Any) -> None:
    told = "d/mood.toml: no such file - did you mean d/moods.toml?"
    wrong.tells("launch d/mood.toml", {"d/moods.toml": STUDY, "d/other.toml": STUDY}, told)


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_study_file_that_is_none_gets_a_line(name: str, wrong: Any) -> None:
    content, line = UNREADABLE[name]
    wrong.tells("launch study.toml", {"study.toml": content}, f"study.toml: {line}")


@pytest.mark.parametrize("command", ["check", "launch", "status", "best", "stop", "delete --yes"])
def test_a_study_file_that_is_not_there_gets_a_line(command: str, wrong: Any) -> None:
    line = "none.toml: no such file - name a study file, as studies/quickstart.toml"
    wrong.tells(f"{command} none.toml", {}, line)


def test_an_override_is_held_to_what_the_file_is(wrong: Any) -> None:
    wrong.tells(
        "launch study.toml --set search.trials --set search.trials=none --set space.heads=[3 "
        "--name 'a b'",
        {"study.toml": STUDY, **FILES},
        "study.toml: 4 problems\n"
        "  --set: got 'search.trials' - use key=value, as in search.trials=10\n"
        "  name: got 'a b' - use letters, digits, dots, ...\n"
        f"  search.trials: got 'none' - {WHOLE} 1,000,000\n"
        f"  space.heads: got '[3' - {WHOLE} 128",
    )
