"""A study file that is written for someone: what stands in it, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DraftValue = str | int | float | tuple[str | int, ...] | Mapping[str, float]
"""A value of a study file: a list is a choice or columns, a table is a range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a study file."""

    value: DraftValue
    """What stands behind the key."""
    comment: str = ""
    """What stands behind the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A study file to be written."""

    path: Path
    """Where it is to be."""
    name: str
    """The study's."""
    title: str
    """What is learned from what, in a sentence."""
    sections: Mapping[str, Mapping[str, Entry]]
    """Its tables in their order, without those that are left out."""
    schema: str
    """Where an editor finds the schema of study files, as seen from the file."""
    looked: str
    """What was looked at."""
    reasons: Mapping[str, str]
    """What was guessed, and why, in a sentence each."""

    @property
    def tree(self) -> dict[str, object]:
        """The file as TOML gives it."""
        tables = {
            section: {key: _plain(entry.value) for key, entry in table.items()}
            for section, table in self.sections.items()
        }
        return {"name": self.name, **tables}


def _plain(value: DraftValue) -> object:
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value
