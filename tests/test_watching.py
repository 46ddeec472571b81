"""A study launched on one terminal and watched on another, both of 80 columns."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.search.moods import MOODS, STUDY
from tests.terminal import Screen, Terminal

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
Open = Callable[..., Terminal]


@pytest.fixture
def open_terminal(tmp_path: Path) -> Iterator[Open]:
    (tmp_path / "moods.toml").write_text(
        f"{STUDY.replace('epochs = 2', 'epochs = 5000')}[resources]\nslots = 1\n"
    )
    (tmp_path / "a.csv").write_text(MOODS)
    opened: list[Terminal] = []

    def run(*arguments: str) -> Terminal:
        command = [sys.executable, "-m", "search", *arguments]
        environment = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        opened.append(Terminal(command, cwd=tmp_path, environment=environment))
        return opened[-1]

    yield run
    for terminal in opened:
        terminal.close()


def is_drawn(screen: Screen) -> bool:
    return "/5000" in screen.visible and "best  " in screen.visible


def test_what_a_launch_shows_is_seen_from_elsewhere_too(open_terminal: Open) -> None:
    launched = open_terminal("launch", "moods.toml")
    launched.read_until(is_drawn)
    watched, impatient = (open_terminal("status", "moods", "--watch") for _ in range(2))
    for terminal in (watched, impatient):
        terminal.read_until(is_drawn)
        assert "run by" in terminal.screen.visible
        assert "default" in terminal.screen.visible
    impatient.press(b"\x03")
    assert impatient.end() == 130
    launched.press(b"\x03")
    assert launched.end() == 130
    assert watched.end() == 0  # nobody runs it any more
    for terminal in (launched, impatient, watched):
        screen = terminal.screen
        assert screen.cursor_is_shown
        assert "/5000" not in screen.text  # the view is gone, and the result stands there
        assert max(map(len, screen.lines)) <= 80
        assert "baselines" in screen.text
        assert "Traceback" not in screen.text
    assert "1 to go on" in watched.screen.text
    assert "to go on:" in launched.screen.text
