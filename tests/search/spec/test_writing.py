"""What is written as TOML is read back as it was."""

import tomllib
from collections.abc import Mapping
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from search.spec.writing import toml, value

LETTERS = st.text(st.characters(codec="utf-8"), max_size=8)
ITEMS = st.one_of(
    LETTERS,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)


def plain(item: Any) -> Any:
    return list(item) if isinstance(item, tuple) else item


@example("\x7f")
@given(st.one_of(ITEMS, st.tuples(ITEMS, LETTERS), st.dictionaries(st.just("low"), ITEMS)))
def test_a_value_is_read_back(item: Any) -> None:
    assert tomllib.loads(f"key = {value(item)}") == {"key": plain(item)}


def test_del_stands_in_a_name_as_toml_wants_it() -> None:
    sections: Mapping[str, Any] = {"task": {"inputs": ("a\x7f", "b"), "target": "\x7f"}}
    read = tomllib.loads(toml("moods", sections))
    assert read == {"name": "moods", "task": {"inputs": ["a\x7f", "b"], "target": "\x7f"}}
