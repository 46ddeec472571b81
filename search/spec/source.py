"""A study file's text and the changes to it from the command line: read, not yet understood."""

import re
import shlex
import tomllib
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from lstm_attn.foreign_text import not_utf8
from search.errors import SpecError
from search.spec.words import shorten

Tree = dict[str, Any]
"""What TOML gives: tables, lists, strings, numbers, booleans, dates."""

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|(end of document))\)$")
_PART = re.compile(r"[A-Za-z0-9_-]+")


def read(path: Path) -> Tree:
    """Read a study file.

    Raises:
        SpecError: there is no such file, or it is no TOML.
    """
    text = _text(path)
    try:
        tree = tomllib.loads(text)
    except RecursionError as error:
        line = "  lists or tables nested too deeply - put fewer into one another"
        raise SpecError(f"{path}: 1 problem", line) from error
    except ValueError as error:
        if told := _data(path):
            raise SpecError(told) from error
        raise SpecError(f"{path}: 1 problem", f"  {_syntax(str(error), text)}") from error
    if not tree:
        raise SpecError(f"{path}: an empty study file - write [data], [task] and so on into it")
    return tree


def override(tree: Tree, changes: Sequence[str]) -> list[str]:
    """Put `key=value` changes into a tree, and give the problems with them.

    Arguments:
        tree: what the file says; changed in place.
        changes: a dotted key and a TOML value each; what is no TOML value is taken as a string.
    """
    problems = []
    for change in changes:
        key, equals, text = change.partition("=")
        parts = [part.strip() for part in key.split(".")]
        if not equals or not all(_PART.fullmatch(part) for part in parts):
            problems.append(f"--set: got {shorten(change)} - use key=value, as in search.trials=10")
            continue
        table: Any = tree
        for part in parts[:-1]:
            table = table.setdefault(part, {}) if isinstance(table, dict) else None
        if isinstance(table, dict):
            table[parts[-1]] = _value(text.strip())
        else:
            problems.append(f"--set: {key.strip()} lies in what is no table - set the whole of it")
    return problems


def _text(path: Path) -> str:
    try:
        if path.is_dir():
            found = ", ".join(sorted(file.name for file in path.glob("*.toml"))[:6])
            begins = shlex.join(["lstm-search", "init", str(path)])
            none = f"name a study file; {begins} writes one for data in it"
            advice = f"name a file in it: {found}" if found else none
            raise SpecError(f"{path}: a folder - {advice}")
        if not path.exists():
            others = [other.stem for other in path.parent.glob("*.toml")]
            near = get_close_matches(path.stem, others, n=1)
            meant = f"did you mean {path.with_name(near[0])}.toml?" if near else ""
            usual = "name a study file, as studies/quickstart.toml"
            raise SpecError(f"{path}: no such file - {meant or usual}")
        if not path.is_file():
            raise SpecError(f"{path}: not a regular file - name a study file")
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SpecError(f"{path}: cannot be read, {error.strerror} - check it") from error
    except UnicodeDecodeError as error:
        raise SpecError(_data(path) or not_utf8(path)) from error


def _data(path: Path) -> str | None:
    """Say that a file which is no study file is one of data, where its name does."""
    from lstm_attn.reading import told_format

    kind = told_format(path)
    begins = shlex.join(["lstm-search", "init", str(path)])
    return kind and (
        f"{path}: a file of data ({kind}), where a study file is wanted - "
        f"{begins} writes one for it"
    )


def _syntax(message: str, text: str) -> str:
    place = _PLACE.search(message)
    what = " ".join((message[: place.start()] if place else message).split())
    what = what[:1].lower() + what[1:]
    if not place:
        return what
    before, _, last = text.rpartition("\n")
    end = before.count("\n") + 1 + ("\n" in text), len(last) + 1
    line, column = (place[1], place[2]) if place[1] else end
    return f"line {line}, column {column}: {what}"


def _value(text: str) -> object:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if parsed.keys() == {"value"} else text
