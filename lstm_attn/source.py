"""The files of a data set as tables, one list for training, one for validation, one for test."""

from collections.abc import Iterator, Mapping, Sequence
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
        DataError: all problems of all files.
    """
    held: dict[str, HeldOut] = {}
    paths: dict[str, list[Path]] = {}
    with problems.collected():
        paths["train"] = find_files(data.train, key="data.train")
    for name, value in (("validation", data.validation), ("test", data.test)):
        with problems.collected():
            held[name] = understand(value, f"data.{name}")
            files = held[name].files
            paths[name] = find_files(files, key=f"data.{name}") if files else []
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
    )
