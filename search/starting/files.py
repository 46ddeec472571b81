"""The files that somebody names: found, told apart by their kind, and read as a whole."""

import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from glob import escape, has_magic
from pathlib import Path

import pyarrow as pa

from lstm_attn.errors import DataError
from lstm_attn.foreign_text import not_utf8
from lstm_attn.reading import SUFFIXES, find_files, read_table, told_format

KEY = "DATA"
"""Where files were named, for messages."""
SHEETS = frozenset({".tsv", ".tab", ".psv", ".xls", ".xlsx", ".ods", ".numbers"})
"""Tables of kinds that nothing here reads."""
PARTS = {"train": "train", "validation": "validation|valid|val|dev", "test": "test"}
"""How files of a folder that are meant for one part begin or end."""
_PEEK = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found under a name."""

    shown: str
    """As the user named it."""
    stem: str
    """What a study of it is called, but for what a name may not hold."""
    data_format: str
    """One of `reading.FORMATS`."""
    parts: dict[str, tuple[str, ...]]
    """Paths or globs, absolute, of `train`, and of `validation` and `test` where they have own."""
    first: Path
    """The first training file, which is looked at."""
    others: int
    """Training files beside it."""
    note: str
    """How its kind was told, where the name doesn't say; else empty."""
    held_out: str = ""
    """The part that names say all of them are for, though it is trained on; empty for none."""


def find(data: Path) -> Found:
    """Find files, and tell their kind.

    Arguments:
        data: a file, a folder of files of one kind, or a glob.

    Raises:
        DataError: nothing is there, it is empty, or it is neither a table nor a text.
    """
    shown = str(data)
    if os.path.isdir(data):  # noqa: PTH112 - takes names too long for a file
        return _folder(data)
    if data.suffix.lower() == ".toml":
        raise DataError(
            f"{KEY}: {shown} is a study file by its name - name data; a study file that is there "
            f"is looked at by {shlex.join(['lstm-search', 'check', shown])}"
        )
    files = find_files([shown], key=KEY)
    is_glob = has_magic(shown) and not data.exists()
    formats = {path: told_format(path) for path in files}
    if len(set(formats.values())) > 1:
        raise _mixed(shown, sorted({str(kind or "others") for kind in formats.values()}))
    data_format, note = formats[files[0]], ""
    if data_format is None:
        data_format, note = _sniffed(files[0]), "no kind is known by that name, and it is text"
    stem = next((part for part in reversed(data.parent.parts) if not has_magic(part)), "")
    inside = Path(os.path.commonpath([path.parent for path in files]))
    divided = _divided(inside, files)
    own = {part: tuple(map(_absolute, paths)) for part, paths in divided.items()}
    chosen = divided.get("train", files)
    return Found(
        shown=shown,
        stem=(stem if is_glob else _stem(data)),
        data_format=data_format,
        parts=own if len(own) > 1 else {"train": (_absolute(data),)},
        first=chosen[0],
        others=len(chosen) - 1,
        note=note,
        held_out=_held_out(inside, files) if is_glob else "",
    )


def read(found: Found) -> pa.Table:
    """Read all columns of the first training file.

    Raises:
        DataError: it cannot be read as what it is called.
    """
    return read_table(found.first, found.data_format, {})


def _is_data(path: Path, folder: Path) -> bool:
    """Tell whether it is a file of a kind that is read; what is hidden no glob finds either."""
    is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return not is_hidden and path.is_file() and told_format(path) is not None


def _folder(folder: Path) -> Found:
    inside = sorted(path for path in folder.iterdir() if _is_data(path, folder))
    deep = not inside
    if deep:
        inside = sorted(path for path in folder.rglob("*") if _is_data(path, folder))
    if not inside:
        kinds = ", ".join(SUFFIXES)
        raise DataError(
            f"{KEY}: no file of data in {folder} - put files into it that end in {kinds}"
        )
    formats = sorted({str(told_format(path)) for path in inside})
    if len(formats) > 1:
        raise _mixed(str(folder), formats)
    parts = _divided(folder, inside)
    if parts:
        globs = {name: _named(paths, inside, deep=deep) for name, paths in parts.items()}
    else:  # files that come later are taken too
        endings = sorted({"".join(_endings(path)) for path in inside})
        globs = {
            "train": tuple(
                os.path.join(escape(_absolute(folder)), *(["**"] if deep else []), f"*{ending}")  # noqa: PTH118 - a glob
                for ending in endings
            )
        }
    chosen = find_files([str(path) for path in parts.get("train", inside)], key=KEY)
    return Found(
        shown=str(folder),
        stem=folder.resolve().name,
        data_format=formats[0],
        parts=globs,
        first=chosen[0],
        others=len(chosen) - 1,
        note="",
        held_out="" if parts else _held_out(folder, inside),
    )


def _mixed(shown: str, formats: Sequence[str]) -> DataError:
    return DataError(
        f"{KEY}: {shown} has files of several kinds, {' and '.join(formats)} - "
        f"name those of one kind, as '{shown}/*.csv'"
    )


def _divided(folder: Path, inside: list[Path]) -> dict[str, list[Path]]:
    """Tell what is to train on from what is held out, as names of files and folders say.

    Where none is said to be for training, all that is for nothing else is. Nothing is told apart
    where no name says anything, or where nothing would be left to train on.
    """
    parts: dict[str, list[Path]] = {}
    for path in inside:
        parts.setdefault(_part_of(path.relative_to(folder)), []).append(path)
    others = parts.pop("", [])
    if parts and others and "train" not in parts:
        parts["train"] = others
    return parts if "train" in parts else {}


def _held_out(folder: Path, inside: list[Path]) -> str:
    """Name the part, or parts, that all files are for by their names, if none is to train on."""
    said = {_part_of(path.relative_to(folder)) for path in inside}
    return "" if said & {"", "train"} else " and ".join(sorted(said))


def _part_of(path: Path) -> str:
    """Name the part that a file is for, by its outermost folder that says so; empty for none."""
    for said in path.parts:
        for name, words in PARTS.items():
            if re.search(rf"(?:^|[._-])(?:{words})(?:[._-]|$)", said.lower()):
                return name
    return ""


def _named(paths: list[Path], inside: list[Path], *, deep: bool) -> tuple[str, ...]:
    """Name files; those of a folder in a folder by it, unless it has others of their kind too."""
    if not deep:
        return tuple(map(_absolute, paths))
    shared = {_place(path) for path in set(inside).difference(paths)}
    alone = {_place(path) for path in paths} - shared
    globs = [os.path.join(escape(_absolute(place)), f"*{ending}") for place, ending in alone]  # noqa: PTH118 - a glob
    return tuple(sorted([*globs, *(_absolute(path) for path in paths if _place(path) in shared)]))


def _place(path: Path) -> tuple[Path, str]:
    return path.parent, "".join(_endings(path))


def _sniffed(path: Path) -> str:
    """Tell that a file of an unknown name is text.

    Raises:
        DataError: it is a table of a kind that isn't read, or no text.
    """
    if path.suffix.lower() in SHEETS:
        raise DataError(
            f"{KEY}: {path} is a table of a kind that isn't read - save it as CSV, with commas"
        )
    with path.open("rb") as file:
        head = file.read(_PEEK)
    try:
        is_text = b"\0" not in head and bool(head[:-4].decode("utf-8-sig") or head)
    except UnicodeDecodeError as error:
        is_text = error.reason == "unexpected end of data" and error.start > len(head) - 8
    if not is_text and (b"\0" not in head or head.startswith((b"\xff\xfe", b"\xfe\xff"))):
        raise DataError(f"{KEY}: {not_utf8(path)}")
    if not is_text:
        raise DataError(
            f"{KEY}: {path} is neither a table nor UTF-8 text - give a file of one of the kinds "
            f"{', '.join(SUFFIXES)}"
        )
    return "text"


def _endings(path: Path) -> list[str]:
    """Give the endings of a name that say its kind."""
    return path.suffixes[-2:] if path.suffix.lower() == ".gz" else path.suffixes[-1:]


def _stem(path: Path) -> str:
    return path.name.removesuffix("".join(_endings(path))) if _endings(path) else path.name


def _absolute(path: Path) -> str:
    return os.path.abspath(path)  # noqa: PTH100 - resolves no link: the name is the user's
