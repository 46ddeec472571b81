"""How a submission stands after its coordinator has ended, whatever has ended it."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.records import Ending, SubmissionState
from search.server.verdicts import CRASHES, REST_SECONDS, End, Rest, verdict

FIRST, MOST = REST_SECONDS
ERRORS = ["ClusterError", "DataError", "LeaseLost", "Outage", "StoreError", "UploadLost"]
LAST = st.one_of(
    st.none(),
    st.sampled_from(Ending).map(lambda one: {"event": "ended", "ending": one.name.lower()}),
    st.sampled_from(ERRORS).map(lambda one: {"event": "failed", "error": one, "problems": ["no"]}),
)
ENDS = st.builds(
    End,
    code=st.integers(-15, 255),
    last=LAST,
    said=st.text(),
    epochs=st.integers(0, 3),
    let_go=st.booleans(),
)


@given(end=ENDS)
def test_every_end_has_a_verdict_and_who_waits_no_more_is_told_why(end: End) -> None:
    found = verdict(end, None)
    assert found.state in get_args(SubmissionState)
    assert found.state == "waiting" or found.reason
    assert found.state == "waiting" or found.rest is None


@given(ends=st.lists(ENDS))
def test_no_study_rests_longer_than_the_longest_nor_dies_oftener_than_it_may(
    ends: list[End],
) -> None:
    rest = None
    for end in ends:
        found = verdict(end, rest)
        rest = found.rest or rest
        assert found.rest is None or FIRST <= found.rest.seconds <= MOST
        assert found.rest is None or found.rest.crashes < CRASHES


@given(end=ENDS, crashes=st.integers(1, CRASHES - 1))
def test_an_epoch_wipes_out_what_was_before_it(end: End, crashes: int) -> None:
    rest = Rest(seconds=MOST, crashes=crashes)
    if end.epochs:
        assert verdict(end, rest) == verdict(end, None)


def test_only_deaths_in_a_row_end_a_study() -> None:
    dead, away = End(code=-9), End(code=0, last=failed("Outage"))
    rest: Any = None
    for end in (dead, away, dead, dead, dead):
        found = verdict(end, rest)
        assert found.state == "waiting"
        rest = found.rest
    assert verdict(dead, rest).state == "ended"


@pytest.mark.parametrize("let_go", [False, True])
def test_who_was_let_go_is_not_blamed_for_its_death(let_go: bool) -> None:
    found = verdict(End(code=-9, let_go=let_go), Rest(seconds=MOST, crashes=CRASHES - 1))
    assert found.state == ("waiting" if let_go else "ended")


def failed(error: str) -> dict[str, Any]:
    return {"event": "failed", "error": error, "problems": ["it is away"]}
