"""A launch on a terminal: drawn over and over."""

from collections.abc import Callable
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.status import Status
from rich.text import Text

from search.records import Blocked, Fact, Lost, Opened, Stopping, Told, Unblocked, Waiting
from search.render import telling
from search.render.layout import lean, pairs
from search.render.tally import Tally
from search.words import number, settings

REDRAW_SECONDS = 0.2
"""The view is drawn no more often."""
AROUND = 6
"""Lines of a terminal beside header and rows: titles, what is left out, a fold of the header."""
PREPARING = "reading the data, starting Ray"


class LiveView:
    """A header that counts and a row for each running trial, drawn over and over.

    Arguments:
        screen: a terminal.
        clock: gives seconds.
    """

    def __init__(self, screen: Console, clock: Callable[[], float]) -> None:
        self._screen = screen
        self._clock = clock
        self._tally = Tally(clock)
        self._preparing = Status(Text(PREPARING), console=screen)
        self._live = Live(console=screen, auto_refresh=False, transient=True)
        self._drawn = -REDRAW_SECONDS

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
        if self._live.is_started and now - self._drawn >= REDRAW_SECONDS:
            self._drawn = now
            self._live.update(view(self._tally, height=self._screen.height), refresh=True)


def view(tally: Tally, *, height: int) -> RenderableType:
    """Draw a launch.

    Arguments:
        tally: of an opened study.
        height: lines of the terminal.
    """
    assert tally.study is not None
    facts = telling.header(tally)
    table = lean("trial", "epoch", tally.study.objective, "best", "configuration")
    rows = list(tally.running.values())
    shown = rows[: max(1, height - len(facts) - AROUND)]
    for row in shown:
        epoch = "worker lost" if row.lost else f"{row.epoch} of {tally.epochs}"
        best = row.best.value if row.best else None
        configuration = Text(settings(row.params), no_wrap=True, overflow="ellipsis")
        table.add_row(str(row.number), epoch, number(row.score), number(best), configuration)
    if len(rows) > len(shown):
        table.add_row("", f"and {len(rows) - len(shown)} more")
    if tally.slots.waiting:
        table.add_row("", "waiting", "", "", telling.waiting_slots(tally.slots))
    parts: list[RenderableType] = [pairs(facts)]
    if table.row_count:
        parts += [Text(), table]
    return Group(*parts)
