"""The files of a data set as tables, one list for training, one for validation, one for test."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from lstm_attn.columns import Column
from lstm_attn.config import DataConfig, TaskConfig
from lstm_attn.problems import Problems
from lstm_attn.reading import find_files, format_of, read_table
from lstm_attn.splits import HeldOut, understand


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTable:
    """The columns wanted of one file."""

    path: Path
    """The file."""
    table: pa.Table
    """At least one row."""
    data_format: str
    """The builder that read it."""
    wanted: Mapping[str, str]
    """Its columns, and where each was asked for."""

    def column(self, name: str) -> Column:
        """Give a column together with how to speak of it."""
        return Column(values=self.table[name], name=name, path=self.path, key=self.wanted[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What was read for a data set."""

    train: Sequence[FileTable]
    """Files that training rows are of, and those held out by share, number or date."""
    validation: Sequence[FileTable]
    """Validation's own files; none where it is cut off `train`."""
    test: Sequence[FileTable]
    """Test's own files; none where it is cut off `train`, or nothing is held out."""
    held_validation: HeldOut
    """What `data.validation` says."""
    held_test: HeldOut
    """What `data.test` says."""
    kept_out: tuple[Path, ...] = ()
    """Held-out files that a glob of `data.train` matches too; they are not in `train`."""

    def __iter__(self) -> Iterator[Sequence[FileTable]]:
        """Go through training, validation, test."""
        return iter((self.train, self.validation, self.test))


def wanted_columns(task: TaskConfig) -> dict[str, str]:
    """Name the columns of a task, and the key of the study file that asks for each."""
    target_key = "task.target" if task.kind == "classification" else "task.targets"
    wanted = dict.fromkeys(task.targets, target_key) | dict.fromkeys(task.inputs, "task.inputs")
    return wanted if task.time is None else {task.time: "task.time"} | wanted


def read_files(
    files: Sequence[Path], data_format: str | None, wanted: Mapping[str, str]
) -> list[FileTable]:
    """Read the columns wanted of each file.

    Arguments:
        files: paths.
        data_format: one of `reading.FORMATS`; by each file's name where None.
        wanted: the columns, and where each was asked for.

    Raises:
        DataError: all problems of all files.
    """
    problems = Problems()
    tables: list[FileTable] = []
    for path in files:
        with problems.collected():
            found = data_format or format_of(path)
            table = read_table(path, found, wanted)
            tables.append(FileTable(path=path, table=table, data_format=found, wanted=wanted))
    problems.settle()
    return tables


def read_source(data: DataConfig, task: TaskConfig, problems: Problems) -> Source:
    """Read all files of a data set.

    Arguments:
        data: where they are.
        task: names the columns.
        problems: what is known to be wrong already; reading starts only if nothing is.

    Raises:
        DataError: all problems of all files, and each file that is in two parts.
    """
    held: dict[str, HeldOut] = {}
    paths: dict[str, list[Path]] = {}
    named: dict[str, Collection[Path]] = {}
    with problems.collected():
        paths["train"], named["train"] = _files_once(data.train, "data.train")
    for name, value in (("validation", data.validation), ("test", data.test)):
        with problems.collected():
            held[name] = understand(value, f"data.{name}")
            files = held[name].files
            paths[name], named[name] = _files_once(files, f"data.{name}") if files else ([], ())
    problems.settle()
    paths["train"], kept_out = _without_held(paths, named, problems)
    problems.settle()
    tables: dict[str, list[FileTable]] = {}
    for name, files_of in paths.items():
        with problems.collected():
            tables[name] = read_files(files_of, data.format, wanted_columns(task))
    problems.settle()
    return Source(
        train=tables["train"],
        validation=tables["validation"],
        test=tables["test"],
        held_validation=held["validation"],
        held_test=held["test"],
        kept_out=kept_out,
    )


def _files_once(patterns: Sequence[str], key: str) -> tuple[list[Path], Collection[Path]]:
    """Find files, each once however often it is named; and, resolved, those named outright."""
    found: dict[Path, Path] = {}
    for path in find_files(patterns, key=key):
        found.setdefault(path.resolve(), path)
    outright = {Path(pattern).resolve() for pattern in patterns if Path(pattern).exists()}
    return list(found.values()), outright


def _without_held(
    paths: Mapping[str, Sequence[Path]], named: Mapping[str, Collection[Path]], problems: Problems
) -> tuple[list[Path], tuple[Path, ...]]:
    """Take held-out files out of what a glob gives to train on; no file may be in two parts else.

    Arguments:
        paths: files of train, validation and test, each once.
        named: those of them that were named outright, resolved.
        problems: gets a line for every file in two parts.

    Returns:
        the files to train on, and those taken out.
    """
    parts_of: dict[Path, list[str]] = {}
    as_named: dict[Path, Path] = {}
    for part, files in paths.items():
        for path in files:
            parts_of.setdefault(path.resolve(), []).append(part)
            as_named.setdefault(path.resolve(), path)
    train: list[Path] = []
    kept_out: list[Path] = []
    for path in paths["train"]:
        parts = parts_of[path.resolve()]
        if len(parts) > 1 and path.resolve() not in named["train"]:
            parts.remove("train")
            kept_out.append(path)
        else:
            train.append(path)
    for path, parts in parts_of.items():
        if len(parts) > 1:
            problems.add(
                f"{' and '.join(f'data.{part}' for part in parts)}: {as_named[path]} is in "
                f"{'both' if len(parts) == 2 else 'all'} - name it in one of them"  # noqa: PLR2004
            )
    if not train:
        problems.add(
            f"data.train: every file it matches is held out ({', '.join(map(str, kept_out))}) - "
            "name files to train on"
        )
    return train, tuple(kept_out)
