"""What crosses the pipe between a coordinator and its server."""

import io
import json
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_attn.errors import DataError
from lstm_attn.reports import EpochReport
from search.archive import opened
from search.checkpoints.files import name_of
from search.errors import StudyNotFound
from search.records import (
    Blocked,
    Ended,
    Ending,
    Fact,
    Launched,
    Lost,
    Opened,
    Outcome,
    Quiet,
    Reported,
    RunBy,
    Seen,
    Slots,
    Started,
    StateGiven,
    Stopping,
    StudySummary,
    Told,
    TrialSummary,
    Unblocked,
    Unseen,
    Unwritten,
    Waiting,
    WeightsGiven,
)
from search.server import submit
from search.server.coordinating import Orders, coordinate
from search.server.messages import failed, message
from search.settings import Settings
from search.spec import load
from search.submissions import Submissions
from search.workers.membership import Expelled

STUDY = StudySummary(
    name="small",
    task="forecasting",
    objective="mae",
    direction="minimize",
    budget=9,
    trials=(),
    leaders=(),
    baselines=(),
    owner=None,
)
TRIAL = TrialSummary(
    number=3,
    state="pruned",
    params={"heads": 2},
    curve={1: 0.5},
    best_epoch=1,
    value=0.5,
    metrics={"mae": 0.5},
    reason="pruned at epoch 1",
    default=False,
    seconds=1.0,
)
REPORT = EpochReport(
    epoch=1, training_loss=math.inf, metrics={"mae": 0.5}, seconds=1.0, rows_per_second=1.0
)
HANDED_IN = Outcome(kind="handed_in", reason="", best=None)
FACTS: list[tuple[Fact, str]] = [
    (Opened(study=STUDY, epochs=3, notes=()), "opened"),
    (Started(number=0, params={"heads": 2}, epoch=0, default=False), "trial started"),
    (Reported(number=0, attempt=0, report=REPORT), "epoch"),
    (Told(trial=TRIAL), "trial ended"),
    (Ended(number=0, attempt=0, outcome=HANDED_IN, weights=None), "trial handed in"),
    (Lost(number=0, attempt=0, reason="gone", blames_trial=True), "trial lost"),
    (Slots(ready=1, waiting=2), "slots"),
    (Blocked(problem="full", seconds=600.0), "blocked"),
    (Unblocked(seconds=2.0), "unblocked"),
    (Unwritten(reports=12), "unwritten"),
    (Stopping(ending=Ending.TIMEOUT), "stopping"),
    (Waiting(owner="host, process 1", seconds=9.0), "waiting"),
]


@pytest.mark.parametrize(("fact", "event"), FACTS, ids=[event for _, event in FACTS])
def test_each_fact_has_its_event_of_which_json_holds_all(fact: Fact, event: str) -> None:
    said = message(fact)
    assert said is not None
    assert said["event"] == event
    assert json.loads(json.dumps(said)) == said


def test_a_trial_that_starts_says_where() -> None:
    said = message(Started(number=3, params={}, epoch=2, default=False, where="host:12"))
    assert said is not None
    assert (said["trial"], said["epoch"], said["where"]) == (3, 2, "host:12")


def test_no_fact_is_forgotten() -> None:
    of_no_use = {Quiet, StateGiven, WeightsGiven}
    of_who_watches_from_elsewhere = {RunBy, Seen, Unseen}
    told = set(get_args(Fact)) - of_no_use - of_who_watches_from_elsewhere
    assert {type(fact) for fact, _ in FACTS} == told


def test_a_trial_that_ends_is_told_by_what_is_recorded_of_it_alone() -> None:
    outcome = Outcome(kind="completed", reason="", best=REPORT)
    assert message(Ended(number=0, attempt=0, outcome=outcome, weights=None)) is None


@given(room=st.integers(0, 500), count=st.integers(1, 40))
def test_shares_differ_by_one_at_most_and_make_up_the_whole(room: int, count: int) -> None:
    reader, writer = os.pipe()
    os.close(writer)
    orders = Orders(reader)
    shares = []
    for index in range(count):
        orders._index, orders._count = index, count
        shares.append(orders.share(room))
    orders.join()
    os.close(reader)
    assert max(shares) - min(shares) <= 1
    assert min(shares) >= 1
    assert room < count or sum(shares) == room


def test_orders_are_heard_until_the_server_is_gone() -> None:
    reader, writer = os.pipe()
    orders = Orders(reader)
    assert orders.asked() is None
    assert orders.share(4) == 4
    os.write(writer, b"share 1 2\nsha")
    os.write(writer, b"re 2 3\n")
    os.close(writer)
    orders.join()
    os.close(reader)
    assert orders.share(5) == 1
    assert orders.asked() is Ending.TERMINATED


@pytest.fixture
def closed_pipe() -> Iterator[int]:
    reader, writer = os.pipe()
    os.close(writer)
    yield reader
    os.close(reader)


def run(settings: Settings, study: str, orders: int) -> list[dict[str, Any]]:
    out = io.StringIO()
    coordinate(settings, study, orders, out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.fixture
def submitted(settings: Settings, study_file: Path) -> Settings:
    submit(load(study_file), settings)
    return settings


def test_a_submitted_study_is_launched_as_its_file_said(
    submitted: Settings, closed_pipe: int, monkeypatch: pytest.MonkeyPatch, study_file: Path
) -> None:
    launched = []

    def launch(file: Any, settings: Settings, *, watch: Callable[[Fact], None], **_: Any) -> Any:
        launched.append((file, settings))
        watch(Reported(number=0, attempt=0, report=REPORT))
        return Launched(ending=Ending.SPENT, study=STUDY, fresh=True)

    monkeypatch.setattr("search.server.coordinating.launch", launch)
    epoch, ended = run(submitted, "moods", closed_pipe)
    assert launched == [(load(study_file), submitted)]
    assert epoch["metrics"] == {"training_loss": None, "mae": 0.5}
    assert ended == {"event": "ended", "ending": "spent"}


@pytest.mark.parametrize(
    ("submitted_for", "holds", "told"),
    [
        ("memory://asked", True, "memory://asked"),
        (None, True, None),
        (None, False, "memory://servers"),
    ],
)
def test_a_study_goes_on_where_its_checkpoints_are_whatever_the_server_is_used_to(
    submitted_for: str | None,
    holds: bool,
    told: str | None,
    settings: Settings,
    study_file: Path,
    make_spec: Callable[..., Any],
    closed_pipe: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places: list[str | None] = []

    def launch(_: Any, settings: Settings, **__: Any) -> Any:
        places.append(settings.checkpoints)
        return Launched(ending=Ending.SPENT, study=STUDY, fresh=True)

    monkeypatch.setattr("search.server.coordinating.launch", launch)
    submit(load(study_file), replace(settings, checkpoints=submitted_for))
    with opened(replace(settings, checkpoints="memory://begun")) as archive:
        begun = archive.create(
            make_spec(name="moods"), fingerprint="0" * 64, baselines=(), data_summary={}
        )
    if holds:
        name = name_of("state", number=0, epoch=1, step=0, generation=1, content=b"")
        begun.place(replace(settings, checkpoints=None)).write_whole(name, b"")
    run(replace(settings, checkpoints="memory://servers"), "moods", closed_pipe)
    assert places == [told]


def test_a_launch_that_waited_to_begin_when_its_server_went_has_not_died(
    submitted: Settings, closed_pipe: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def launch(*_: Any, orders: Orders, **__: Any) -> Any:
        orders.join()
        raise SystemExit(143)

    monkeypatch.setattr("search.server.coordinating.launch", launch)
    assert run(submitted, "moods", closed_pipe) == [{"event": "ended", "ending": "terminated"}]


def test_where_nobody_listens_any_more_a_launch_hands_in_all_the_same(
    submitted: Settings, closed_pipe: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_in = []

    def launch(_: Any, __: Any, *, watch: Callable[[Fact], None], **___: Any) -> Any:
        for epoch in range(3):
            watch(Reported(number=0, attempt=0, report=replace(REPORT, epoch=epoch)))
        handed_in.append(True)
        return Launched(ending=Ending.TERMINATED, study=STUDY, fresh=True)

    monkeypatch.setattr("search.server.coordinating.launch", launch)
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as out:
        coordinate(submitted, "moods", closed_pipe, out)
    assert handed_in


def test_what_ends_a_launch_is_said_with_all_its_lines(
    submitted: Settings, closed_pipe: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def launch(*_: Any, **__: Any) -> Any:
        raise DataError("no file", "no other")

    monkeypatch.setattr("search.server.coordinating.launch", launch)
    assert run(submitted, "moods", closed_pipe) == [
        {"event": "failed", "error": "DataError", "problems": ["no file", "no other"]}
    ]


def test_an_error_goes_by_a_name_that_the_server_knows() -> None:
    assert failed(Expelled("it has died"), ("it has died",))["error"] == "ClusterError"


def test_a_study_that_was_stopped_or_deleted_meanwhile_is_not_launched(
    submitted: Settings, closed_pipe: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.server.coordinating.launch", pytest.fail)
    with opened(submitted) as archive:
        queue = Submissions(archive.storage.engine)
        one = queue.find("moods")
        assert one is not None
        queue.settle(one, "ended", "somebody asked it to stop")
    assert run(submitted, "moods", closed_pipe) == [{"event": "ended", "ending": "stopped"}]
    with opened(submitted) as archive:
        Submissions(archive.storage.engine).forget("moods")
    [said] = run(submitted, "moods", closed_pipe)
    assert said["error"] == StudyNotFound.__name__
