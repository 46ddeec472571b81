"""From a file and its data to a study in which nothing is left open."""

from collections.abc import Iterator
from typing import cast

from lstm_attn.config import (
    ONE_HOT,
    ONE_HOT_LIMIT,
    TOKENS_ONLY,
    VARIANTS,
    ModelConfig,
    Variant,
)
from lstm_attn.context import check_context
from lstm_attn.errors import LstmAttnError
from lstm_attn.sequences import SequenceData
from search.domains import Choice, Domain
from search.records import Value
from search.space import DIMENSIONS, NEVER_VARY, Facts, Space, exists
from search.spec import defaults
from search.spec.dimensions import dead, points
from search.spec.file import SpecFile, refusal
from search.spec.heads import HEADS
from search.spec.reach import idle
from search.spec.study import StudySpec, home
from search.spec.terms import Terms
from search.spec.words import listed

GRID_LIMIT = 100_000
"""The most points a grid may have."""


def resolve(file: SpecFile, data: SequenceData, *, gpus: bool) -> StudySpec:
    """Fill in what the file leaves out, and check the rest of it.

    Arguments:
        file: what the user said.
        data: the data it names, encoded.
        gpus: whether trials run on GPUs, which widens the default ranges.

    Raises:
        SpecError: with all problems at once.
    """
    problems = list(_misfits(file, data))
    if problems:
        raise refusal(file.path, problems)
    space = _space(file, data, gpus=gpus)
    too_long = list(_too_long(file, space, data))
    problems = [*(too_long or idle(space, data)), *_no_grid(file, space), *_unbuildable(space)]
    if problems:
        raise refusal(file.path, problems)
    terms = {name: getattr(file, name) for name in Terms.__dataclass_fields__}
    return StudySpec(**{**terms, "task": data.task}, space=space)


def _misfits(file: SpecFile, data: SequenceData) -> Iterator[str]:
    """Yield what the file says and the data belie."""
    fit = _fitting(data)
    if "variant" in file.settings:
        for variant in points(file.settings["variant"]):
            if variant not in fit and variant in TOKENS_ONLY:
                yield f"space.variant: {variant} takes tokens, and the inputs are floats - use " + (
                    listed(fit)
                )
            elif variant not in fit:
                yield (
                    f"space.variant: {variant} takes tokens as one-hot, up to {ONE_HOT_LIMIT:,}, "
                    f"and there are {data.input_size:,} - use {listed(fit)}"
                )
    yield from dead(file.settings, file.given["space"], tokens=data.tokens, fitting=fit)
    if "noise" in file.settings and data.tokens:
        yield f"{home(file.given, 'noise')}.noise: the inputs are tokens - leave it out"
    for key in ("tokenizer", "vocabulary"):
        if key in file.given["data"] and not data.tokens:
            yield f"data.{key}: the inputs are floats - leave it out"


def _fitting(data: SequenceData) -> tuple[Variant, ...]:
    if not data.tokens:
        return tuple(variant for variant in VARIANTS if variant not in TOKENS_ONLY)
    if data.input_size > ONE_HOT_LIMIT:
        return tuple(variant for variant in VARIANTS if variant not in ONE_HOT)
    return VARIANTS


def _space(file: SpecFile, data: SequenceData, *, gpus: bool) -> Space:
    usual = defaults.values(data)
    settings = dict(file.settings)
    variants = cast(
        "tuple[Variant, ...]",
        points(settings.setdefault("variant", Choice(values=_fitting(data)))),
    )
    heads = points(settings["heads"]) if "heads" in settings else HEADS
    ranges = defaults.ranges([int(number) for number in heads], gpus=gpus)
    for name, value in {**usual, **ranges}.items():
        if name != "patience":
            settings.setdefault(name, value)
    if "epochs" in file.settings:
        usual["patience"] = cast("int", file.settings["epochs"])
    fixed: dict[str, Value] = {}
    domains: dict[str, Domain] = {}
    for name in (*DIMENSIONS, *NEVER_VARY):
        setting = settings.get(name)
        if not any(exists(name, variant, tokens=data.tokens) for variant in variants):
            continue
        if isinstance(setting, Value):
            fixed[name] = setting
        elif setting is not None:
            domains[name] = setting
    return Space(
        facts=Facts(
            kind=data.task.kind,
            tokens=data.tokens,
            input_size=data.input_size,
            output_size=_output_size(data),
            objective=file.objective,
        ),
        fixed=fixed,
        domains=domains,
        usual={name: usual[name] for name in DIMENSIONS if name in usual},
    )


def _output_size(data: SequenceData) -> int:
    match data.task.kind:
        case "language-modeling":
            return data.input_size
        case "classification":
            return len(data.encoding.labels)
        case "forecasting":
            return data.task.horizon * len(data.task.targets)


def _too_long(file: SpecFile, space: Space, data: SequenceData) -> Iterator[str]:
    try:
        check_context(data, int(space.largest("context")))
    except LstmAttnError as error:
        for problem in error.problems:
            yield f"{home(file.given, 'context')}.{problem}"


def _no_grid(file: SpecFile, space: Space) -> Iterator[str]:
    if file.sampler != "grid":
        return
    without = [name for name, domain in space.domains.items() if not domain.stepped]
    if without:
        first = space.domains[without[0]]
        yield (
            f"search.sampler: grid needs lists or steps, and {listed(without, last='and')} "
            f"{'is an open range' if len(without) == 1 else 'are open ranges'} - list values, as "
            f"in space.{without[0]} = [{first.smallest}, {first.largest}], or use tpe or random"
        )
    elif (count := space.point_count()) is not None and count > GRID_LIMIT:
        yield (
            f"search.sampler: the grid has {count:,} points, more than {GRID_LIMIT:,} - "
            "list fewer values, or use tpe or random"
        )


def _unbuildable(space: Space) -> Iterator[str]:
    """Build every corner without memory; what is checked before should leave nothing to find."""
    import torch

    from lstm_attn.models import build

    seen: set[ModelConfig] = set()
    for params in space.corners():
        try:
            model, _ = space.configure(params)
            if model not in seen:
                seen.add(model)
                with torch.device("meta"):
                    build(model)
        except LstmAttnError as error:
            for problem in error.problems:
                yield f"space: {dict(params)} cannot be built, {problem}"
