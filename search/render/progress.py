"""A launch as it goes: a live view on a terminal, plain lines elsewhere, or nothing."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, Self, TextIO

from rich.text import Text

from search.records import Fact
from search.render.layout import console
from search.render.lines import Lines
from search.render.live import LiveView


class Progress(Protocol):
    """Shows what happens while it is entered."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(self, *_: object) -> None:
        """End, and leave the terminal as it was."""
        ...

    def watch(self, fact: Fact) -> None:
        """See a fact."""
        ...


def progress(file: TextIO, *, quiet: bool, clock: Callable[[], float] = time.monotonic) -> Progress:
    """Choose how a launch is shown.

    Arguments:
        file: where; a terminal gets the live view.
        quiet: whether to show nothing.
        clock: gives seconds.
    """
    screen = console(file)
    if quiet:
        return Silence()
    if screen.is_terminal and not screen.is_dumb_terminal:
        return LiveView(screen, clock)
    return Lines(file, clock)


@contextmanager
def busy(words: str, file: TextIO, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Say on a terminal what is going on until it is done; elsewhere nothing.

    Arguments:
        words: what is going on.
        file: where.
        quiet: whether to say nothing on a terminal either.
    """
    screen = console(file)
    if quiet or not screen.is_terminal:
        yield lambda _: None
        return
    with screen.status(Text(words)) as status:
        yield lambda more: status.update(Text(more))


class Silence:
    """Shows nothing."""

    def __enter__(self) -> Self:
        """Begin nothing."""
        return self

    def __exit__(self, *_: object) -> None:
        """End nothing."""

    def watch(self, fact: Fact) -> None:
        """Look away."""
