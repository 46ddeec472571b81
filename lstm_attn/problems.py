"""Collects what is wrong with the data, so that a user hears of everything at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from lstm_attn.errors import DataError


@dataclass(slots=True)
class Problems:
    """Lines gathered while reading goes on; `settle` ends it where there are any."""

    lines: list[str] = field(default_factory=list)

    def add(self, *lines: str) -> None:
        """Note problems and go on."""
        self.lines.extend(line for line in lines if line not in self.lines)

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Note the `DataError` of a block instead of raising it; what the block binds is unset."""
        try:
            yield
        except DataError as error:
            self.add(*error.problems)

    def settle(self) -> None:
        """Go on if there is no problem.

        Raises:
            DataError: with all lines gathered.
        """
        if self.lines:
            raise DataError(*self.lines)


def rows(count: int, verb: str) -> str:
    """Write a number of rows with what they do: `1 row is`, `3 rows are`."""
    one = {"are": "is", "have": "has"}
    return f"1 row {one[verb]}" if count == 1 else f"{count} rows {verb}"
