"""The tutorial and the page of each task: their commands run in their order, their files load."""

import re
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

from lstm_attn.config import METRICS, TASK_KINDS
from search import spec
from tests.documents import ROOT, blocks, run, shorten

DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ("tutorial", *TASK_KINDS)


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_every_command_of_a_page_runs_as_it_stands(name: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "studies" / "data", tmp_path / "studies" / "data")
    printed = ""
    for block in blocks(page(name), "sh"):
        printed += run(["sh", "-ec", block], tmp_path)
        shorten(tmp_path)
    for block in blocks(page(name), "python"):
        assert run([sys.executable, "-c", block], tmp_path)
    for told in re.findall(r"^wrote (.*); now$", page(name), re.MULTILINE):
        assert f"wrote {told}; now" in printed


def test_the_tutorial_shows_what_init_says(tmp_path: Path) -> None:
    data, init = blocks(page("tutorial"), "sh")[:2]
    run(["sh", "-ec", data], tmp_path)
    said = run(["sh", "-ec", f"{{ {init.strip()}; }} 2>&1"], tmp_path)
    [shown] = [block for block in blocks(page("tutorial"), "") if block.startswith("sales.csv:")]
    assert said.split() == shown.split()


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_the_study_file_of_a_page_goes_with_its_data(kind: str, tmp_path: Path) -> None:
    from lstm_attn.data import prepare

    [text] = blocks(page(kind), "toml")
    (tmp_path / "studies").symlink_to(ROOT / "studies")
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    file = spec.load(tmp_path / "study.toml")
    assert file.task.kind == kind
    spec.resolve(file, prepare(file.data, file.task), gpus=False)


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_a_page_names_every_metric_and_every_key_of_its_task(kind: str) -> None:
    told = page(kind)
    assert [name for name in METRICS[kind] if f"`{name}`" not in told] == []
    [text] = blocks(told, "toml")
    wanted = {"forecasting": {"time", "calendar", "horizon", "season", "targets"}}.get(kind, set())
    assert wanted <= set(tomllib.loads(text)["task"])


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_linked_and_its_links_lead_somewhere(name: str) -> None:
    assert f"(docs/{name}.md)" in README
    for link in re.findall(r"\]\(([^)#]+)\)", page(name)):
        assert (DOCS / link).exists(), link
