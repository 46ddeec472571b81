"""What tables are made of, for a terminal of 80 columns or a file."""

from collections.abc import Collection, Mapping, Sequence
from typing import TextIO

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from search.records import BaselineScore
from search.words import number

FOLDING = ("name", "study", "run by", "reason", "configuration")
"""Columns whose texts go on on the next line where they are too long."""


def console(file: TextIO, width: int | None = None) -> Console:
    """Make a console that takes every text as it is: no markup, no emoji, no colouring by guess.

    Arguments:
        file: where it writes.
        width: columns; the terminal's, or 80, where None.
    """
    return Console(file=file, width=width, markup=False, emoji=False, highlight=False)


def pairs(facts: Mapping[str, str]) -> RenderableType:
    """Lay names and what is said of them side by side."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, said in facts.items():
        grid.add_row(name, said)
    return grid


def lean(*columns: str, folding: Collection[str] = FOLDING) -> Table:
    """Make a table of few lines.

    Arguments:
        columns: titles.
        folding: titles of columns that may be narrower than their texts.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold", no_wrap=name not in folding)
    return table


def section(title: str, body: RenderableType) -> RenderableType:
    """Put something under a title."""
    return Group(Text(f"\n{title}"), Padding(body, (0, 0, 0, 2), expand=False))


def sentence(text: str) -> list[RenderableType]:
    """Put a sentence on lines of its own; nothing where it is empty."""
    return [Text(f"\n{text}")] if text else []


def baseline_table(baselines: Sequence[BaselineScore], objective: str) -> RenderableType:
    """Show the baselines with all their metrics, the objective first."""
    if not baselines:
        return Text("none")
    others = [name for name in baselines[0].validation if name != objective]
    table = lean("name", objective, *others)
    for one in sorted(baselines, key=lambda one: one.strong):
        name = f"{one.name} (strong)" if one.strong else one.name
        table.add_row(name, *(number(one.validation.get(key)) for key in (objective, *others)))
    return table
