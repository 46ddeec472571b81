"""What a column can be is reckoned from all rows, and so only once."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lstm_attn.frequency import Stamps, infer
from search import operations
from search.starting import examining, profiles, telling
from search.starting.examining import profile
from search.starting.profiles import Profile
from tests.search.starting.made_up import SHOP


def test_how_far_rows_lie_apart_is_reckoned_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def counted(stamps: Stamps) -> str:
        asked.append(len(stamps))
        return infer(stamps)

    monkeypatch.setattr(profiles, "infer", counted)
    SHOP(tmp_path)
    draft = operations.init(tmp_path / "shop.csv", to=tmp_path / "a.toml")
    assert draft.sections["task"]["time"].value == "day"
    assert len(asked) == 1


class Counted(np.ndarray[Any, Any]):
    """Numbers that know how often they were passed over."""

    passes = 0

    def __array_ufunc__(self, ufunc: Any, method: str, *given: Any, **named: Any) -> Any:
        Counted.passes += 1
        plain = [np.asarray(one) if isinstance(one, Counted) else one for one in given]
        return getattr(ufunc, method)(*plain, **named)


def test_numbers_are_passed_over_once(monkeypatch: pytest.MonkeyPatch) -> None:
    [found] = profile(pa.table({"x": [float(n % 3) for n in range(90)]}), Path("a.csv"))
    assert found.values is not None
    monkeypatch.setattr(Counted, "passes", 0)
    one = Profile(name="x", values=found.values.view(Counted), labels=3, rows=90)
    told = [(one.is_series, one.is_counter, one.can_be_labels, Counted.passes) for _ in range(3)]
    assert told[0][:3] == (True, False, True)
    assert told[0][3] > 0
    assert set(told) == {told[0]}


def test_why_lists_are_no_sequences_is_told_without_the_key_it_was_asked_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for key in ("DATA", "data.train"):
        monkeypatch.setattr(examining, "KEY", key)
        [one] = profile(pa.table({"x": [[[1, 2]], [[1]]]}), Path("a.jsonl"))
        assert one.problem.startswith("column 'x' has ")


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ([1.0, None, 2.5, None, 7.0], "no number in row 2 and 1 more"),
        (["1", "2", "x", "4.5", "5"], "no number in row 3"),
        (["2012-01-01", "2012-01-02", "2012-01-03", None], "no time in row 4"),
        (["a", "b", "", "b"], "nothing in row 3"),
        (["a", "b"] * 9, "labels"),
        ([4, 9, 2, 8, 1, 7], "numbers"),
        ([2.0, 2.0, 2.0], "the same in every row"),
        ([{"a": 1}], "objects"),
    ],
)
def test_what_a_column_lacks_is_said_with_its_row(column: list[object], said: str) -> None:
    [one] = profile(pa.table({"x": column}), Path("a.csv"))
    assert telling.why_not(one) == said


@pytest.mark.parametrize("name", ["date", "month", "when"])
def test_times_that_are_none_as_we_read_them_are_told_as_such(name: str) -> None:
    [one] = profile(pa.table({name: ["Jan 1 2000", "Jan 2 2000"] * 4}), Path("a.csv"))
    assert telling.why_not(one) == "no time as 2012-01-31"


@pytest.mark.parametrize("name", ["user_id", "Identifier", "rowIndex"])
def test_numbers_that_name_rows_count_them(name: str) -> None:
    [one] = profile(pa.table({name: [4, 9, 2, 8, 1, 7]}), Path("a.csv"))
    assert telling.why_not(one) == "counts the rows"
