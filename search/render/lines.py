"""A launch as plain lines, for logs and pipes."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self, TextIO

from search.records import (
    Blocked,
    Ended,
    Fact,
    Lost,
    Opened,
    Quiet,
    RunBy,
    Seen,
    Slots,
    Started,
    Stopping,
    Told,
    Unblocked,
    Unseen,
    Waiting,
)
from search.render import telling
from search.render.rows import Standing
from search.render.tally import Tally
from search.words import out_of, settings

NEWS_SECONDS = 30.0
"""How long after a new best of a trial its next is held back, if the trial goes on."""


class Lines:
    """A line for each trial that starts or ends, and for new bests, now and then.

    A trial's new best is told when it is its first, when the trial ends, and between them once in
    `NEWS_SECONDS`, as most epochs of a trial that learns are better than the one before.

    A reader that goes away, as `tee` does at Ctrl-C, ends the lines and not the launch.

    Arguments:
        file: where.
        clock: gives seconds.
        for_reader: whether the lines are all there is to it, so that a reader that goes away is
            told as BrokenPipeError.
    """

    def __init__(
        self, file: TextIO, clock: Callable[[], float], *, for_reader: bool = False
    ) -> None:
        self._file = file
        self._for_reader = for_reader
        self._clock = clock
        self._tally = Tally(clock)
        self._held: Standing | None = None
        self._told_at: dict[int, float] = {}
        self._open = True
        self._owner = ""
        self._slots = telling.slots(self._tally)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """End."""

    def watch(self, fact: Fact) -> None:
        """Say what is worth a line."""
        self._held = self._tally.take(fact) or self._held
        if self._held and self._is_due(self._held.number):  # before the line that ends its trial
            self._told_at[self._held.number] = self._clock()
            self._say(f"new best: {telling.worth(self._held)}")
            self._held = None
        for line in self._lines(fact):
            self._say(line)

    def _is_due(self, number: int) -> bool:
        """Tell whether a trial that leads is to be told of now."""
        row, told_at = self._tally.running.get(number), self._told_at.get(number)
        goes_on = row is not None and not row.lost
        return not goes_on or told_at is None or self._clock() - told_at >= NEWS_SECONDS

    def _lines(self, fact: Fact) -> list[str]:
        return [line for say in (self._of_study, self._of_trial) for line in say(fact)]

    def _of_study(self, fact: Fact) -> Iterator[str]:
        """Say what has become of the study, or of the launch."""
        match fact:
            case Waiting(owner=owner) if owner != self._owner:
                self._owner = owner
                yield telling.waiting(fact)
            case Opened(notes=notes):
                header = telling.header(self._tally)
                header.pop("run by", None)  # which has a line of its own, since it changes
                yield from (f"{name}: {said}" for name, said in header.items())
                yield from notes
            case RunBy():
                yield f"run by: {telling.run_by(fact)}"
            case Unseen():
                yield telling.unseen(fact)
            case Seen():
                yield telling.seen(fact)
            case Blocked():
                yield telling.blocked(fact)
            case Unblocked():
                yield telling.unblocked(fact)
            case Stopping():
                yield telling.stopping(fact)
            case Slots() | Quiet() if (said := telling.slots(self._tally)) != self._slots:
                self._slots = said
                yield f"slots: {said}"

    def _of_trial(self, fact: Fact) -> Iterator[str]:
        """Say what has become of a trial."""
        match fact:
            case Started(number=number, params=params, epoch=epoch):
                begins = f"goes on after epoch {epoch}" if epoch else "starts"
                default = " (default)" if fact.default else ""
                yield f"trial {number}{default} {begins}: {settings(params)}"
            case Told(trial=trial):
                budget = self._tally.study.budget if self._tally.study else 0
                done = f"{out_of(self._tally.finished, budget)} finished"
                yield f"{telling.told(trial)}; {done}"
            case Lost(number=number) if number in self._tally.running:
                yield telling.lost(fact)
            case Ended(outcome=outcome) if outcome.kind == "handed_in":
                yield telling.handed_in(fact)

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
            if self._for_reader:
                raise
