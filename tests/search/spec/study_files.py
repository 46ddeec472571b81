"""Study files as Hypothesis writes them: valid ones of each task, and ways to break one.

A file is a tree, as `tomllib` gives it, until `toml` writes it. All of them read the small data
files that `write_data` makes.
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import lcm
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from lstm_attn.config import CALENDAR, METRICS, TOKENS_ONLY, VARIANTS
from lstm_attn.vocabulary import fit_characters
from search.space import DIMENSIONS, NEVER_VARY, exists
from search.spec.defaults import SEARCHED
from search.spec.schema import SECTIONS

Tree = dict[str, Any]
IN_TRAINING = (*NEVER_VARY, "batch_size", "embedding_dim", "context", "clip", "noise", "patience")
LINES = 400
ROWS = 60
LONGEST = 9
DAYS = 160


@dataclass(frozen=True)
class Kind:
    """What a file of one task over one kind of data may say."""

    task: str
    tokens: bool
    sources: tuple[Tree, ...]
    """Tables of [data], without what is held out."""
    inputs: str | tuple[str, ...]
    late: str = ""
    """A file of rows to hold out."""


TEXTS = Kind(
    task="language-modeling",
    tokens=True,
    sources=(
        {"format": "text", "train": "text*.txt"},
        {"format": "text", "train": ["text.txt"], "tokenizer": "word", "vocabulary": 40},
        {"format": "text", "train": "text.txt", "tokenizer": "tokenizer.json"},
    ),
    inputs="text",
    late="late.txt",
)
SEQUENCES = Kind(
    task="classification",
    tokens=False,
    sources=({"format": "json", "train": "sequences.jsonl"},),
    inputs="sequence",
    late="late_sequences.jsonl",
)
LABELLED = Kind(
    task="classification",
    tokens=True,
    sources=(
        {"format": "csv", "train": ["labelled.csv"]},
        {"format": "csv", "train": "labelled.csv", "tokenizer": "character"},
    ),
    inputs="text",
    late="late_labelled.csv",
)
SERIES = Kind(
    task="forecasting",
    tokens=False,
    sources=({"format": "csv", "train": "series.csv"},),
    inputs=("wind", "rain", "sun"),
)
KINDS = (TEXTS, SEQUENCES, LABELLED, SERIES)


def write_data(folder: Path) -> None:
    """Write every data file that the study files name."""
    words = ["the", "cat", "sat", "on", "a", "mat", "and", "saw", "it"]
    lines = [" ".join(words[i * j % 9] for j in range(1, 9)) for i in range(LINES)]
    text = "\n".join(lines) + "\n"
    (folder / "text.txt").write_text(text)
    (folder / "late.txt").write_text("\n".join(lines[:20]))
    (folder / "tokenizer.json").write_text(fit_characters([text]).json)
    labels = ["left", "right", "none"]
    rows = [
        {
            "sequence": [[i % 5 + j, -j / 2] for j in range(LONGEST - i % 4)],
            "text": " ".join(lines[i].split()[: 5 + i % 4]),
            "label": labels[i % 3],
        }
        for i in range(ROWS)
    ]
    json_lines = "".join(json.dumps(row) + "\n" for row in rows)
    for name in ("sequences", "labelled"):
        (folder / f"{name}.jsonl").write_text(json_lines)
        (folder / f"late_{name}.jsonl").write_text(json_lines)
    csv = [f"{row['text']},{row['label']}\n" for row in rows]
    for name in ("labelled", "late_labelled"):
        (folder / f"{name}.csv").write_text("".join(["text,label\n", *csv]))
    first = dt.date(2020, 1, 1)
    days = [
        f"{first + dt.timedelta(days=i)},{i % 7},{i % 5 / 4},{(i * i) % 11}\n" for i in range(240)
    ]
    for name, part in [("", days[:DAYS]), ("late_", days[DAYS:200]), ("last_", days[200:])]:
        (folder / f"{name}series.csv").write_text("".join(["date,wind,rain,sun\n", *part]))


def toml(tree: Mapping[str, Any]) -> str:
    """Write a tree, a line for every key of a section."""
    plain = {key: item for key, item in tree.items() if not isinstance(item, dict)}
    tables = {key: item for key, item in tree.items() if isinstance(item, dict)}
    lines = [f"{_string(key)} = {_value(item)}" for key, item in plain.items()]
    for name, table in tables.items():
        lines += ["", f"[{_string(name)}]"]
        lines += [f"{_string(key)} = {_value(item)}" for key, item in table.items()]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    match value:
        case str():
            text = _string(value)
        case bool():
            text = str(value).lower()
        case int() if value > 1 << 64:
            text = hex(value)  # Python writes very long ones so alone
        case list() | tuple():
            text = f"[{', '.join(map(_value, value))}]"
        case dict():
            items = (f"{_string(key)} = {_value(item)}" for key, item in value.items())
            text = f"{{{', '.join(items)}}}"
        case dt.date() | dt.time():
            text = value.isoformat()
        case _:
            text = str(value)
    return text


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


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
    names = st.sets(st.sampled_from([name for name in alive if name != "variant"]))
    chosen = draw(names) | {name for name in alive if grid and name in SEARCHED} - {"variant"}
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


@st.composite
def broken_files(draw: st.DrawFn) -> bytes:
    """Write a valid file with one to four things done to it; by chance it is valid still."""
    tree = draw(valid_files())
    spoil = draw(st.sampled_from([None, None, _cut_short, _with_bytes, _with_a_line_twice]))
    for _ in range(draw(st.integers(0 if spoil else 1, 3))):
        tree = draw(_changed(tree))
    text = toml(tree).encode()
    return draw(spoil(text)) if spoil else text


@st.composite
def _changed(draw: st.DrawFn, tree: Tree) -> Tree:
    """Change one key, of the file, of a section or of a table in it."""
    path: list[str] = []
    table: Any = tree
    while True:
        inner = [key for key, item in table.items() if isinstance(item, dict)]
        if not inner or (path and draw(st.booleans())):
            break
        path.append(draw(st.sampled_from(inner)))
        table = table[path[-1]]
    table = dict(table)
    other = st.sampled_from([*DIMENSIONS, *NEVER_VARY, *SECTIONS, *_OTHER_KEYS]) | st.text()
    key = draw(st.sampled_from(sorted(table))) if table else draw(other)
    match draw(st.sampled_from(["change", "change", "add", "rename", "drop", "swap"])):
        case "change":
            table[key] = draw(_JUNK)
        case "add":
            table[draw(other)] = draw(_JUNK)
        case "rename":
            table[draw(other)] = table.pop(key, 1)
        case "drop":
            table.pop(key, None)
        case "swap" if {"low", "high"} <= table.keys():
            table |= {"low": table["high"], "high": table["low"]}
        case "swap":
            table[key] = [table.get(key), draw(_JUNK)]
    return _put(tree, path, table)


def _put(tree: Tree, path: list[str], table: Tree) -> Tree:
    return {**tree, path[0]: _put(tree[path[0]], path[1:], table)} if path else table


_OTHER_KEYS = (
    *("name", "format", "train", "validation", "test", "tokenizer", "vocabulary", "seed"),
    *("kind", "inputs", "target", "targets", "time", "calendar", "horizon", "season"),
    *("objective", "trials", "timeout", "keep", "sampler", "pruner"),
    *("low", "high", "step", "log", "slots"),
)
_SCALARS = (
    st.booleans()
    | st.sampled_from([0, -1, 1, 2, 3, 7, 2**31, 2**63, 2**64, -(2**64), 1 << 20_000])
    | st.sampled_from([0.0, -0.0, 1e-320, 5e-324, 1e308, float("nan"), float("inf"), -1e-9])
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["", ".", "/", "*", "[", "**", "a" * 300, "a/" * 3000, "café", "é\u0000"])
    | st.sampled_from(["text.txt", "series.csv", "sequences.jsonl", "tokenizer.json", "label"])
    | st.sampled_from(["2020-05-01", "2020-13-01", "2020", "9999-12-31", "0000-01-01", "x.json"])
    | st.sampled_from(["1h", "0s", "999999999h", "٣s", "lstm", "embed", "word", "character"])
    | st.dates()
    | st.datetimes()
    | st.times()
)
_TABLES = st.dictionaries(st.sampled_from(["low", "high", "step", "log"]) | st.text(), _SCALARS)
_JUNK = (
    _SCALARS
    | st.just([])
    | st.just({})
    | st.lists(_SCALARS | _TABLES, max_size=4)
    | _TABLES
    | st.integers(50, 900).map(lambda depth: [_nested(depth)])
)


def _nested(depth: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(depth):
        inner = [inner]
    return inner


def _cut_short(text: bytes) -> st.SearchStrategy[bytes]:
    return st.integers(0, len(text) - 1).map(lambda end: text[:end])


def _with_bytes(text: bytes) -> st.SearchStrategy[bytes]:
    places = st.tuples(st.integers(0, len(text)), st.integers(0, 9), st.binary(max_size=5))
    return places.map(lambda three: text[: three[0]] + three[2] + text[three[0] + three[1] :])


def _with_a_line_twice(text: bytes) -> st.SearchStrategy[bytes]:
    lines = text.splitlines(keepends=True)
    places = st.tuples(*[st.integers(0, len(lines) - 1)] * 2)
    return places.map(lambda two: b"".join([*lines[: two[0]], lines[two[1]], *lines[two[0] :]]))
