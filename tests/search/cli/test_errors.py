"""How commands end: lines on stderr, exit codes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from search import errors
from search.records import Ending, ReplayedEpoch

Run = Callable[..., Result]


def test_problems_are_printed_as_they_are_each_on_one_line(run: Run, fake: Any) -> None:
    fake.results["status"] = errors.SpecError("a: got [bold]b[/bold] - use c", "  d\ne\x1b[1m: ü")
    result = run("status vowels")
    assert result.stdout == ""
    assert result.stderr == "a: got [bold]b[/bold] - use c\n  d\\ne\\x1b[1m: ü\n"
    assert result.exit_code == 2


def test_a_bug_shows_itself(run: Run, fake: Any) -> None:
    fake.results["status"] = ZeroDivisionError("a bug")
    assert isinstance(run("status vowels").exception, ZeroDivisionError)


def test_an_interruption_is_told_by_the_exit_code(run: Run, fake: Any) -> None:
    fake.results["score"] = KeyboardInterrupt()
    assert run("score out data.csv").exit_code == 130


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        (Ending.SPENT, 0),
        (Ending.EXHAUSTED, 0),
        (Ending.TIMEOUT, 0),
        (Ending.STOPPED, 130),
        (Ending.INTERRUPTED, 130),
        (Ending.TERMINATED, 143),
    ],
)
def test_how_a_launch_ended_is_told_by_the_exit_code(
    ending: Ending, code: int, run: Run, fake: Any
) -> None:
    fake.results["launch"] = replace(fake.results["launch"], ending=ending)
    assert run("launch x.toml").exit_code == code


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("launch x.toml --timeout soon", "use a time such as 30m"),
        ("launch x.toml --timeout ''", "'--timeout': got '' - use a time above 0 and up to 1000h"),
        ("launch x.toml --timeout 0s", "'--timeout': got '0s' - use a time above 0 and up to 1000"),
        ("launch x.toml --trials 0", "'--trials': got '0' - use a whole number from 1 up to 1,000"),
        ("launch x.toml --slots -1", "'--slots': got '-1' - use a whole number from 1 up to 10,0"),
        ("best vowels --top 1_0", "'--top': got '1_0' - use a whole number from 1"),
        ("replay vowels seven", "'NUMBER': got 'seven' - use a whole number from 0"),
        ("dashboard --port 70000", "'--port': got '70000' - use a whole number from 0 up to 65,5"),
        ("generate out --prompt a --length 0", "'--length': got '0' - use a whole number from 1"),
        ("generate out --prompt a --temperature hot", "got 'hot' - use a number such as 0.8"),
        ("predict out data.csv --out nowhere/x.csv", "name a file in a folder that is there"),
        ("list --storage mysql://host/db", "use sqlite:///FILE"),
        ("generate out", "Missing option '--prompt' - see lstm-search generate --help"),
        ("tune x.toml", "No such command 'tune' - see lstm-search --help"),
        ("serve --studies 0", "'--studies': got '0' - use a whole number from 1 up to 1,000"),
        ("launch", "Missing argument 'FILE' - see lstm-search launch --help"),
        ("launch x.toml --trails 3", "No such option: --trails (Possible options: --trials) - "),
        (
            "check x.toml --set",
            "Option '--set' requires an argument - see lstm-search check --help",
        ),
        ("check x.toml y.toml", "unexpected extra argument(s) (y.toml) - see lstm-search check"),
    ],
)
def test_wrong_use_ends_with_2_before_anything_is_done(
    line: str, words: str, run: Run, fake: Any
) -> None:
    result = run(line)
    assert result.exit_code == 2
    [line] = result.stderr.splitlines()
    assert words in line
    assert result.stdout == ""
    assert fake.calls == []


def test_a_file_that_may_not_be_read_is_told_with_what_would_do(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.toml").touch()
    monkeypatch.setattr("os.access", lambda *_, **__: False)  # as for anybody but root
    result = run("check x.toml")
    assert result.exit_code == 2
    told = "path 'x.toml' is not readable - change its rights, or name another\n"
    assert result.stderr == f"Invalid value for 'FILE': {told}"


def test_a_replay_that_differs_fails(run: Run, fake: Any) -> None:
    fake.results["replay"] = (ReplayedEpoch(epoch=1, recorded=0.5, replayed=0.6),)
    assert run("replay vowels 0").exit_code == 1
