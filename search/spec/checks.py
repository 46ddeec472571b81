"""What the fields of a study file mean together, before any data are read."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches

from lstm_attn.config import CALENDAR, METRICS, DataConfig, TaskKind
from search.spec.schema import DataSection, StudyFile, TaskSection, said
from search.spec.times import is_datelike, moment
from search.spec.words import listed, shorten

REQUIRED = ("name", "data.format", "data.train", "task.kind", "task.inputs")
"""Keys that no study file is without."""
_VALIDATION = DataConfig.__dataclass_fields__["validation"].default
_TASK_KEYS: dict[TaskKind, frozenset[str]] = {
    "language-modeling": frozenset({"kind", "inputs"}),
    "classification": frozenset({"kind", "inputs", "target"}),
    "forecasting": frozenset(
        {"kind", "inputs", "targets", "time", "calendar", "horizon", "season"}
    ),
}


def problems(file: StudyFile, broken: Collection[str]) -> Iterator[str]:
    """Yield what is wrong with data, task and objective, a line each.

    Arguments:
        file: each field right in itself.
        broken: dotted keys of what was not, and has had its line.
    """
    yield from _missing(file, broken)
    kind = file.task.kind
    if kind is None:
        return
    yield from _task(file.task, kind, broken)
    yield from _held(file, kind)
    yield from _text(file.data, kind)
    objective = file.search.objective
    if objective is not None and objective not in METRICS[kind]:
        yield f"search.objective: got {shorten(objective)} - use {listed(METRICS[kind])}"


def _missing(file: StudyFile, broken: Collection[str]) -> Iterator[str]:
    required = list(REQUIRED)
    if file.task.kind == "classification" and file.task.targets is None:
        required.append("task.target")
    if file.task.kind == "forecasting" and file.task.target is None:
        required.append("task.targets")
    for key in required:
        section, _, field = key.rpartition(".")
        table = getattr(file, section) if section else file
        if getattr(table, field) is None and not {section, key} & set(broken):
            yield f"{key}: missing - use {type(table).model_fields[field].description}"


def _task(task: TaskSection, kind: TaskKind, broken: Collection[str]) -> Iterator[str]:
    for key in said(task):
        if key not in _TASK_KEYS[kind]:
            other = {"target": "targets", "targets": "target"}.get(key)
            renamed = other in _TASK_KEYS[kind]
            yield f"task.{key}: {kind} has none - " + (
                f"use task.{other}" if renamed else "leave it out"
            )
    inputs = task.inputs or []
    if kind != "forecasting" and len(inputs) > 1:
        yield f"task.inputs: got {shorten(inputs)} - use one column, {kind} takes no more"
    if kind == "classification" and task.target in inputs:
        yield f"task.target: {task.target!r} is the input too - use the column of labels"
    if kind != "forecasting":
        return
    if task.time is not None and task.time in [*inputs, *(task.targets or [])]:
        yield f"task.time: {task.time!r} is an input or a target too - use calendar inputs of it"
    for name in task.calendar or []:
        if name not in CALENDAR:
            near = get_close_matches(name, CALENDAR, n=1)
            yield f"task.calendar: no {name!r} - " + (
                f"did you mean {near[0]}?" if near else f"use {listed(CALENDAR)}"
            )
    if task.calendar and task.time is None and "task.time" not in broken:
        yield "task.calendar: without time stamps - name their column as task.time"


def _held(file: StudyFile, kind: TaskKind) -> Iterator[str]:
    borders = {
        key: value
        for key, value in (("validation", file.data.validation), ("test", file.data.test))
        if isinstance(value, str) and is_datelike(value)
    }
    for key, date in borders.items():
        if kind != "forecasting":
            yield f"data.{key}: got the date {date} - use a share, rows or files for {kind}"
        elif file.task.time is None:
            yield f"data.{key}: got the date {date} - name the column of time stamps as task.time"
    if len(borders) > 1 and moment(borders["validation"]) >= moment(borders["test"]):
        yield (
            f"data.test: {borders['test']} does not come after validation, "
            f"{borders['validation']} - test comes last"
        )
    validation = _VALIDATION if file.data.validation is None else file.data.validation
    test = file.data.test
    if isinstance(validation, float) and isinstance(test, float) and validation + test >= 1.0:
        yield (
            f"data.test: {test} and validation {validation} leave no rows to train on - "
            "use smaller shares"
        )


def _text(data: DataSection, kind: TaskKind) -> Iterator[str]:
    tokenizer = data.tokenizer
    if kind == "forecasting":
        for key in ("tokenizer", "vocabulary"):
            if getattr(data, key) is not None:
                yield f"data.{key}: forecasting reads no text - leave it out"
        return
    if tokenizer and tokenizer not in ("character", "word") and not tokenizer.endswith(".json"):
        yield f"data.tokenizer: got {shorten(tokenizer)} - use " + str(
            DataSection.model_fields["tokenizer"].description
        )
    by_words = tokenizer == "word" or (tokenizer is None and kind == "classification")
    if data.vocabulary is not None and not by_words:
        yield "data.vocabulary: only word tokenizers have one - leave it out, or tokenize by 'word'"
