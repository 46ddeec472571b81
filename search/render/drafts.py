"""A study file that was drafted: its text, and what was guessed for it."""

import shlex

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from search.records import Draft, Entry
from search.render.layout import pairs
from search.spec.writing import value

COMMENT = 36
"""The column in which comments begin, where what stands before is no longer."""
VARIES = "a value is fixed, a list is a choice, a table is a range"
"""What is said of `[space]`."""


def study_file(draft: Draft) -> str:
    """Write a study file with its comments."""
    lines = [
        f"#:schema {draft.schema}",
        f"# {_one_line(draft.title)}",
        f"# Run: {command('launch', draft)}",
        _line("name", Entry(value=draft.name)),
    ]
    for section, table in draft.sections.items():
        lines += ["", _commented(f"[{section}]", VARIES if section == "space" else "")]
        lines += [_line(key, entry) for key, entry in table.items()]
    return "\n".join(lines) + "\n"


def guesses(draft: Draft) -> RenderableType:
    """Show what was guessed, and why."""
    return Group(Text(draft.looked), Padding(pairs(draft.reasons), (0, 0, 0, 2), expand=False))


def written(draft: Draft) -> RenderableType:
    """Say where a file is, and what comes next."""
    return Text(
        f"wrote {draft.path}; now\n  {command('check', draft)}\n  {command('launch', draft)}"
    )


def command(name: str, draft: Draft) -> str:
    """Write a command over a study file as it can be copied."""
    return shlex.join(["lstm-search", name, _one_line(str(draft.path))])


def _line(key: str, entry: Entry) -> str:
    return _commented(f"{key} = {value(entry.value)}", entry.comment)


def _commented(line: str, comment: str) -> str:
    return f"{line:<{COMMENT - 1}} # {_one_line(comment)}" if comment else line


def _one_line(text: str) -> str:
    """Take out of a text what may not stand in a comment."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
