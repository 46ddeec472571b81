"""How commands end: lines on stderr, exit codes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import Result

from lstm_attn import errors as model_errors
from search import errors
from search.records import Ending, ReplayedEpoch

Run = Callable[..., Result]


def tree(root: type[Exception]) -> Iterator[type[Any]]:
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


@pytest.mark.parametrize("error", [*tree(errors.SearchError), *tree(model_errors.LstmAttnError)])
def test_errors_end_as_their_lines_and_their_exit_code(
    error: type[Any], run: Run, fake: Any
) -> None:
    fake.results["status"] = error("a: got b - use c", "  d: [bold]e[/bold] - use f")
    result = run("status vowels")
    assert result.stdout == ""
    assert result.stderr == "a: got b - use c\n  d: [bold]e[/bold] - use f\n"
    expected = {"StudyElsewhere": 3, "LeaseLost": 3, "SearchError": 1} | dict.fromkeys(
        [
            "StudyDeleted",
            "TrialsFailed",
            "Outage",
            "DatabaseTrouble",
            "StoreError",
            "ReplayDiffers",
            "VerificationFailed",
        ],
        1,
    )
    assert result.exit_code == expected.get(error.__name__, 2)


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
        ("launch x.toml --trials 0", "--trials"),
        ("best vowels --top 0", "--top"),
        ("replay vowels seven", "NUMBER"),
        ("predict out data.csv --out nowhere/x.csv", "name a file in a folder that is there"),
        ("list --storage mysql://host/db", "use sqlite:///FILE"),
        ("generate out", "--prompt"),
        ("submit x.toml", "submit"),
        ("launch", "FILE"),
    ],
)
def test_wrong_use_ends_with_2_before_anything_is_done(
    line: str, words: str, run: Run, fake: Any
) -> None:
    result = run(line)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""
    assert fake.calls == []


def test_a_replay_that_differs_fails(run: Run, fake: Any) -> None:
    fake.results["replay"] = (ReplayedEpoch(epoch=1, recorded=0.5, replayed=0.6),)
    assert run("replay vowels 0").exit_code == 1
