"""The live view on a real terminal of 80 columns, by what stands on its screen."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.terminal import Terminal

Open = Callable[..., Terminal]
ROOT = Path(__file__).parents[3]
PROGRAM = """
import logging, sys, time, warnings
from pathlib import Path
from lstm_attn.reports import EpochReport
from search.records import *
from search.render.progress import progress

study = StudySummary(
    name="vowels", task="classification", objective="accuracy", direction="maximize", budget=9,
    trials=(), leaders=(), baselines=(), owner=None,
)
with progress(sys.stderr, quiet=False) as shown:
    logging.basicConfig()  # as of a library that is loaded meanwhile
    shown.watch(Opened(study=study, epochs=9, notes=("a note",)))
    shown.watch(Started(number=0, params={"heads": 4}, epoch=0, default=True))
    for epoch in range(1, 9):
        report = EpochReport(
            epoch=epoch, training_loss=1.0, metrics={"accuracy": epoch / 10}, seconds=1.0,
            rows_per_second=1.0,
        )
        shown.watch(Reported(number=0, attempt=0, report=report))
        time.sleep(0.2)
        if epoch == 3:
            warnings.warn("mind the gap")
            logging.getLogger("ray").warning("a node has gone")
            print("printed by somebody")
    while not Path("end").exists():
        time.sleep(0.1)
        shown.watch(Quiet())
    if "--asked" in sys.argv:
        raise KeyboardInterrupt
print("the end")
"""


@pytest.fixture
def open_terminal(tmp_path: Path) -> Iterator[Open]:
    opened: list[Terminal] = []

    def run(*arguments: str) -> Terminal:
        command = [sys.executable, "-c", PROGRAM, *arguments]
        opened.append(Terminal(command, cwd=tmp_path, environment={"PYTHONPATH": str(ROOT)}))
        opened[-1].read_until(lambda screen: "8/9" in screen.visible)
        return opened[-1]

    yield run
    for terminal in opened:
        terminal.close()


def test_the_view_stands_in_place_and_what_others_say_above_it(
    open_terminal: Open, tmp_path: Path
) -> None:
    terminal = open_terminal()
    seen = terminal.screen.visible
    for said in ("a note", "mind the gap", "a node has gone", "printed by somebody"):
        assert seen.count(said) == 1
        assert seen.index(said) < seen.index("study  ")
    assert seen.count("objective ") == 1
    assert not terminal.screen.cursor_is_shown
    (tmp_path / "end").touch()
    assert terminal.end() == 0
    assert terminal.screen.cursor_is_shown
    assert "objective" not in terminal.screen.text
    assert terminal.screen.text.rstrip().endswith("the end")
    for said in ("a note", "mind the gap", "a node has gone", "printed by somebody"):
        assert terminal.screen.text.count(said) == 1


def test_an_interrupted_view_leaves_the_terminal_as_it_was(
    open_terminal: Open, tmp_path: Path
) -> None:
    terminal = open_terminal("--asked")
    (tmp_path / "end").touch()
    assert terminal.end() != 0
    assert terminal.screen.cursor_is_shown
    assert "objective" not in terminal.screen.text
