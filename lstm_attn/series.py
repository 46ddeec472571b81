"""A table in time order, for forecasting: one series, checked to have no gap.

Letters: N rows of all files, C columns read, F features, K targets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lstm_attn.columns import numbers
from lstm_attn.config import TaskConfig
from lstm_attn.errors import DataError
from lstm_attn.frequency import Stamps, infer, places
from lstm_attn.problems import Problems, rows
from lstm_attn.source import FileTable, wanted_columns
from lstm_attn.timestamps import Timestamps, timestamps

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Rows of one or more files in time order."""

    columns: tuple[str, ...]
    """(C,) names of the columns, each once."""
    values: Floats
    """(N, C) in original units."""
    stamps: Stamps | None
    """(N,) ascending; None where rows are taken as they come."""
    in_utc: bool
    """Whether times have a time zone: they are UTC then."""
    files: tuple[Path, ...]
    """The files, in the order read."""
    file: Integers
    """(N,) which of the files a row is of."""
    row: Integers
    """(N,) number of a row in its file, from 1."""
    was_sorted: bool
    """Whether the rows had to be brought in time order."""

    def of(self, names: Sequence[str]) -> Floats:
        """Give some of the columns, (N, names)."""
        return self.values[:, [self.columns.index(name) for name in names]]

    def where(self, at: int) -> str:
        """Name a row as the user finds it."""
        moment = f" ({written(self.stamps[at])})" if self.stamps is not None else ""
        return f"row {self.row[at]}{moment} of {self.files[self.file[at]]}"


def read_series(
    tables: Sequence[FileTable], task: TaskConfig, frequency: str | None = None
) -> Series:
    """Read files one after another, bring them in time order, refuse what is missing or doubled.

    Arguments:
        tables: the files.
        task: names the columns.
        frequency: what training rows have; None to infer it.

    Raises:
        DataError: text where numbers belong, no value, no time, a time twice, files with a time
            zone beside files without; all of them.
    """
    problems = Problems()
    names = tuple(name for name in wanted_columns(task) if name != task.time)
    values: list[list[Floats]] = []
    times: list[Timestamps] = []
    for file in tables:
        of_file: list[Floats] = []
        for name in names:
            with problems.collected():
                of_file.append(numbers(file.column(name)))
        values.append(of_file)
        if task.time is not None:
            with problems.collected():
                times.append(timestamps(file.column(task.time)))
    problems.settle()
    _check_zones(tables, times)
    lengths = [file.table.num_rows for file in tables]
    all_values = np.concatenate([np.stack(of_file, axis=1) for of_file in values])
    order = np.arange(len(all_values))
    all_stamps = None
    if task.time is not None:
        all_stamps = np.concatenate([time.stamps for time in times])
        order = np.argsort(all_stamps, kind="stable")
        all_stamps = all_stamps[order]
    series = Series(
        columns=names,
        values=all_values[order],
        stamps=all_stamps,
        in_utc=any(time.in_utc for time in times),
        files=tuple(file.path for file in tables),
        file=np.repeat(np.arange(len(lengths)), lengths)[order],
        row=np.concatenate([np.arange(1, length + 1) for length in lengths])[order],
        was_sorted=bool((np.diff(order) < 0).any()),
    )
    _check_values(series, task, problems)
    is_doubled = _check_doubled(series, problems)
    if problems.lines:  # gaps are told beside them; without them `regular` tells of gaps
        with problems.collected():
            regular(_chosen(series, ~is_doubled), frequency)
    problems.settle()
    return series


def regular(series: Series, frequency: str | None = None) -> str | None:
    """Tell how far apart the rows lie, and refuse gaps.

    Arguments:
        series: in time order, no time twice.
        frequency: what training rows have; None to infer it.

    Returns:
        The frequency; None without time stamps.

    Raises:
        DataError: a row between two steps, or missing rows: row, date, count and cure.
    """
    times = series.stamps
    if times is None or (len(times) < 2 and frequency is None):  # noqa: PLR2004 - two lie apart
        return None
    found = frequency or infer(times)
    steps = places(times, found)
    between = np.flatnonzero(steps < 0)
    if len(between):
        others = f", as do {len(between) - 1} more" if len(between) > 1 else ""
        zone = ", write days without a time zone" if series.in_utc else ""
        raise DataError(
            f"task.time: {series.where(int(between[0]))} lies between two steps at the frequency "
            f"{found!r}{others} - space rows evenly{zone}, or leave out task.time to keep their "
            "order"
        )
    gaps = np.diff(steps) - 1
    if gaps.any():
        at = int(np.flatnonzero(gaps)[0])
        raise DataError(
            f"task.time: {rows(int(gaps.sum()), 'are')} missing at the frequency {found!r}, the "
            f"first after {series.where(at)} - add them{_offset(series, ',')}, or leave out "
            "task.time to keep their order"
        )
    return found


def check_zone(series: Series, in_utc: bool | None) -> None:
    """Refuse times with a time zone where a model was trained on times without, or the reverse.

    Arguments:
        series: of new rows.
        in_utc: whether the times trained on had a time zone; None where nobody knows.

    Raises:
        DataError: names a row.
    """
    if series.stamps is not None and in_utc is not None and series.in_utc != in_utc:
        has, had, cure = (
            ("a", "none", "without a") if series.in_utc else ("no", "one", "with their")
        )
        raise DataError(
            f"task.time: {series.where(0)} has {has} time zone, those trained on had {had} - "
            f"write times {cure} UTC offset"
        )


def written(moment: np.datetime64, *, in_utc: bool = False) -> str:
    """Write a point in time as briefly as it allows, with its time zone where it has one."""
    if in_utc:
        brief = written(moment)
        return f"{brief}+00:00" if " " in brief else f"{brief} 00:00+00:00"
    date, _, time = str(moment.astype("M8[us]")).partition("T")
    second, _, fraction = time.partition(".")
    fraction = fraction.rstrip("0")
    if fraction:
        return f"{date} {second}.{fraction}"
    return date if second == "00:00:00" else f"{date} {second.removesuffix(':00')}"


def _check_zones(tables: Sequence[FileTable], times: Sequence[Timestamps]) -> None:
    other = [at for at, time in enumerate(times) if time.in_utc != times[0].in_utc]
    if other:
        first, second = ("a", "none") if times[0].in_utc else ("no", "one")
        raise DataError(
            f"task.time: row 1 of {tables[0].path} has {first} time zone, row 1 of "
            f"{tables[other[0]].path} has {second} - write all rows with one, or all without"
        )


def _check_values(series: Series, task: TaskConfig, problems: Problems) -> None:
    keys = wanted_columns(task)
    for name in series.columns:
        missing = np.flatnonzero(~np.isfinite(series.of([name])[:, 0]))
        if len(missing):
            first = series.where(int(missing[0]))
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            problems.add(
                f"{keys[name]}: column {name!r} has no finite number in {first}"
                f"{more} - fill it in, or leave the column out"
            )


def _check_doubled(series: Series, problems: Problems) -> npt.NDArray[np.bool_]:
    """Tell of each row, (N,), whether it has the time of the one before."""
    is_doubled = np.zeros(len(series.values), dtype=np.bool_)
    if series.stamps is None:
        return is_doubled
    is_doubled[1:] = series.stamps[1:] == series.stamps[:-1]
    doubled = np.flatnonzero(is_doubled)
    if len(doubled):
        second = int(doubled[0])
        problems.add(
            f"task.time: {rows(len(doubled), 'have')} the time of another, the first "
            f"{series.where(second)}, that of {series.where(second - 1)} - keep one of each"
            f"{_offset(series, ', or')}"
        )
    return is_doubled


def _chosen(series: Series, kept: npt.NDArray[np.bool_]) -> Series:
    return replace(
        series,
        values=series.values[kept],
        stamps=None if series.stamps is None else series.stamps[kept],
        file=series.file[kept],
        row=series.row[kept],
    )


def _offset(series: Series, glue: str) -> str:
    """Say what cures a change of clocks, where times of day may have met one."""
    if series.stamps is None or series.in_utc:
        return ""
    time = series.stamps - series.stamps.astype("M8[D]")
    if (time == time[0]).all():
        return ""
    return f"{glue} write times with their UTC offset where clocks have changed"
