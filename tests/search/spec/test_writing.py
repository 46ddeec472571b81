"""What is written as TOML is what TOML reads."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from search.spec.writing import toml

TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(["\x7f", "\U0001f600"])
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = TEXTS | NUMBERS | st.booleans()


@given(TEXTS, st.dictionaries(st.sampled_from("abc"), VALUES | st.lists(TEXTS), min_size=1))
def test_any_value_is_read_as_it_was_written(name: str, table: dict[str, object]) -> None:
    assert tomllib.loads(toml(name, {"data": table})) == {"name": name, "data": table}
