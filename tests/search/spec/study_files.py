"""Valid study files of each task, over the small data files, as Hypothesis writes them."""

import datetime as dt
from math import lcm
from typing import Any

from hypothesis import strategies as st

from lstm_attn.config import CALENDAR, METRICS, TOKENS_ONLY, VARIANTS
from search.space import DIMENSIONS, NEVER_VARY, exists
from search.spec.defaults import SEARCHED
from tests.search.spec.data_files import KINDS, SERIES, Kind
from tests.search.spec.toml_text import Tree

IN_TRAINING = (*NEVER_VARY, "batch_size", "embedding_dim", "context", "clip", "noise", "patience")


@st.composite
def valid_files(draw: st.DrawFn, *, grid: bool = False) -> Tree:
    """Write a file that is accepted; its models are small."""
    kind = draw(st.sampled_from(KINDS))
    horizon = draw(st.integers(1, 5))
    times = draw(st.booleans())
    tree: Tree = {
        "name": draw(st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,20}\Z")),
        "data": draw(_data(kind, times=times)),
        "task": draw(_task(kind, times=times, horizon=horizon)),
        "search": draw(_search(kind)),
        "resources": draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "slots": st.integers(1, 10_000),
                    "cpus_per_trial": st.integers(1, 1024),
                    "gpus_per_trial": st.floats(1e-4, 1) | st.just(1),
                    "trial_timeout": st.integers(1, 3_600_000),
                    "trial_memory": st.integers(500_000_000, 10**13)
                    | st.sampled_from(["4GB", "0.5 GiB", "10TB"]),
                },
            )
        ),
    }
    if grid:
        tree["search"]["sampler"] = "grid"
    settings = draw(_settings(kind, grid=grid))
    training = {
        name: given
        for name, given in settings.items()
        if name in NEVER_VARY
        or (name in IN_TRAINING and not isinstance(given, list | dict) and draw(st.booleans()))
    }
    tree["training"] = training
    tree["space"] = {name: given for name, given in settings.items() if name not in training}
    kept = draw(st.sets(st.sampled_from(("space", "training", "search", "resources"))))
    return {name: given for name, given in tree.items() if given or name in kept}


@st.composite
def _data(draw: st.DrawFn, kind: Kind, *, times: bool) -> Tree:
    """Hold out at most half of the rows."""
    validation = test = st.floats(0.1, 0.25) | st.integers(8, 15)
    both = kind is SERIES and draw(st.integers(0, 4)) == 0
    if both:
        validation, test = st.just("late_series.csv"), st.just(["last_series.csv"])
    elif kind is SERIES:
        test |= st.sampled_from(["late_series.csv", "la*_series.csv"])
        if times:
            days = st.dates(dt.date(2020, 4, 20), dt.date(2020, 5, 1))
            later = st.dates(dt.date(2020, 5, 15), dt.date(2020, 5, 25))
            validation |= days | days.map(str)
            test |= later.map(lambda day: f"{day:%Y/%m/%d}")
    elif draw(st.booleans()):
        validation = st.sampled_from([kind.late, [kind.late]])
    else:
        test |= st.just(kind.late)
    held = {"validation": validation, "test": test, "seed": st.integers(0, 2**63 - 1)}
    needed = {name: held.pop(name) for name in ("validation", "test") if both}
    source = draw(st.sampled_from(kind.sources))
    return {**source, **draw(st.fixed_dictionaries(needed, optional=held))}


def _task(kind: Kind, *, times: bool, horizon: int) -> st.SearchStrategy[Tree]:
    needed: dict[str, Any] = {"kind": st.just(kind.task), "inputs": st.just(kind.inputs)}
    optional: dict[str, Any] = {}
    if kind.task == "classification":
        needed["target"] = st.just("label")
    if kind.task == "forecasting":
        some = st.lists(st.sampled_from(kind.inputs), min_size=1, unique=True)
        needed |= {"inputs": some, "targets": some | st.sampled_from(kind.inputs)}
        optional = {"horizon": st.just(horizon), "season": st.integers(1, 20)}
        if times:
            needed["time"] = st.just("date")
            optional["calendar"] = st.lists(st.sampled_from(CALENDAR), min_size=1, unique=True)
    return st.fixed_dictionaries(needed, optional=optional)


def _search(kind: Kind) -> st.SearchStrategy[Tree]:
    seconds = st.floats(0, 3.6e6, exclude_min=True) | st.integers(1, 3_600_000)
    spans = st.builds("{}h{}m{}s".format, st.integers(0, 998), st.integers(0, 59), st.integers(1))
    short = st.builds("{}{}".format, st.integers(1, 900), st.sampled_from("hms"))
    durations = seconds | short | spans.filter(lambda span: len(span) < 12)
    return st.fixed_dictionaries(
        {},
        optional={
            "objective": st.sampled_from(list(METRICS[kind.task])),
            "trials": st.integers(1, 1_000_000),
            "timeout": durations,
            "keep": st.integers(1, 1000),
            "checkpoint_every": durations,
            "sampler": st.sampled_from(["tpe", "random"]),
            "pruner": st.sampled_from(["halving", "median", "none"]),
            "seed": st.integers(0, 2**63 - 1),
        },
    )


@st.composite
def _settings(draw: st.DrawFn, kind: Kind, *, grid: bool) -> Tree:
    """Draw what stands in [space] and [training], each setting in any of its forms."""
    fit = [name for name in VARIANTS if kind.tokens or name not in TOKENS_ONLY]
    listed = draw(st.lists(st.sampled_from(fit), min_size=1, unique=True))
    said: Tree = {}
    if grid or len(listed) < len(fit) or draw(st.booleans()):
        said["variant"] = listed[0] if len(listed) == 1 and draw(st.booleans()) else listed
    else:
        listed = fit
    alive = [
        name
        for name in DIMENSIONS
        if any(exists(name, variant, tokens=kind.tokens) for variant in listed)
    ]
    epochs = draw(st.integers(2, 60))
    floats = {
        "dropout": (0.0, 0.95),
        "learning_rate": (1e-6, 1.0),
        "weight_decay": (0.0, 10.0),
        "clip": (1e-3, 1e6),
        "noise": (0.0, 10.0),
    }
    wholes = {
        "layers": (1, 4),
        "ffn_width": (1, 40),
        "embedding_dim": (1, 24),
        "batch_size": (1, 8),
        "context": (1, 5),
        "patience": (1, epochs - 1),
    }
    chosen = {
        name
        for name in alive
        if name != "variant" and (draw(st.booleans()) or (grid and name in SEARCHED))
    }
    said |= draw(_heads_and_sizes(chosen & {"heads", "hidden_size"}, "heads" in alive, grid=grid))
    for name in DIMENSIONS:
        if name in chosen and name in floats:
            said[name] = draw(_floats(*floats[name], grid=grid))
        elif name in chosen and name in wholes:
            said[name] = draw(_wholes(*wholes[name], grid=grid))
    if "patience" in chosen or draw(st.booleans()):
        said["epochs"] = epochs
    some = {"epoch_steps": st.integers(1, 1_000_000), "validation_rows": st.integers(1, 10**9)}
    return said | draw(st.fixed_dictionaries({}, optional=some))


def _floats(low: float, high: float, *, grid: bool) -> st.SearchStrategy[Any]:
    """Fixed, listed, or a range with ends, step and log as they come."""
    numbers = st.floats(low, high) | st.sampled_from([low, high])
    plain = numbers | st.lists(numbers, min_size=1, max_size=2, unique=True)
    if grid:
        return plain
    ends = st.tuples(numbers, numbers).map(sorted)
    ranges = ends.map(lambda two: {"low": two[0], "high": two[1]})
    logs = ranges.map(lambda table: {**table, "log": table["low"] > 0})
    counts = st.tuples(st.integers(1, 20), st.integers(1, 12), st.integers(1, 6))
    return plain | ranges | logs | counts.map(lambda three: _by_hundredths(*three))


def _by_hundredths(first: int, steps: int, step: int) -> Tree:
    """Step in hundredths, which floats only come near."""
    return {"low": first / 100, "high": (first + steps * step) / 100, "step": step / 100}


def _wholes(low: int, high: int, *, grid: bool) -> st.SearchStrategy[Any]:
    numbers = st.integers(low, high)
    ends = st.tuples(numbers, numbers).map(sorted)
    plain = numbers | st.lists(numbers, min_size=1, max_size=2, unique=True)
    if grid:
        return plain
    stepped = st.tuples(ends, st.integers(1, 4)).map(
        lambda both: {
            "low": both[0][0],
            "high": both[0][0] + (both[0][1] - both[0][0]) // both[1] * both[1],
            "step": both[1] if both[0][1] - both[0][0] >= both[1] else 1,
        }
    )
    ranges = ends.map(lambda two: {"low": two[0], "high": two[1]})
    return plain | stepped | ranges | ranges.map(lambda table: {**table, "log": True})


@st.composite
def _heads_and_sizes(draw: st.DrawFn, names: set[str], attends: bool, *, grid: bool) -> Tree:
    """Let heads divide every hidden size on offer."""
    said: Tree = {}
    heads = draw(st.lists(st.sampled_from([1, 2, 3, 4, 8]), min_size=1, unique=True))
    if "heads" in names:
        said["heads"] = heads[0] if len(heads) == 1 and draw(st.booleans()) else heads
        if heads == [1] or draw(st.integers(0, 4)) == 0:
            said["heads"], heads = {"low": 1, "high": 4}, [1, 2, 3, 4]
    if "hidden_size" in names:
        step = lcm(*heads) if "heads" in said else draw(st.sampled_from([1, 3, 8]))
        low, count = step * draw(st.integers(1, 2)), draw(st.integers(0, 2))
        sizes = [low + step * number for number in range(count + 1)]
        table = {"low": sizes[0], "high": sizes[-1]}
        forms: list[Any] = [sizes[0], sizes]
        if not grid:
            forms += [table, {**table, "step": step} if count else table]
            alone = not attends or ("heads" in said and heads == [1])
            forms += [{**table, "log": True}] if alone else []
        said["hidden_size"] = draw(st.sampled_from(forms))
    return said
