"""One picture of a launch: a header, a row a running trial, the trials that finished last."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rich.console import Group, OverflowMethod, RenderableType
from rich.table import Table
from rich.text import Text

from search.records import TrialSummary
from search.render import telling
from search.render.rows import RECENT, Row
from search.render.signs import FINE, Signs, bar, trend
from search.render.tally import Tally
from search.words import NOTHING, number, seconds, sketch

BAR = 8
"""Columns of a bar."""
WITH_BARS = 72
"""Columns from which on a terminal has room for bars."""
WITH_BEST = 100
"""... and for the best epochs, and the machines."""
GAP = 2
"""Columns between two columns of a table."""
SCORE = (9, 13)
"""Columns of a score, at least and at most: its title may be long."""
STATE = 8
"""Columns of how a trial has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """What is drawn on: columns of which each has its letters, whatever stands in it."""

    width: int
    signs: Signs

    def pairs(self, facts: dict[str, str]) -> Table:
        """Lay names and what is said of them side by side, each on one line."""
        names = max(map(len, facts))
        table = self._grid([names, self.width - names - GAP])
        for name, said in facts.items():
            table.add_row(Text(name, "dim"), said)
        return table

    def table(self, columns: dict[str, int], *, right: Collection[str]) -> Table:
        """Make a table with titles; the last column gets the letters that are left."""
        *letters, _ = columns.values()
        rest = self.width - sum(letters) - GAP * len(letters)
        table = self._grid([*letters, max(rest, 1)])
        for column, name in zip(table.columns, columns, strict=True):
            column.justify = "right" if name in right else "left"
        table.add_row(*columns, style="dim")
        return table

    def _grid(self, letters: Sequence[int]) -> Table:
        overflow: OverflowMethod = "ellipsis" if self.signs is FINE else "crop"
        table = Table.grid(padding=(0, GAP, 0, 0))
        for width in letters:
            table.add_column(width=width, no_wrap=True, overflow=overflow)
        return table


def frame(tally: Tally, *, width: int, height: int, signs: Signs) -> RenderableType:
    """Draw a launch within so many lines, each place of it at the same spot from draw to draw.

    Arguments:
        tally: of an opened study.
        width: columns of the terminal.
        height: lines of the terminal, of which the last stays free.
        signs: to draw with.
    """
    header = telling.header(tally)
    page = _Page(width=width, signs=signs)
    parts: list[RenderableType] = [page.pairs(header)]
    room = height - 1 - len(header) - 2
    if rows := tally.rows:
        shown = rows if len(rows) <= room else rows[: max(1, room - 1)]
        parts += [Text(), _running(tally, shown, page)]
        if len(shown) < len(rows):
            parts.append(Text(f"and {len(rows) - len(shown)} more"))
        room -= len(shown) + 2
    if tally.latest and room > 0:
        parts += [Text(), _finished(tally, list(tally.latest)[-room:], page)]
    return Group(*parts)


def _running(tally: Tally, rows: Sequence[Row], page: _Page) -> Table:
    assert tally.study is not None
    has_bars, has_best = page.width >= WITH_BARS, page.width >= WITH_BEST
    objective = tally.study.objective
    digits = len(str(tally.epochs))
    epoch = max(5, 2 * digits + 1) + (BAR + 1 if has_bars else 0)
    score = _score_width(objective)
    best = {"best": score} if has_best else {}
    slot = min(20, max(4, *(len(_slot(row, with_host=has_best)) for row in rows)))
    columns = {"trial": 5, "epoch": epoch, objective: score, "trend": RECENT, **best}
    columns |= {"slot": slot, "configuration": 0}
    table = page.table(columns, right=("trial", objective, "best"))
    leader = tally.best.number if tally.best else None
    for row in rows:
        cells: dict[str, str | Text] = {
            "trial": str(row.number),
            "epoch": _epochs(row, tally.epochs, with_bar=has_bars, signs=page.signs),
            objective: number(row.score),
            "trend": trend(row.scores, page.signs),
            "best": number(row.best.value if row.best else None),
            "slot": _slot(row, with_host=has_best),
            "configuration": f"{'default ' if row.default else ''}{sketch(row.params)}",
        }
        style = "bold" if row.number == leader else None
        table.add_row(*(cells[name] for name in columns), style=style)
    return table


def _epochs(row: Row, epochs: int, *, with_bar: bool, signs: Signs) -> Text:
    digits = len(str(epochs))
    if row.lost:
        return Text("worker lost" if with_bar else "lost")
    counted = Text(f"{row.epoch:>{digits}}/{epochs}")
    if not with_bar:
        return counted
    done, left = bar(row.epoch, epochs, BAR, signs)
    return Text.assemble(done, (left, "dim"), " ", counted)


def _slot(row: Row, *, with_host: bool) -> str:
    host = row.host.partition(".")[0]
    return f"{row.place} {host}".strip() if with_host else str(row.place)


def _score_width(objective: str) -> int:
    least, most = SCORE
    return min(most, max(least, len(objective)))


def _finished(tally: Tally, trials: Sequence[TrialSummary], page: _Page) -> Table:
    assert tally.study is not None
    objective = tally.study.objective
    columns = {
        "ended": 5,
        "as": STATE,
        objective: _score_width(objective),
        "at epoch": 8,
        "took": 6,
        "why": 0,
    }
    table = page.table(columns, right=("ended", objective, "at epoch", "took"))
    for trial in reversed(trials):
        table.add_row(
            str(trial.number),
            trial.state,
            number(trial.value),
            str(trial.best_epoch or NOTHING),
            seconds(trial.seconds),
            trial.reason or sketch(trial.params),
        )
    return table
