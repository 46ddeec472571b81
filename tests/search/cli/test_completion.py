"""What a shell completes while a command is typed."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from search import completing
from search.cli import app
from search.settings import Settings

BIN = Path(sys.executable).parent
COMPLETE = """
source <(lstm-search --show-completion)
COMP_WORDS=({words}); COMP_CWORD={at}
_lstm_search_completion lstm-search
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for variable in ("LSTM_SEARCH_STORAGE", "LSTM_SEARCH_CHECKPOINTS"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "studies").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name in ("shop.toml", "shop.csv", "studies/a.toml"):
        (tmp_path / name).touch()
    return tmp_path


def complete(line: str) -> list[str]:
    """Complete the last word of a line."""
    words = line.split(" ")
    environment = {
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "_LSTM_SEARCH_COMPLETE": "complete_bash",
    }
    result = CliRunner().invoke(app, [], prog_name="lstm-search", env=environment)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout.split()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("lstm-search la", ["launch"]),
        ("lstm-search coor", []),
        ("lstm-search launch --storage-", ["--storage-patience"]),
        ("lstm-search launch s", ["shop.toml", "studies/"]),
        ("lstm-search launch ", ["shop.toml", "studies/"]),
        ("lstm-search launch .h", [".hidden/"]),
        ("lstm-search check studies/", ["studies/a.toml"]),
        ("lstm-search check nowhere/", []),
        ("lstm-search status s", ["shop.toml", "studies/"]),
        ("lstm-search init shop.csv --task f", ["forecasting"]),
        ("lstm-search init s", []),  # so that the shell completes any file
    ],
)
def test_commands_options_and_study_files_are_completed(
    line: str, words: list[str], folder: Path
) -> None:
    assert complete(line) == words


def test_names_of_studies_are_completed_from_a_database(
    make_desk: Callable[..., Any], settings: Settings, folder: Path
) -> None:
    make_desk().open()
    assert complete(f"lstm-search best --storage {settings.storage} sm") == ["small"]
    environment = {"LSTM_SEARCH_STORAGE": settings.storage}
    assert completing.study_names("", environment, folder) == ["small"]
    assert completing.study_names("x", environment, folder) == []


@pytest.mark.parametrize(
    "storage", ["sqlite:///none.db", "sqlite:///shop.csv", "mysql://a/b", "postgresql://h/studies"]
)
def test_where_names_cannot_be_had_at_once_there_are_none_and_nothing_is_made(
    storage: str, folder: Path
) -> None:
    before = sorted(folder.rglob("*"))
    assert completing.study_names("", {}, folder, storage) == []
    assert sorted(folder.rglob("*")) == before


def test_a_shell_completes_by_what_it_is_shown(folder: Path) -> None:
    script = COMPLETE.format(words="lstm-search launch sh", at=2)
    assert bash(script, folder) == "shop.toml\n"


def test_completion_is_installed_into_a_shell(folder: Path) -> None:
    assert "bash completion installed in" in bash("lstm-search --install-completion; true", folder)
    installed = folder / ".bash_completions" / "lstm-search.sh"
    assert "complete -o default -F _lstm_search_completion lstm-search" in installed.read_text()
    assert str(installed) in (folder / ".bashrc").read_text()


def bash(script: str, home: Path) -> str:
    found = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=home,
        env={**os.environ, "PATH": f"{BIN}:/bin:/usr/bin", "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (found.returncode, found.stderr) == (0, "")
    return found.stdout
