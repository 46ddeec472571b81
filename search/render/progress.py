"""A launch as it goes: a live view on a terminal, plain lines elsewhere, or nothing."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, Self, TextIO

from rich.text import Text

from search.records import Fact
from search.render.layout import console
from search.render.lines import Lines
from search.render.live import LiveView

PREPARING = "reading the data, starting Ray"
PLAIN = ("NO_COLOR", "CI")
"""Variables of the environment that ask for plain lines, on terminals too."""


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


def progress(
    file: TextIO,
    *,
    quiet: bool,
    clock: Callable[[], float] = time.monotonic,
    preparing: str = PREPARING,
    for_reader: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Progress:
    """Choose how a launch is shown.

    Arguments:
        file: where; a terminal gets the live view.
        quiet: whether to show nothing.
        clock: gives seconds.
        preparing: what is done before the study is open.
        for_reader: whether a reader of lines who goes away ends it.
        environment: variables; None: the process's.
    """
    if quiet:
        return Silence()
    if is_lively(file, os.environ if environment is None else environment):
        return LiveView(console(file), clock, preparing)
    return Lines(file, clock, for_reader=for_reader)


def is_lively(file: TextIO, environment: Mapping[str, str]) -> bool:
    """Tell whether something may be drawn in place: on a terminal, where nobody asks for less."""
    asked = any(environment.get(name, "").lower() not in ("", "0", "false") for name in PLAIN)
    return file.isatty() and not asked and not console(file).is_dumb_terminal


@contextmanager
def busy(words: str, file: TextIO, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Say on a terminal what is going on until it is done; elsewhere nothing.

    Arguments:
        words: what is going on.
        file: where.
        quiet: whether to say nothing on a terminal either.
    """
    if quiet or not is_lively(file, os.environ):
        yield lambda _: None
        return
    with console(file).status(Text(words)) as status:
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
