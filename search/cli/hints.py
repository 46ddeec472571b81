"""Commands that are told to go on with, whole, so that they can be copied."""

import shlex

from search.urls import typed


def said(*words: str, **options: str | int | list[str] | None) -> str:
    """Write a command with the options that were given."""
    line = ["lstm-search", *words]
    for option, value in options.items():
        for one in [value] if isinstance(value, str | int) else value or ():
            line += [option, str(one)]
    return shlex.join(line)


def place(storage: str | None) -> str | None:
    """Give `--storage` as it may be typed again: without its password, which nothing tells."""
    return typed(storage) if storage else None
