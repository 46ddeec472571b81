"""What was guessed is launched as it was written, but for its length."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.search.starting.made_up import SIGNALS, WORDS, Write, text

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("write", "data"),
    [(SIGNALS, "signals.jsonl"), (text("book.txt", WORDS * 99), "book.txt")],
    ids=["signals", "book"],
)
def test_a_guessed_study_is_launched(write: Write, data: str, tmp_path: Path) -> None:
    write(tmp_path)
    name = data.partition(".")[0]
    run(tmp_path, "init", data)
    short = ("training.epochs=1", "training.epoch_steps=2", "search.trials=1")
    said = run(tmp_path, "launch", f"{name}.toml", "--quiet", *(f"--set={one}" for one in short))
    assert "its budget is spent" in said


def run(folder: Path, *arguments: str) -> str:
    found = subprocess.run(
        [sys.executable, "-m", "search", *arguments],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout
