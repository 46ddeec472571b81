"""No password of a database stays on a command line."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from search.cli.secrets import hidden

URL = "postgresql://me:Pl4nted%2FS3cret@127.0.0.1:1/studies?sslmode=disable"
BARE = "postgresql+psycopg://me@127.0.0.1:1/studies?sslmode=disable"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (["list", "--storage", URL], ["list", "--storage", BARE]),
        (["list", f"--storage={URL}", "--json"], ["list", f"--storage={BARE}", "--json"]),
    ],
)
def test_a_password_moves_into_the_environment(given: list[str], kept: list[str]) -> None:
    assert hidden(given, {"A": "b"}) == (kept, {"A": "b", "PGPASSWORD": "Pl4nted/S3cret"})


@pytest.mark.parametrize(
    "given",
    [["list"], ["list", "--storage", "sqlite:///a.db"], ["x", BARE], ["x", "postgresql://a:b"]],
)
def test_what_has_no_password_stays(given: list[str]) -> None:
    assert hidden(given, {"PGPASSWORD": "mine"}) == (given, {"PGPASSWORD": "mine"})


def test_a_command_begins_anew_without_the_password_and_with_all_else(
    server: Any, make_database: Any, tmp_path: Path
) -> None:
    """As `ps` shows it once it works; what it prints is its own command line."""
    database = make_database()
    program = tmp_path / "program.py"
    program.write_text(
        "import sys, psutil\n"
        "from search import cli, operations\n"
        "found = operations.list_studies\n"
        "def listed(places):\n"
        "    print(psutil.Process().cmdline())\n"
        "    return found(places)\n"
        "operations.list_studies = listed\n"
        "cli.main()\n"
    )
    url = database.storage.replace("+psycopg", "")
    ended = subprocess.run(
        [sys.executable, str(program), "list", "--storage", url, "--json"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    line, studies = ended.stdout.splitlines()[0], ended.stdout.splitlines()[1:]
    assert f"'list', '--storage', 'postgresql+psycopg://me@127.0.0.1:{server.port}/" in line
    assert "S3cret" not in ended.stdout
    assert "".join(studies).replace(" ", "") == "[]"
