"""A launch on a terminal: drawn over and over, in place."""

from collections.abc import Callable
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.status import Status
from rich.text import Text

from search.records import (
    Blocked,
    Fact,
    Lost,
    Opened,
    RunBy,
    Stopping,
    Told,
    Unblocked,
    Waiting,
)
from search.render import telling
from search.render.frame import frame
from search.render.signs import signs_for
from search.render.tally import Tally

REDRAW_SECONDS = 0.5
"""The view is drawn no more often."""


class LiveView:
    """A header that counts and a row for each running trial, in place.

    What others print meanwhile, and what has to be told once, stands above it.

    Arguments:
        screen: a terminal.
        clock: gives seconds.
        preparing: what is done before the study is open.
    """

    def __init__(self, screen: Console, clock: Callable[[], float], preparing: str) -> None:
        self._screen = screen
        self._clock = clock
        self._tally = Tally(clock)
        self._signs = signs_for(screen.encoding)
        self._preparing = Status(Text(preparing), console=screen)
        self._live = Live(
            console=screen, auto_refresh=False, transient=True, vertical_overflow="crop"
        )
        self._drawn_at = -REDRAW_SECONDS
        self._drawn: object = None

    def __enter__(self) -> Self:
        """Begin."""
        self._preparing.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the view off the terminal."""
        self._preparing.stop()
        self._live.stop()

    def watch(self, fact: Fact) -> None:
        """Count a fact, and draw if it is time."""
        self._tally.take(fact)
        match fact:
            case Waiting():
                self._preparing.update(Text(telling.waiting(fact)))
            case RunBy():
                self._preparing.update(Text(f"{telling.run_by(fact)}"))
            case Opened():
                self._preparing.stop()
                self._live.start()
                for note in fact.notes:
                    self._screen.print(note)
            case Blocked():
                self._screen.print(Text(telling.blocked(fact)))
            case Unblocked():
                self._screen.print(telling.unblocked(fact))
            case Stopping():
                self._screen.print(telling.stopping(fact))
            case Told(trial=trial) if trial.state == "failed":
                self._screen.print(telling.told(trial))
            case Lost(number=number) if number in self._tally.running:
                self._screen.print(telling.lost(fact))
        now = self._clock()
        if self._live.is_started and now - self._drawn_at >= REDRAW_SECONDS:
            self._drawn_at = now
            self._draw()

    def _draw(self) -> None:
        """Draw, unless it would look the same."""
        width, height = self._screen.size
        picture = frame(self._tally, width=width, height=height, signs=self._signs)
        lines = self._screen.render_lines(picture)
        if lines != self._drawn:
            self._drawn = lines
            self._live.update(picture, refresh=True)
