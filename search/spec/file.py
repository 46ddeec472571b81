"""A study file that is right in itself: read, changed from the command line, checked."""

import os
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from glob import escape, has_magic
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lstm_attn.config import METRICS, DataConfig, TaskConfig
from search.errors import SpecError
from search.spec import checks, heads, source
from search.spec.dimensions import Setting, dead, read
from search.spec.lines import lines
from search.spec.schema import SECTIONS, StudyFile, said
from search.spec.terms import Resources, Terms, frozen
from search.spec.times import completed

TRIALS = 40
"""Finished trials of a study that doesn't say."""
KEEP = 5
"""Trials whose best checkpoint is kept where a study doesn't say."""
CHECKPOINT_EVERY = 30.0
"""Seconds between two states of a running trial where a study doesn't say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecFile(Terms):
    """A checked study file; what it leaves to data and machine is still open."""

    path: Path
    """Where it was read."""
    settings: Mapping[str, Setting]
    """What `[space]` and `[training]` say, by setting."""


def load(path: Path, overrides: Sequence[str] = (), name: str | None = None) -> SpecFile:
    """Read a study file and check everything that needs no data.

    Arguments:
        path: the TOML file.
        overrides: `key=value` each, put into the file before it is checked.
        name: the study's name, over the file's.

    Raises:
        SpecError: with all problems at once.
    """
    tree = source.read(path)
    problems = source.override(tree, overrides)
    if name is not None:
        tree["name"] = name
    return _checked(path, tree, problems)


def again(given: Mapping[str, Any], path: Path) -> SpecFile:
    """Check what a checked file said once more, elsewhere or later.

    Arguments:
        given: `SpecFile.given`, as JSON may have held it.
        path: where the file was read, for messages.

    Raises:
        SpecError: it isn't what this version takes.
    """
    return _checked(path, deepcopy(dict(given)), [])


def _checked(path: Path, tree: source.Tree, problems: list[str]) -> SpecFile:
    file, broken, wrong = _validate(tree)
    problems += wrong
    problems += checks.problems(file, broken)
    problems += _half_dates(file, path.resolve().parent)
    settings, wrong = _settings(file)
    problems += wrong
    if problems:
        raise refusal(path, problems)
    return _spec_file(path, file, settings)


def refusal(path: Path, problems: Sequence[str]) -> SpecError:
    """Make the error that lists a file's problems."""
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    return SpecError(f"{path}: {count}", *(f"  {problem}" for problem in problems))


def _validate(tree: source.Tree) -> tuple[StudyFile, set[str], list[str]]:
    """Check each field; what is wrong is taken out so that the rest can be checked together."""
    try:
        return StudyFile.model_validate(tree), set(), []
    except ValidationError as error:
        broken = {tuple(str(part) for part in item["loc"][:2]) for item in error.errors()}
        for section, *key in broken:
            if key and section in SECTIONS:
                tree[section].pop(key[0], None)
            else:
                tree.pop(section, None)
        return StudyFile.model_validate(tree), {".".join(key) for key in broken}, lines(error)


def _half_dates(file: StudyFile, folder: Path) -> Iterator[str]:
    """Yield a line for each year or month that stands for a date and names no file."""
    for key, held in (("validation", file.data.validation), ("test", file.data.test)):
        for item in held if isinstance(held, list) else ():
            if (date := completed(item)) and not (folder / item).exists():
                yield f"data.{key}: got {item!r}, which names no file - for a date use '{date}'"


def _settings(file: StudyFile) -> tuple[dict[str, Setting], list[str]]:
    space, training = said(file.space), said(file.training)
    settings: dict[str, Setting] = dict(training)
    problems = [
        f"space.{name}: stands in [training] too - keep one of the two"
        for name in space
        if name in training
    ]
    for name, given in space.items():
        try:
            settings[name] = read(name, given)
        except SpecError as error:
            problems.extend(error.problems)
    hidden = space.get("hidden_size")
    stepped = isinstance(hidden, dict) and "step" in hidden
    problems += dead(settings, space)
    problems += heads.clashes(settings, stepped=stepped)
    return settings if problems else heads.fitted(settings, stepped=stepped), problems


def _spec_file(path: Path, file: StudyFile, settings: Mapping[str, Setting]) -> SpecFile:
    given: dict[str, Any] = {"name": file.name}
    given |= {name: said(getattr(file, name)) for name in SECTIONS}
    folder = path.resolve().parent
    given["data"] = {key: _absolute(key, value, folder) for key, value in given["data"].items()}
    task, search = frozen(given["task"]), file.search
    if "target" in task:
        task["targets"] = (task.pop("target"),)
    assert file.name is not None
    assert file.task.kind is not None
    return SpecFile(
        path=path,
        given=given,
        name=file.name,
        data=DataConfig(**frozen(given["data"])),
        task=TaskConfig(**task),
        settings=settings,
        objective=search.objective or next(iter(METRICS[file.task.kind])),
        trials=search.trials or TRIALS,
        timeout=search.timeout,
        keep=search.keep or KEEP,
        checkpoint_every=search.checkpoint_every or CHECKPOINT_EVERY,
        sampler=search.sampler or "tpe",
        pruner=search.pruner or "halving",
        seed=search.seed or 0,
        resources=Resources(**said(file.resources)),
    )


def _absolute(key: str, value: object, folder: Path) -> object:
    if isinstance(value, list):
        return [str(_inside(folder, item)) for item in value]
    if key == "tokenizer" and isinstance(value, str) and value.endswith(".json"):
        return str(folder / value)
    return value


def _inside(folder: Path, item: str) -> Path:
    is_file = os.path.exists(folder / item)  # noqa: PTH110 - takes names too long for a file
    is_pattern = has_magic(item) and not is_file
    return Path(escape(str(folder))) / item if is_pattern else folder / item
