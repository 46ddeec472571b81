"""Study files with something wrong, as Hypothesis makes them of valid ones."""

from typing import Any

from hypothesis import strategies as st

from search.space import DIMENSIONS, NEVER_VARY
from search.spec.schema import SECTIONS
from tests.search.spec.study_files import valid_files
from tests.search.spec.toml_text import Tree, toml


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
        if not inner or draw(st.integers(0, 3)) > 2 - len(path):
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


def _nested(depth: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(depth):
        inner = [inner]
    return inner


_NUMBERS = (
    st.integers()
    | st.floats()
    | st.sampled_from([0, -1, 1, 2, 3, 7, 2**31, 2**63, 2**64, -(2**64)])
    | st.sampled_from([0.0, -0.0, 1e-320, 5e-324, 1e308, float("nan"), float("inf"), -1e-9])
)
_HUGE = st.just(1 << 20_000)
_WORDS = (
    st.text()
    | st.sampled_from(["", ".", "/", "*", "[", "**", "a" * 300, "a/" * 3000, "café", "é\u0000"])
    | st.sampled_from(["text.txt", "series.csv", "sequences.jsonl", "tokenizer.json", "label"])
    | st.sampled_from(["2020-05-01", "2020-13-01", "2020", "9999-12-31", "0000-01-01", "x.json"])
    | st.sampled_from(["1h", "0s", "999999999h", "٣s", "lstm", "embed", "word", "character"])
)
_OTHERS = st.booleans() | st.dates() | st.datetimes() | st.times()
_SCALARS = st.sampled_from([_NUMBERS, _HUGE, _WORDS, _OTHERS]).flatmap(lambda values: values)
_TABLES = st.dictionaries(st.sampled_from(["low", "high", "step", "log"]) | st.text(), _SCALARS)
_DEEP = st.sampled_from([50, 450]).map(_nested)
_JUNK = st.sampled_from(
    [_NUMBERS, _WORDS, _SCALARS, st.lists(_SCALARS | _TABLES, max_size=4), _TABLES, _DEEP]
).flatmap(lambda values: values)


def _cut_short(text: bytes) -> st.SearchStrategy[bytes]:
    return st.integers(0, len(text) - 1).map(lambda end: text[:end])


def _with_bytes(text: bytes) -> st.SearchStrategy[bytes]:
    places = st.tuples(st.integers(0, len(text)), st.integers(0, 9), st.binary(max_size=5))
    return places.map(lambda three: text[: three[0]] + three[2] + text[three[0] + three[1] :])


def _with_a_line_twice(text: bytes) -> st.SearchStrategy[bytes]:
    lines = text.splitlines(keepends=True)
    places = st.tuples(*[st.integers(0, len(lines) - 1)] * 2)
    return places.map(lambda two: b"".join([*lines[: two[0]], lines[two[1]], *lines[two[0] :]]))
