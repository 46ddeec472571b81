"""The command line in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.search.moods import MOODS, STUDY

HEAVY = ("torch", "optuna", "ray", "sqlalchemy", "datasets", "pandas", "rich.live")


@pytest.mark.parametrize("arguments", [["--help"], ["launch", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys, search.cli\n"
        "try: search.cli.main()\n"
        f"except SystemExit: print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = _python("-c", program, *arguments)
    assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (0, "[]", "")


def test_the_package_is_a_program() -> None:
    done = _python("-m", "search", "--version")
    assert done.returncode == 0
    assert done.stdout.startswith("lstm-search ")


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    rows = "[{'row': n, 'label': 'x' * 100} for n in range(10000)]"
    program = (
        "from search import cli, operations\n"
        f"operations.predict = lambda *_, **__: {rows}\n"
        "cli.main()"
    )
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as gone:
        done = _python("-c", program, "predict", "out", "data.csv", stdout=gone)
    assert done.stderr == ""


@pytest.mark.parametrize("arguments", [["list"], ["score", "nowhere", "data.csv"]])
def test_a_fresh_process_tells_errors_as_lines(arguments: list[str], tmp_path: Path) -> None:
    done = _python("-m", "search", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def _python(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    environment: Mapping[str, str] = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    options = {"stdout": subprocess.PIPE, **options}
    return subprocess.run(
        [sys.executable, *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        timeout=120,
        check=False,
        **options,
    )


ALL_FULL = """
import sys, tempfile

def none() -> None:
    raise FileNotFoundError(2, "No usable temporary directory found")

tempfile._get_default_tempdir = none
sys.argv = ["lstm-search", "check", "moods.toml"]
from search.cli import main
main()
"""


def test_a_command_begins_where_no_disk_has_room_for_temporary_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(MOODS)
    (tmp_path / "moods.toml").write_text(STUDY)
    ended = subprocess.run(
        [sys.executable, "-c", ALL_FULL], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False), ended.stderr
