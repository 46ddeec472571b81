"""A series divided into training, validation and test, for forecasting.

All splits share the whole series; each owns the origins whose targets all lie in it.
Letters: N rows of the series, F features, K targets, n origins.
"""

from dataclasses import replace
from typing import Literal

import numpy as np

from lstm_attn.config import TaskConfig
from lstm_attn.encoding import Encoding, Scaler, Where
from lstm_attn.errors import DataError
from lstm_attn.fingerprint import fingerprint
from lstm_attn.frequency import SEASONS, calendar_inputs
from lstm_attn.problems import Problems, rows
from lstm_attn.sequences import SequenceData, Split
from lstm_attn.series import Integers, Series, read_series, regular, written
from lstm_attn.source import Source
from lstm_attn.splits import cut

_ROW = "row"
"""The column of predictions that counts their rows."""

Bounds = dict[str, tuple[int, int]]
"""First row and the row after the last of `train`, `validation` and, where there is one, `test`."""


def prepare_series(source: Source, task: TaskConfig) -> SequenceData:
    """Read the series, divide it by position, fit scalers on training rows, encode it.

    Raises:
        DataError: gaps, values or times that don't fit, too few rows for a season or a forecast,
            a column named as the row numbers of predictions.
    """
    _check_names(task)
    tables = [file for part in source for file in part]
    series = read_series(tables, task)
    bounds = _bounds(source, series)
    training_end = bounds["train"][1]
    problems = Problems()
    frequency, season = None, task.season
    with problems.collected():
        frequency = regular(series)
    with problems.collected():
        season = _season(task, frequency, training_end) if not problems.lines else 1
    _check_lengths(bounds, task.horizon, season or 1, problems)
    problems.settle()
    assert season is not None  # settled
    targets = series.of(task.targets)
    encoding = Encoding(
        scaler=Scaler.fit(series.of(task.inputs)[:training_end], _where(series, task, "inputs")),
        target_scaler=Scaler.fit(targets[:training_end], _where(series, task, "targets")),
        frequency=frequency,
    )
    whole = encode_series(series, task, encoding, np.zeros(0, np.int64))
    splits = {
        name: replace(whole, origins=_origins(bound, task.horizon))
        for name, bound in bounds.items()
    }
    errors = np.abs(targets[season:training_end] - targets[: training_end - season])
    return SequenceData(
        task=replace(task, season=season),
        encoding=encoding,
        train=splits["train"],
        validation=splits["validation"],
        test=splits.get("test"),
        training_end=training_end,
        naive_error=errors.mean(axis=0),
        in_utc=None if task.time is None else series.in_utc,
        fingerprint=fingerprint(encoding, list(splits.values())),
        summary=_summary(series, bounds, frequency, task.season, season),
    )


def encode_series(series: Series, task: TaskConfig, encoding: Encoding, origins: Integers) -> Split:
    """Scale the inputs of a series and put calendar inputs beside them.

    Arguments:
        series: N rows.
        task: names inputs, targets and calendar inputs.
        encoding: fitted on training rows.
        origins: (n,) rows after which the split's forecasts start.

    Raises:
        DataError: an input or target too far from those of training rows to be scaled.
    """
    assert encoding.scaler is not None  # of every forecasting encoding
    assert encoding.target_scaler is not None
    inputs = [encoding.scaler.apply(series.of(task.inputs), _where(series, task, "inputs"))]
    encoding.target_scaler.apply(series.of(task.targets), _where(series, task, "targets"))
    if task.calendar:
        assert series.stamps is not None  # checked with the settings
        inputs.append(calendar_inputs(series.stamps, task.calendar))
    return Split(
        inputs=np.concatenate(inputs, axis=1),
        offsets=np.array([0, len(series.values)], dtype=np.int64),
        targets=series.of(task.targets),
        origins=origins,
    )


def _check_names(task: TaskConfig) -> None:
    named = {"task.time": (task.time,), "task.targets": task.targets}
    problems = [
        f"{key}: a column named {_ROW!r} would hide the row numbers of predictions - "
        "rename the column"
        for key, names in named.items()
        if _ROW in names
    ]
    if problems:
        raise DataError(*problems)


def _where(series: Series, task: TaskConfig, key: Literal["inputs", "targets"]) -> Where:
    """Speak of rows of a series and some of its columns."""
    names = task.inputs if key == "inputs" else task.targets
    return lambda row, column: f"task.{key}: column {names[column]!r} in {series.where(row)}"


def _bounds(source: Source, series: Series) -> Bounds:
    """Divide the rows; validation's and test's own files come after the training files."""
    if source.validation and source.held_test.is_cut:
        raise DataError(
            "data.test: test comes last, and validation has a file - name a file for test too"
        )
    for held in (source.held_validation, source.held_test):
        if held.in_utc and series.stamps is not None and not series.in_utc:
            raise DataError(
                f"{held.key}: the date has a time zone, {series.where(0)} has none - "
                "write the date without"
            )
    counts = [sum(file.table.num_rows for file in part) for part in source]
    part_of_file = np.repeat(np.arange(3), [len(part) for part in source])
    early = np.flatnonzero(np.diff(part_of_file[series.file]) < 0)
    if len(early):
        raise DataError(
            f"task.time: {series.where(int(early[0]))} comes before "
            f"{series.where(int(early[0]) + 1)} - training rows come first, test rows last"
        )
    times = None if series.stamps is None else series.stamps[: counts[0]]
    first, second = cut(counts[0], source.held_validation, source.held_test, stamps=times)
    own, last = counts[0] + counts[1], len(series.values)
    bounds: Bounds = {"train": (0, first)}
    bounds["validation"] = (counts[0], own) if source.validation else (first, second)
    if source.test or source.held_test.is_cut:
        bounds["test"] = (own, last) if source.test else (second, counts[0])
    return bounds


def _origins(bound: tuple[int, int], horizon: int) -> Integers:
    """Give the rows after which `horizon` rows all lie in the bounds."""
    start, end = bound
    return np.arange(max(start - 1, 0), end - horizon, dtype=np.int64)


def _season(task: TaskConfig, frequency: str | None, training_rows: int) -> int:
    """Give the rows in a season: as asked for, by frequency, or 1 without stamps or a season."""
    if task.season is not None:
        return task.season
    if frequency is None:
        return 1
    if frequency not in SEASONS:
        raise DataError(
            f"task.season: no default for rows {frequency} apart - give the rows in a season, "
            "as 96 for a day of 15 minutes; 1 where there is none"
        )
    season = SEASONS[frequency]
    return season if season < training_rows else 1


def _check_lengths(bounds: Bounds, horizon: int, season: int, problems: Problems) -> None:
    for name, (start, end) in bounds.items():
        least = max(horizon, season) + 1 if name == "train" else horizon
        if end - start < least:
            why = f"horizon {horizon}" + (f" and season {season}" if name == "train" else "")
            problems.add(
                f"data.{name}: {rows(end - start, 'are')} too few for {why} - give at least {least}"
            )


def _summary(
    series: Series, bounds: Bounds, frequency: str | None, asked: int | None, season: int
) -> dict[str, str | int | float]:
    summary: dict[str, str | int | float] = {
        f"{'training' if name == 'train' else name} rows": end - start
        for name, (start, end) in bounds.items()
    }
    if series.stamps is not None:
        summary["first date"] = written(series.stamps[0])
        summary["last date"] = written(series.stamps[-1])
        for name in list(bounds)[1:]:
            summary[f"{name} from"] = written(series.stamps[bounds[name][0]])
    if series.in_utc:
        summary["time zone"] = "UTC"
    if frequency is not None:
        summary["frequency"] = frequency
    summary["rows a season"] = season
    notes = []
    if series.was_sorted:
        notes.append("rows were not in time order and have been sorted")
    usual = SEASONS.get(frequency or "", season)
    if asked is None and season != usual:
        notes.append(f"training rows are too few for the usual {usual} rows a season, so it is 1")
    if notes:
        summary["note"] = "; ".join(notes)
    return summary
