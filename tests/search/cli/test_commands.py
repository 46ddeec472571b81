"""What commands ask of operations, and what they print."""

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import Result

from search import errors
from search.cli import app
from search.records import Ending, Watched

Run = Callable[..., Result]

COMMANDS = {
    "init",
    "check",
    "launch",
    "submit",
    "serve",
    "stop",
    "list",
    "status",
    "best",
    "replay",
    "export",
    "report",
    "score",
    "predict",
    "generate",
    "dashboard",
    "delete",
}
"""As the design lists them, but for the one that servers alone use."""
HIDDEN = "coordinate"
NAMES = {"list": "list_studies", "status": "watch"}
"""Operations that aren't called as their command."""


def example(name: str, run: Run) -> str:
    """Find the example at the end of a command's help."""
    lines = run(f"{name} --help").stdout.rstrip().splitlines()
    assert lines[-2].strip() == "Example:"
    return lines[-1].strip()


def test_the_commands_are_those_of_the_design() -> None:
    assert {command.name or command.callback.__name__ for command in app.registered_commands} == (
        COMMANDS | {HIDDEN}
    )


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_command_has_an_example_that_runs(name: str, run: Run, fake: Any) -> None:
    line = example(name, run)
    program, rest = line.split(" ", 1) if " " in line else (line, "")
    assert program == "lstm-search"
    assert rest.split()[0] == name
    result = run(rest)
    assert result.exit_code == 0, result.output
    assert fake.names[-1] == NAMES.get(name, name)


@pytest.mark.parametrize("name", sorted({*COMMANDS, HIDDEN}))
def test_the_example_of_every_help_is_one_that_parses(name: str, run: Run) -> None:
    group: Any = typer.main.get_command(app)
    _, command, *rest = shlex.split(example(name, run))
    assert command == name
    context = group.commands[name].make_context(name, rest)
    assert context.args == []


def test_the_help_of_all_ends_with_an_example_that_parses(run: Run) -> None:
    line = example("", run)
    assert run(f"{line.removeprefix('lstm-search ')}").exit_code == 0


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_says_what_a_command_does_in_a_line(name: str, run: Run) -> None:
    [line] = [
        line for line in run("--help").stdout.splitlines() if line.strip().startswith(f"{name} ")
    ]
    assert line.endswith(".")
    assert not line.endswith("...")


def test_a_launch_takes_all_its_options(run: Run, fake: Any, tmp_path: Path) -> None:
    run(
        "launch x.toml --trials 7 --timeout 1h30m --slots 2 --name 'y' --quiet "
        "--set training.epochs=3 --set search.seed=1 --storage sqlite:///s.db --checkpoints c "
        "--storage-patience 30s"
    )
    [(_, (file, places), named)] = fake.calls
    assert file == Path("x.toml")
    assert places.storage == f"sqlite:///{tmp_path}/s.db"
    assert places.checkpoints == str(tmp_path / "c")
    del named["watch"]
    assert named == {
        "overrides": ["training.epochs=3", "search.seed=1"],
        "name": "y",
        "trials": 7,
        "timeout": 5400.0,
        "slots": 2,
        "outage_seconds": 30.0,
    }


def test_the_command_to_go_on_with_has_the_options_that_matter_on_one_line(
    run: Run, fake: Any
) -> None:
    fake.results["launch"] = replace(fake.results["launch"], ending=Ending.TIMEOUT)
    file = f"'{'a folder/' * 9}x.toml'"
    out = run(f"launch {file} --name y --set a=1 --storage sqlite:///s.db --timeout 3s").stdout
    assert f"\n  lstm-search launch {file} --name y --storage sqlite:///s.db --set a=1\n" in out


def test_places_come_from_the_environment(
    run: Run, fake: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LSTM_SEARCH_STORAGE", "sqlite:///e.db")
    run("list")
    [(_, (places,), _)] = fake.calls
    assert places.storage == f"sqlite:///{tmp_path}/e.db"


@pytest.mark.parametrize(
    "line",
    [
        "check x.toml",
        "list",
        "status vowels",
        "best vowels",
        "replay vowels 0",
        "export vowels --to out",
        "report vowels",
        "score out data.csv",
        "predict out data.csv",
    ],
)
def test_json_is_all_that_is_printed_where_it_is_asked_for(line: str, run: Run) -> None:
    result = run(f"{line} --json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)
    assert result.stderr == ""


def test_progress_goes_to_stderr_and_the_result_to_stdout(run: Run) -> None:
    result = run("launch x.toml")
    assert result.stderr == "trial 0 starts: all fixed\n"
    assert "its budget is spent" in result.stdout


@pytest.mark.parametrize(
    ("ending", "code"), [(None, 0), (Ending.INTERRUPTED, 130), (Ending.TERMINATED, 143)]
)
def test_watching_tells_what_happens_and_then_how_the_study_stands(
    ending: Ending | None, code: int, run: Run, fake: Any
) -> None:
    fake.results["watch"] = replace(fake.results["watch"], ending=ending)
    result = run("status vowels --watch")
    assert result.exit_code == code
    assert result.stdout.startswith("trial 0 starts: all fixed\nstudy ")
    assert result.stderr == ""


def test_what_was_watched_is_printed_for_programs_with_all_its_curves(run: Run, fake: Any) -> None:
    fake.results["watch"] = replace(fake.results["watch"], ending=Ending.INTERRUPTED)
    fake.results["status"] = replace(fake.results["status"], budget=77)
    result = run("status vowels --watch --json")
    assert result.exit_code == 130
    assert json.loads(result.stdout)["budget"] == 77
    assert fake.names == ["watch", "status"]
    assert fake.calls[-1][-1] == {"curves": True}


def test_of_a_study_that_is_not_written_yet_watching_says_so(run: Run, fake: Any) -> None:
    fake.results["watch"] = Watched(study=None, ending=Ending.INTERRUPTED)
    result = run("status vowels --watch")
    assert result.exit_code == 130
    assert result.stdout.endswith("\nvowels: nothing of it has been read yet\n")
    result = run("status vowels --watch --json")
    assert result.exit_code == 130
    assert result.stdout == "null\n"
    assert fake.names == ["watch", "watch"]


def test_curves_are_read_where_they_are_printed_alone(run: Run, fake: Any) -> None:
    run("status vowels")
    run("status vowels --json")
    assert [given for _, _, given in fake.calls] == [{"curves": False}, {"curves": True}]


def test_best_says_how_many_are_wanted(run: Run, fake: Any) -> None:
    assert "no trial has started yet" in run("best vowels --top 7").stdout
    [(name, (_, study), given)] = fake.calls
    assert (name, study, given) == ("best", "vowels", {"top": 7})


def test_quiet_leaves_the_result_alone(run: Run) -> None:
    result = run("launch x.toml --quiet")
    assert result.stderr == ""
    assert "its budget is spent" in result.stdout


def test_where_a_name_stands_its_file_will_do(run: Run, fake: Any, tmp_path: Path) -> None:
    result = run("status nowhere.toml")
    assert result.exit_code == 2
    assert "nowhere.toml" in result.stderr
    assert fake.calls == []


def test_predictions_are_csv_with_the_row_first(run: Run, tmp_path: Path, fake: Any) -> None:
    text = 'row,label,probability\n1,"a,b",0.5\n'
    assert run("predict out data.csv more.csv --probabilities").stdout == text
    files = [Path("data.csv"), Path("more.csv")]
    assert fake.calls == [("predict", (Path("out"), files), {"probabilities": True})]
    assert run("predict out data.csv --out p.csv").stdout == ""
    assert (tmp_path / "p.csv").read_text() == text


def test_predictions_have_the_digits_of_their_numbers(run: Run, fake: Any) -> None:
    fake.results["predict"] = [{"row": 7, "temp": 39.98591928179376, "share": 0.9999999999999998}]
    assert run("predict out data.csv").stdout == "row,temp,share\n7,39.9859193,1.0\n"
    assert json.loads(run("predict out data.csv --json").stdout) == [
        {"row": 7, "temp": 39.9859193, "share": 1.0}
    ]


def test_generated_text_goes_on_from_the_prompt(run: Run, fake: Any) -> None:
    result = run("generate out --prompt ROMEO: --length 9 --temperature 0.5 --seed 3")
    assert result.stdout == "ROMEO: and so on\n"
    [(_, _, named)] = fake.calls
    assert named == {"prompt": "ROMEO:", "length": 9, "temperature": 0.5, "seed": 3}


def test_help_is_silent_about_what_servers_alone_use(run: Run) -> None:
    assert HIDDEN not in run("--help").stdout


def test_a_submission_takes_all_its_options_and_says_what_is_ahead(
    run: Run, fake: Any, tmp_path: Path
) -> None:
    options = "--trials 9 --slots 3 --name y --set a=1 --storage sqlite:///s.db"
    said = run(f"submit x.toml {options} --with-data").stdout
    [(name, (file, places), given)] = fake.calls
    assert (name, file, places.storage) == ("submit", Path("x.toml"), f"sqlite:///{tmp_path}/s.db")
    assert given == {
        "overrides": ["a=1"],
        "name": "y",
        "trials": 9,
        "slots": 3,
        "with_data": True,
    }
    assert said == (
        "vowels: submitted, behind 2 others\nIts data are not here: a server will check them.\n"
        "Run by lstm-search serve; how far it is: lstm-search status vowels\n"
    )


def test_a_server_takes_its_options(run: Run, fake: Any, tmp_path: Path) -> None:
    result = run("serve --studies 7 --port 0 --storage sqlite:///s.db --checkpoints c")
    assert result.exit_code == 0
    [(_, (places,), given)] = fake.calls
    assert (places.storage, given["studies"], given["port"]) == (
        f"sqlite:///{tmp_path}/s.db",
        7,
        0,
    )


@pytest.mark.parametrize(
    ("stopped", "words"),
    [
        ("asked", "asked to stop"),
        ("dequeued", "it no longer waits for a server"),
        ("idle", "nobody runs it"),
    ],
)
def test_stop_says_whether_there_was_anything_to_end(
    stopped: str, words: str, run: Run, fake: Any
) -> None:
    fake.results["stop"] = stopped
    result = run("stop vowels")
    assert (result.stdout, result.exit_code) == (f"{words}\n", 0)


@pytest.mark.parametrize(
    ("answer", "deleted"), [("y\n", True), ("YES\n", True), ("n\n", False), ("", False)]
)
def test_a_study_is_deleted_after_a_yes_alone(
    answer: str, deleted: bool, run: Run, fake: Any
) -> None:
    result = run("delete vowels", answer)
    assert ("delete" in fake.names) == deleted
    assert result.exit_code == (0 if deleted else 1)
    assert "delete vowels with 0 trials?" in result.stderr
    assert fake.calls[0][2] == {"curves": False}  # nobody waits for them to be counted


def test_yes_is_not_asked_again(run: Run, fake: Any) -> None:
    assert run("delete vowels --yes").stdout == "deleted vowels\n"
    assert fake.names == ["delete"]


def test_an_unknown_study_is_told_before_anything_is_asked(run: Run, fake: Any) -> None:
    fake.results["status"] = errors.StudyNotFound("no study 'vowels'")
    assert run("delete vowels").stderr == "no study 'vowels'\n"


def test_the_dashboard_says_where_it_is(run: Run, fake: Any) -> None:
    assert run("dashboard --port 0").stdout == "http://127.0.0.1:1/dashboard - Ctrl-C to end\n"


def test_a_report_takes_its_options_and_says_where_it_is(
    run: Run, fake: Any, tmp_path: Path
) -> None:
    result = run(f"report vowels --to a.html --force --storage sqlite:///{tmp_path}/x.db")
    assert result.stdout == "a.html: small, 0 trials, 0 of 1 finished\n"
    [(name, (settings, study), given)] = fake.calls
    assert (name, study, settings.storage) == ("report", "vowels", f"sqlite:///{tmp_path}/x.db")
    assert given == {"to": Path("a.html"), "force": True, "written_as": None}


def test_a_report_as_json_goes_where_it_is_wished(run: Run, fake: Any) -> None:
    printed = json.loads(run("report vowels --json").stdout)
    assert (printed["name"], fake.calls[-1][2]["to"]) == ("small", None)
    said = run("report vowels --json --to a.json").stdout
    assert said.startswith("a.json: small")
    write = fake.calls[-1][2]["written_as"]
    assert json.loads(write(fake.results["report"])) == printed


def test_a_quiet_report_says_nothing_but_what_is_asked_for(run: Run) -> None:
    for line in ("report vowels --to a.html --quiet", "report vowels --to a.json --json --quiet"):
        result = run(line)
        assert (result.exit_code, result.output) == (0, "")
    assert json.loads(run("report vowels --json --quiet").stdout)["name"] == "small"


def test_a_report_needs_a_file_or_json(run: Run, fake: Any) -> None:
    result = run("report vowels")
    assert (result.exit_code, fake.calls) == (2, [])
    assert result.stderr == "--to: no file is named - use --to FILE, or --json\n"
