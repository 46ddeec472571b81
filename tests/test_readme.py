"""The README's own commands, run in its order on two-trial, one-epoch copies of the studies."""

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.documents import ROOT, blocks, run, shorten

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "studies", made / "studies")
    shorten(made / "studies")
    return made


@pytest.fixture
def serve(folder: Path) -> Iterator[Callable[[str], None]]:
    """Start a server by a line that leaves it in the background; it ends once a study is done."""
    servers: list[subprocess.Popen[bytes]] = []

    def start(line: str) -> None:
        command = f"exec {line.removesuffix(' &')}"
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:/bin"}
        servers.append(subprocess.Popen(["sh", "-c", command], cwd=folder, env=environment))

    yield start
    for server in servers:
        while '"state": "done"' not in (folder / "serve.log").read_text():
            assert server.poll() is None
            time.sleep(0.2)
        server.terminate()
        assert server.wait(timeout=200) == 0


@pytest.mark.slow
def test_every_command_of_the_readme_runs_as_it_stands(
    folder: Path, serve: Callable[[str], None]
) -> None:
    for block in blocks(README, "sh"):
        for line in block.strip().splitlines():
            if line.endswith(" &"):
                serve(line)
                continue
            said = run(["sh", "-c", line], folder)
            assert said or "--out" in line or "--quiet" in line, f"{line} printed nothing"
            if "best japanese-vowels --top" in line:
                run([sys.executable, "-c", blocks(README, "python")[0]], folder)
    assert (folder / "predictions.csv").read_text().startswith("row,label,probability\n1,")


def test_every_command_stands_in_the_readme() -> None:
    help_text = run([sys.executable, "-m", "search", "--help"], ROOT)
    listed = help_text.partition("Commands:")[2]
    commands = re.findall(r"^  (\w+)  ", listed, re.MULTILINE)
    assert len(commands) >= 12
    assert [command for command in commands if f"lstm-search {command}" not in README] == []


def test_the_readmes_study_file_is_one_that_loads(tmp_path: Path) -> None:
    from search import spec

    (tmp_path / "study.toml").write_text(blocks(README, "toml")[0])
    assert spec.load(tmp_path / "study.toml").name == "japanese-vowels"


def test_every_shipped_study_is_in_the_readme_or_the_makefile() -> None:
    told = README + (ROOT / "Makefile").read_text(encoding="utf-8")
    for file in (ROOT / "studies").glob("*.toml"):
        assert f"studies/{file.name}" in told
        assert tomllib.loads(file.read_text(encoding="utf-8"))["name"]


def test_pictures_are_there_and_small() -> None:
    pictures = [ROOT / path for path in re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)]
    assert len(pictures) >= 4
    assert all(20_000 < path.stat().st_size < 150_000 for path in pictures)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)
