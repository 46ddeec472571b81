"""A process as its server has it: heard whatever it says, and never waited for."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from search.server import child
from search.server.child import Gone, Process, coordinator
from search.settings import Settings

Start = Callable[[str], tuple[Process, list[Any]]]

ECHO = """
import sys
for line in sys.stdin:
    print('{"event": "heard", "line": "' + line.strip() + '"}', flush=True)
print("a library's word", flush=True)
sys.stdout.buffer.write(b"caf\\xe9\\n" + 90_000 * b"[" + b"\\n")
print("and its trouble", file=sys.stderr)
sys.exit(7)
"""
LEAVES_ANOTHER = """
import subprocess, sys
left = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read(); print('late')"])
print(left.pid, flush=True)
"""
DEAF = """
import sys
sys.stdin.buffer.raw.read(1)
print("deaf", flush=True)
while True:
    import time; time.sleep(60)
"""


@pytest.fixture
def start(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Start:
    """Start a program in a coordinator's place; give what it says, too."""
    popen = subprocess.Popen

    def start(program: str) -> tuple[Process, list[Any]]:
        (tmp_path / "program.py").write_text(program)

        def instead(command: list[str], **options: Any) -> Any:
            assert command == [sys.executable, "-m", "search", "coordinate", "small"]
            assert options["env"]["LSTM_SEARCH_STORAGE"] == settings.storage
            return popen([sys.executable, tmp_path / "program.py"], **options)

        said: list[Any] = []
        with monkeypatch.context() as replaced:
            replaced.setattr(subprocess, "Popen", instead)
            return coordinator(settings, "small", said.append), said

    return start


def test_a_process_says_lines_hears_orders_and_is_gone_last(start: Start) -> None:
    process, said = start(ECHO)
    process.share(0, 2)
    process.dismiss()
    process.join()
    said.remove({"event": "said", "line": "and its trouble"})  # another pipe: whenever it comes
    assert said == [
        {"event": "heard", "line": "share 0 2"},
        {"event": "said", "line": "a library's word"},
        {"event": "said", "line": "caf\\xe9"},
        {"event": "said", "line": 90_000 * "["},
        Gone(code=7),
    ]
    process.share(0, 1)  # it is gone, which is no trouble
    process.kill()


def test_it_is_gone_though_what_it_has_left_holds_its_pipes(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "LAST_WORDS_SECONDS", 0.1)
    process, said = start(LEAVES_ANOTHER)
    process._process.wait()
    process.join()
    assert said[-1] == Gone(code=0)


def test_one_that_hears_nothing_holds_nobody_up(start: Start) -> None:
    process, said = start(DEAF)
    for _ in range(100_000):
        process.share(0, 1)
    process.dismiss()
    process.kill()
    process.join()
    assert said[-1] == Gone(code=-9)
