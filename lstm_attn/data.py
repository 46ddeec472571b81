"""Files to encoded splits: the only way data come in, for training and for use.

`prepare` fits an encoding and divides the rows; `read_rows` encodes new files with a fitted one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lstm_attn.config import CALENDAR, TASK_KINDS, DataConfig, TaskConfig
from lstm_attn.encoding import Encoding
from lstm_attn.frequency import Stamps
from lstm_attn.labelled import prepare_labelled, read_labelled
from lstm_attn.labels import listed
from lstm_attn.origins import encode_series, prepare_series
from lstm_attn.problems import Problems
from lstm_attn.reading import FORMATS, find_files, format_of
from lstm_attn.sequences import SequenceData, Split
from lstm_attn.series import check_zone, read_series, regular
from lstm_attn.source import read_files, read_source, wanted_columns
from lstm_attn.texts import prepare_text, read_text
from lstm_attn.vocabulary import given

_LANGUAGE_CONTEXT = 128
"""Tokens of a window where a study doesn't say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRows:
    """New rows, encoded as the training rows were."""

    split: Split
    """The rows; labels only where they were asked for; origins as far as targets are there."""
    stamps: Stamps | None
    """Forecasting with time: when each row was, ascending; else None."""
    in_utc: bool = False
    """Whether times have a time zone: they are UTC then."""


def prepare(data: DataConfig, task: TaskConfig) -> SequenceData:
    """Read files, divide their rows, fit the encoding on training rows, encode all rows.

    Arguments:
        data: the files, and what is held out of them.
        task: the columns, and what is to be learned from them.

    Raises:
        DataError: with a line for every problem that can be found at once.
    """
    problems = Problems()
    problems.add(*_setting_problems(data, task))
    if data.tokenizer not in {None, "character", "word"}:
        with problems.collected():
            given(str(data.tokenizer))
    source = read_source(data, task, problems)
    match task.kind:
        case "language-modeling":
            prepared = prepare_text(source, data, task)
        case "classification":
            prepared = prepare_labelled(source, data, task)
        case "forecasting":
            prepared = prepare_series(source, task)
    if not source.kept_out:
        return prepared
    kept_out = {"held out, so not trained on": listed(source.kept_out)}
    return replace(prepared, summary={**prepared.summary, **kept_out})


def read_rows(
    files: Sequence[str],
    task: TaskConfig,
    encoding: Encoding,
    *,
    labelled: bool = False,
    context: int = 1,
    data_format: str | None = None,
    in_utc: bool | None = None,
) -> NewRows:
    """Encode new files with a fitted encoding, to predict or to score.

    Forecasting needs the columns of inputs, targets and time in both cases: a forecast starts from
    the last value seen.

    Arguments:
        files: paths or globs.
        task: of the model.
        encoding: of the model.
        labelled: classification: whether the target column is read.
        context: forecasting: rows that an origin needs up to and including itself.
        data_format: one of `FORMATS`; by the file's name where None.
        in_utc: forecasting with time: whether the times trained on had a time zone; None where
            nobody knows.

    Raises:
        DataError: with a line for every problem that can be found at once.
    """
    paths = find_files(files, key="data")
    if task.kind != "forecasting" and all(_is_text(path, data_format) for path in paths):
        task = replace(task, inputs=("text",))  # a text file has no other column
    wanted = wanted_columns(task)
    if task.kind == "classification" and not labelled:
        wanted = {name: key for name, key in wanted.items() if name in task.inputs}
    tables = read_files(paths, data_format, wanted)
    match task.kind:
        case "language-modeling":
            return NewRows(split=read_text(tables, task, encoding), stamps=None)
        case "classification":
            split = read_labelled(tables, task, encoding, labelled=labelled)
            return NewRows(split=split, stamps=None)
        case "forecasting":
            series = read_series(tables, task, encoding.frequency)
            check_zone(series, in_utc)
            regular(series, encoding.frequency)
            origins = np.arange(context - 1, len(series.values) - task.horizon, dtype=np.int64)
            split = encode_series(series, task, encoding, origins)
            return NewRows(split=split, stamps=series.stamps, in_utc=series.in_utc)


def default_context(data: SequenceData) -> int:
    """Give the steps of a window where a study doesn't say, fewer where rows are few.

    Language modeling: 128 tokens. Classification: the 99th percentile of training lengths.
    Forecasting: three horizons or a season, whichever is more.
    """
    match data.task.kind:
        case "language-modeling":
            return min(_LANGUAGE_CONTEXT, len(data.train.inputs) - 1)
        case "classification":
            return data.longest
        case "forecasting":
            usual = max(3 * data.task.horizon, data.task.season or 1)
            return min(usual, data.training_end - data.task.horizon)


def _is_text(path: Path, data_format: str | None) -> bool:
    return (data_format or format_of(path)) == "text"


def _setting_problems(data: DataConfig, task: TaskConfig) -> list[str]:
    """Name settings that no file could mend."""
    if task.kind not in TASK_KINDS:
        return [f"task.kind: no {task.kind!r} - use one of {', '.join(TASK_KINDS)}"]
    problems = []
    if data.format not in FORMATS:
        problems.append(f"data.format: no {data.format!r} - use one of {', '.join(FORMATS)}")
    if data.vocabulary < 3:  # noqa: PLR2004 - padding, unknown, and a word
        problems.append(f"data.vocabulary: got {data.vocabulary} - use 3 or more")
    if task.kind == "forecasting":
        return problems + _forecasting_problems(task)
    targets = 0 if task.kind == "language-modeling" else 1
    if len(task.inputs) != 1:
        problems.append(f"task.inputs: {task.kind} takes one column, got {len(task.inputs)}")
    if len(task.targets) != targets:
        key = "task.target" if targets else "task.targets"
        problems.append(f"{key}: {task.kind} takes {targets or 'none'}, got {len(task.targets)}")
    set_anyway = {"time": task.time, "calendar": task.calendar, "season": task.season}
    problems += [
        f"task.{name}: {task.kind} has none, got {value!r} - leave it out"
        for name, value in set_anyway.items()
        if value
    ]
    return problems


def _forecasting_problems(task: TaskConfig) -> list[str]:
    problems = [
        f"task.{name}: forecasting takes one column or more, got none - name them"
        for name in ("inputs", "targets")
        if not getattr(task, name)
    ]
    problems += [
        f"task.calendar: no {name!r} - use some of {', '.join(CALENDAR)}"
        for name in task.calendar
        if name not in CALENDAR
    ]
    if task.calendar and task.time is None:
        problems.append("task.calendar: needs task.time - name the column of time stamps")
    if task.time in (*task.inputs, *task.targets):
        problems.append(f"task.time: {task.time!r} is an input or target too - use task.calendar")
    problems += [
        f"task.{name}: got {value} - use 1 or more"
        for name, value in (("horizon", task.horizon), ("season", task.season))
        if value is not None and value < 1
    ]
    return problems
