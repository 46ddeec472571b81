"""A launch as plain lines, for logs and pipes."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self, TextIO

from search.records import (
    Blocked,
    Ended,
    Fact,
    Lost,
    Opened,
    Slots,
    Started,
    Stopping,
    Told,
    Unblocked,
    Waiting,
)
from search.render import telling
from search.render.tally import Tally
from search.words import settings


class Lines:
    """A line for each trial that starts or ends, and for each new best.

    A reader that goes away, as `tee` does at Ctrl-C, ends the lines and not the launch.

    Arguments:
        file: where.
        clock: gives seconds.
    """

    def __init__(self, file: TextIO, clock: Callable[[], float]) -> None:
        self._file = file
        self._tally = Tally(clock)
        self._open = True
        self._owner = ""

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """End."""

    def watch(self, fact: Fact) -> None:
        """Say what is worth a line."""
        best = self._tally.take(fact)
        for line in self._lines(fact):
            self._say(line)
        if best:
            self._say(f"new best: {telling.worth(best)}")

    def _lines(self, fact: Fact) -> list[str]:
        lines: list[str] = []
        match fact:
            case Waiting(owner=owner) if owner != self._owner:
                self._owner = owner
                lines.append(telling.waiting(fact))
            case Opened(notes=notes):
                lines += [f"{name}: {said}" for name, said in telling.header(self._tally).items()]
                lines += notes
            case Blocked():
                lines.append(telling.blocked(fact))
            case Unblocked():
                lines.append(telling.unblocked(fact))
            case Stopping():
                lines.append(telling.stopping(fact))
            case Slots():
                lines.append(f"slots: {telling.slots(fact)}")
            case Started(number=number, params=params, epoch=epoch):
                begins = f"goes on after epoch {epoch}" if epoch else "starts"
                default = " (default)" if fact.default else ""
                lines.append(f"trial {number}{default} {begins}: {settings(params)}")
            case Told(trial=trial):
                budget = self._tally.study.budget if self._tally.study else 0
                done = f"{self._tally.finished} of {budget} finished"
                lines.append(f"{telling.told(trial)}; {done}")
            case Lost(number=number) if number in self._tally.running:
                lines.append(telling.lost(fact))
            case Ended(outcome=outcome) if outcome.kind == "handed_in":
                lines.append(telling.handed_in(fact))
        return lines

    def _say(self, line: str) -> None:
        if not self._open:
            return
        try:
            self._file.write(f"{line}\n")
            self._file.flush()
        except BrokenPipeError:
            self._open = False
            # What is still buffered goes nowhere, so that no later flush fails on it.
            with suppress(OSError), Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), self._file.fileno())
