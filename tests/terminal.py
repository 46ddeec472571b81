"""A terminal for programs that draw: a pseudo-terminal, and what would stand on its screen."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_CONTROL = re.compile(r"\x1b\[(\??)(\d*)(?:;\d+)*([A-Za-z])")


class Screen:
    """What stands on a terminal: as far as Rich uses one, and no further.

    Arguments:
        width: columns.
        height: lines.
    """

    def __init__(self, width: int = 80, height: int = 24) -> None:
        self.width, self.height = width, height
        self.lines: list[str] = [""]
        """All there ever were, those that have left the screen too."""
        self.cursor_is_shown = True
        self._row = self._column = 0
        self._pending = ""

    def feed(self, text: str) -> None:
        """Show what a program has written."""
        text, self._pending = self._pending + text, ""
        while text:
            if text[0] == "\x1b":
                control = _CONTROL.match(text)
                if control is None:
                    if len(text) > 20:
                        raise ValueError(f"unknown control: {text[:20]!r}")
                    self._pending = text
                    return
                self._control(*control.groups())
                text = text[control.end() :]
                continue
            self._write(text[0])
            text = text[1:]

    @property
    def visible(self) -> str:
        """The lines that a user sees now."""
        return "\n".join(line.rstrip() for line in self.lines[-self.height :])

    @property
    def text(self) -> str:
        """All lines, as scrolled back."""
        return "\n".join(line.rstrip() for line in self.lines)

    def _write(self, letter: str) -> None:
        if letter == "\r":
            self._column = 0
        elif letter == "\n":
            self._row += 1
            if self._row == len(self.lines):
                self.lines.append("")
        else:
            if self._column == self.width:
                self._write("\r")
                self._write("\n")
            line = self.lines[self._row].ljust(self._column)
            self.lines[self._row] = line[: self._column] + letter + line[self._column + 1 :]
            self._column += 1

    def _control(self, private: str, number: str, what: str) -> None:
        if private:
            assert number == "25", f"mode {number}"
            self.cursor_is_shown = what == "h"
        elif what == "A":
            first = max(0, len(self.lines) - self.height)
            self._row = max(first, self._row - int(number or 1))
        elif what == "K":
            assert number == "2", f"erase {number}"
            self.lines[self._row] = ""
        else:
            assert what == "m", f"control {what}"


class Terminal:
    """A program on a pseudo-terminal of its own.

    Arguments:
        command: to run.
        cwd: where.
        environment: variables over the process's own.
        width: columns.
        height: lines.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        width: int = 80,
        height: int = 24,
    ) -> None:
        self.screen = Screen(width, height)
        self.written = ""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        modes = termios.tcgetattr(slave)
        modes[3] &= ~termios.ECHO  # which puts keys into the middle of what a program writes
        modes[3] |= termios.NOFLSH  # else Ctrl-C throws away what nobody has read yet
        termios.tcsetattr(slave, termios.TCSANOW, modes)
        own = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
        # The first terminal that the leader of a session opens is its own: keys send it signals.
        self.process = subprocess.Popen(
            ["sh", "-c", _ON_TERMINAL, "sh", os.ttyname(slave), *command],
            cwd=cwd,
            env={**own, "TERM": "xterm-256color", **environment},
            start_new_session=True,
        )
        self._master, self._slave = master, slave

    def read_until(self, seen: Callable[[Screen], bool], seconds: float = 120.0) -> None:
        """Read until something is on the screen."""
        deadline = time.monotonic() + seconds
        while not seen(self.screen):
            assert time.monotonic() < deadline, self.screen.text
            ended = self.process.poll() is not None
            assert self._read() or not ended, f"it has ended:\n{self.screen.text}"

    def press(self, key: bytes) -> None:
        """Press a key; Ctrl-C is `\\x03`."""
        os.write(self._master, key)

    def end(self, seconds: float = 120.0) -> int:
        """Read to the end, and give the exit code."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.screen.text
            self._read()
        while self._read():
            pass
        return self.process.returncode

    def close(self) -> None:
        """End the program, however it is."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)
        os.close(self._slave)

    def _read(self) -> bool:
        """Read what there is within a moment; tell whether there was anything."""
        if not select.select([self._master], [], [], 0.1)[0]:
            return False
        read = os.read(self._master, 65536)
        self.written += (text := read.decode(errors="replace"))
        self.screen.feed(text)
        return True


_ON_TERMINAL = 'on=$1; shift; exec "$@" <>"$on" >&0 2>&1'
_UNWANTED = ("CI", "NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR", "LSTM_SEARCH_STORAGE")
