"""Documents whose commands run as they stand, on short copies of the studies that they name."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def blocks(text: str, language: str) -> list[str]:
    """Give the code of a language in a document, block by block."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [code for told, code in found if told == language]


def shortened(study: str) -> str:
    """Make a study short: what stands under a key is replaced, what doesn't is added."""
    settings = {"training": {"epochs": 1, "epoch_steps": 2}, "search": {"trials": 2}}
    for section, values in settings.items():
        if f"[{section}]" not in study:
            study += f"\n[{section}]\n"
        for key, value in values.items():
            study = re.sub(rf"^{key} = .*\n", "", study, flags=re.MULTILINE)
            study = study.replace(f"[{section}]\n", f"[{section}]\n{key} = {value}\n")
    return study


def shorten(folder: Path) -> None:
    """Make all studies of a folder short."""
    for file in folder.glob("*.toml"):
        file.write_text(shortened(file.read_text(encoding="utf-8")), encoding="utf-8")


def run(command: list[str], folder: Path) -> str:
    """Run a command, and give what it prints."""
    found = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PATH": f"{Path(sys.executable).parent}:/bin"},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert found.returncode == 0, f"{command}: {found.stderr}"
    return found.stdout
