"""Files to Arrow tables, through the builders of Hugging Face `datasets` and no one else.

Each file is read alone and as a whole, so a column has one type and a bad value its row number.
Files are streamed: no cache that could be stale, no progress bar, no network.
"""

import gzip
import json
import shutil
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from functools import partial
from glob import glob, has_magic
from pathlib import Path
from typing import Any

import pyarrow as pa

from lstm_attn.comma_separated import read_csv
from lstm_attn.errors import DataError
from lstm_attn.foreign_text import not_utf8
from lstm_attn.json_problems import broken_row, mixed_rows
from lstm_attn.json_strings import as_written
from lstm_attn.scratch import scratch

SUFFIXES = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
    ".txt": "text",
    ".arrow": "arrow",
}
"""Format of a file by its name; .gz may follow."""
FORMATS = ("csv", "json", "parquet", "text", "arrow")
"""Builders of `datasets` that read files into tables."""

_ROWS_AT_ONCE = 1 << 20
_ALIKE = 0.8
"""How much a file's name has of one that isn't there, to be meant; endings make many alike."""
_UNREADABLE = (ValueError, TypeError, KeyError, OSError, EOFError, zlib.error, pa.ArrowException)
"""What the builders, pandas and Arrow raise on a file that is not what it should be."""


def format_of(path: Path) -> str:
    """Tell the format of a file by its name.

    Raises:
        DataError: the name doesn't say.
    """
    found = told_format(path)
    if found is None:
        raise DataError(f"{path}: no format known by that name - use one of {', '.join(SUFFIXES)}")
    return found


def told_format(path: Path) -> str | None:
    """Tell the format of a file by its name, None where the name doesn't say."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes[-1:] == [".gz"]:
        suffixes.pop()
    return SUFFIXES.get(suffixes[-1]) if suffixes else None


def find_files(patterns: Sequence[str], *, key: str) -> list[Path]:
    """Find the files that paths and globs name, in the order given, those of a glob sorted.

    Arguments:
        patterns: paths or globs (`**` too), relative to the working directory.
        key: where they were written, for messages.

    Raises:
        DataError: a path with no file, a folder, an empty file; all of them at once.
    """
    files: list[Path] = []
    problems: list[str] = []
    for pattern in patterns:
        path = Path(pattern)
        if too_long := _too_long(path):
            found = []
            problems.append(f"{key}: {too_long}")
        elif has_magic(pattern) and not path.exists():
            found = [Path(name) for name in sorted(glob(pattern, recursive=True))]  # noqa: PTH207 - takes absolute patterns
            found = [file for file in found if file.is_file()]
            if not found:
                problems.append(f"{key}: no file matches {pattern!r} - {_beside(path)}")
        elif path.is_dir():
            found = []
            problems.append(f"{key}: {pattern!r} is a folder - name its files, as {pattern}/*.csv")
        elif not path.exists():
            found = []
            problems.append(f"{key}: no file {pattern!r} - {_beside(path)}")
        else:
            found = [path]
        problems += [
            f"{key}: {file} is empty - give a file with rows, or leave it out"
            for file in found
            if file.stat().st_size == 0
        ]
        files += found
    if not patterns:
        problems.append(f"{key}: no file named - give a path, a glob, or a list of them")
    if problems:
        raise DataError(*problems)
    return files


def read_table(path: Path, data_format: str, wanted: Mapping[str, str]) -> pa.Table:
    """Read the columns of one file that are wanted, or all.

    Strings stay strings (all of a CSV is strings here): `columns` turns them into numbers, so
    that no type is guessed from the first rows.

    Arguments:
        path: a file, .gz or not.
        data_format: one of `FORMATS`; `text` has one column, `text`, a row a line with its break.
        wanted: the columns to read, and where each was asked for, for messages; none for all.

    Returns:
        At least one row of exactly the columns wanted, in their order; of all of the file's
        where none is named.

    Raises:
        DataError: not a file of that format, a column it lacks, or no row.
        NoRoom: the disk is full.
    """
    try:
        with scratch() as folder, _quiet():
            table, present = _read(path, data_format, list(wanted), folder)
    except UnicodeDecodeError as error:
        raise DataError(not_utf8(path, packed=_is_packed(path))) from error
    except PermissionError as error:
        raise DataError(f"{path}: this user may not read it - change its rights") from error
    except _UNREADABLE as error:
        told = _wrong_json(path, wanted) if data_format == "json" else None
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            told
            or f"{path}: cannot be read as {data_format}: {reason} - "
            "mend the file, or name its true format"
        ) from error
    if any("\0" in name for name in present):  # UTF-16 that does not say so passes for UTF-8
        raise DataError(not_utf8(path, packed=_is_packed(path)))
    missing = [
        f"{wanted[name]}: no column {name!r} in {path} - it has: {', '.join(present)}"
        for name in wanted
        if present and name not in present
    ]
    if missing:
        raise DataError(*missing)
    if table is None or table.num_rows == 0:
        raise DataError(f"{path}: no rows - give a file with rows, or leave it out")
    return table


def _read(
    path: Path, data_format: str, wanted: list[str], folder: Path
) -> tuple[pa.Table | None, list[str]]:
    """Give the columns wanted, None if some are missing, and the names of all that are there."""
    from datasets.packaged_modules.arrow.arrow import Arrow
    from datasets.packaged_modules.csv.csv import Csv
    from datasets.packaged_modules.json.json import Json
    from datasets.packaged_modules.parquet.parquet import Parquet
    from datasets.packaged_modules.text.text import Text

    named = path
    if _is_packed(path):
        path = _unpacked(path, folder)
    match data_format:
        case "csv":
            return read_csv(path, wanted, partial(_stream, Csv, path, folder), shown=named)
        case "json":
            lines = _json_lines(path, folder)
            table = _stream(
                Json,
                lines,
                folder,
                on_mixed_types=None,  # else numbers of a mixed file are cut to ten decimals
                parse_agent_traces=False,
                chunksize=lines.stat().st_size + 1,  # at once: one type for the whole file
            )
            table = as_written(table, lines, wanted or table.column_names if table else ())
        case "parquet":
            table = _stream(Parquet, path, folder, batch_size=_ROWS_AT_ONCE)
        case "arrow":
            table = _stream(Arrow, path, folder)
        case "text":
            table = _stream(Text, path, folder, keep_linebreaks=True, encoding="utf-8-sig")
        case _:
            raise ValueError(f"no format {data_format!r} - use one of {', '.join(FORMATS)}")
    present = list(table.column_names) if table is not None else []
    if table is None or not set(wanted) <= set(present):
        return None, present
    table = table.select(wanted or present)
    table.validate(full=True)  # Arrow takes JSON strings as they are, UTF-8 or not
    return table, present


def _stream(builder: Any, path: Path, folder: Path, **settings: Any) -> pa.Table | None:  # noqa: ANN401 - datasets is untyped
    from datasets.data_files import DataFilesDict, DataFilesList

    # Named outright: as a pattern, a path with brackets or in a hidden folder finds nothing.
    files = DataFilesDict({"train": DataFilesList([str(path.absolute())], [("",)])})
    rows = builder(cache_dir=str(folder), data_files=files, **settings).as_streaming_dataset(
        "train"
    )
    tables = list(rows.with_format("arrow").iter(batch_size=_ROWS_AT_ONCE))
    return pa.concat_tables(tables) if tables else None


def _is_packed(path: Path) -> bool:
    return path.suffix.lower() == ".gz"


def _unpacked(path: Path, folder: Path) -> Path:
    copy = folder / path.stem
    with gzip.open(path, "rb") as packed, copy.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    return copy


def _json_lines(path: Path, folder: Path) -> Path:
    """Give a file of JSON lines: the file itself, or a copy where it is one array."""
    with path.open("rb") as file:
        is_array = file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
    if is_array:
        rows = json.loads(path.read_bytes())
        path = folder / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    if not path.stat().st_size:
        raise ValueError("it has no rows")
    return path


def _wrong_json(path: Path, wanted: Mapping[str, str]) -> str | None:
    """Say what is wrong with a file of JSON; None where only Arrow knows."""
    try:
        with scratch() as folder:
            plain = _unpacked(path, folder) if _is_packed(path) else path
            text = _json_lines(plain, folder).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return not_utf8(path, packed=_is_packed(path))
    except (EOFError, OSError, ValueError, zlib.error):
        return None  # what was raised at first says it
    if found := broken_row(text):
        return f"{path}: cannot be read as json: {found} - mend or remove such rows"
    for column, key in wanted.items():
        if found := mixed_rows(text, column):
            return f"{key}: column {column!r} of {path} {found} - write all rows alike"
    return None


def _too_long(path: Path) -> str | None:
    """Say so where a path, or a name in it, is longer than any can be."""
    try:
        path.exists()
    except OSError as error:
        shown = str(path) if len(str(path)) <= 60 else f"{str(path)[:57]}..."  # noqa: PLR2004 - a line's worth
        return f"{shown!r} cannot be looked for, {(error.strerror or '').lower()} - name a file"
    return None


def _beside(path: Path) -> str:
    """Say what is where a file was looked for."""
    folder = path.absolute().parent
    while not folder.is_dir():
        folder = folder.parent
    names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")  # noqa: PLR2004 - a line's worth
    is_of_it = folder == path.absolute().parent and not has_magic(path.name)
    others = [name for name in names if name != path.name]  # which is a link that leads nowhere
    near = get_close_matches(path.name, others if is_of_it else [], n=1, cutoff=_ALIKE)
    return f"{f'did you mean {near[0]!r}? ' if near else ''}{folder} has: {shown or 'nothing'}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's log off stderr: what it tells is in the error raised."""
    from datasets.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)
    try:
        yield
    finally:
        logging.set_verbosity(before)
