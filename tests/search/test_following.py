"""A study that runs elsewhere, as it is seen from the database alone, on each kind of it."""

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from optuna.trial import TrialState, create_trial

from search import following, lease, summaries
from search.archive import Archive, opened
from search.database import Trials
from search.errors import Outage, StorageError, StudyDeleted, StudyNotFound
from search.following import Following, follow
from search.records import (
    Ending,
    Fact,
    Opened,
    Outcome,
    Quiet,
    Reported,
    RunBy,
    Seen,
    Started,
    Told,
    Unseen,
)
from search.settings import Settings
from search.strategy import distributions
from tests.search.moods import submitted


@pytest.fixture
def settings(each_database: Settings) -> Settings:
    return each_database


@pytest.fixture
def look(settings: Settings) -> Iterator[Callable[[], list[Fact]]]:
    """Look from another process's place: a database opened for itself."""
    with opened(settings) as archive:
        seen = Following(archive, "small")
        yield seen.look
        seen_told = [trial for trial in seen.summary().trials if trial.state != "running"]
        assert all(trial.reason != "told by someone else" for trial in seen_told)


def kinds(facts: list[Fact]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def test_each_look_tells_what_has_happened_since(
    desk: Any, look: Callable[[], list[Fact]], make_report: Any
) -> None:
    ledger = desk.open()
    first = ledger.ask()
    ledger.report(first.number, 0, make_report(1, 2.0))
    assert kinds(look()) == ["RunBy", "Opened", "Started"]
    assert look() == []
    second = ledger.ask()
    for epoch, value in ((1, 2.5), (2, 2.4)):
        ledger.report(second.number, 0, make_report(epoch, value))
    ledger.report(first.number, 0, make_report(2, 1.9))
    facts = look()
    assert kinds(facts) == ["Reported", "Started", "Reported", "Reported"]
    assert [
        (one.number, one.report.epoch, one.report.metrics)
        for one in facts
        if isinstance(one, Reported)
    ] == [
        (0, 2, {"cross_entropy": 1.9}),
        (1, 1, {"cross_entropy": 2.5}),
        (1, 2, {"cross_entropy": 2.4}),
    ]
    best = make_report(3, 1.5)
    ledger.report(first.number, 0, best)
    ledger.tell(first.number, 0, Outcome(kind="completed", reason="all", best=best))
    reported, told = look()
    assert isinstance(reported, Reported)
    assert isinstance(told, Told)
    assert (told.trial.state, told.trial.value, told.trial.best_epoch) == ("complete", 1.5, 3)
    assert told.trial.reason == "all"
    assert look() == []


def test_the_epochs_of_a_trial_that_began_and_ended_between_two_looks_are_told(
    desk: Any, look: Callable[[], list[Fact]], make_report: Any
) -> None:
    ledger = desk.open()
    assert kinds(look()) == ["RunBy", "Opened"]
    task, best = ledger.ask(), make_report(2, 1.9)
    ledger.report(task.number, 0, make_report(1, 2.0))
    ledger.report(task.number, 0, best)
    ledger.tell(task.number, 0, Outcome(kind="completed", reason="all", best=best))
    *begun, told = look()
    assert kinds(begun) == ["Started", "Reported", "Reported"]
    assert isinstance(told, Told)
    assert told.trial.curve == {1: 2.0, 2: 1.9}


def test_a_study_is_opened_as_it_stands(
    desk: Any, look: Callable[[], list[Fact]], make_report: Any
) -> None:
    ledger = desk.open()
    done, running = ledger.ask(), ledger.ask()
    best = make_report(1, 2.0)
    ledger.report(done.number, 0, best)
    ledger.tell(done.number, 0, Outcome(kind="completed", reason="", best=best))
    ledger.report(running.number, 0, make_report(1, 2.2))
    run_by, opening, started = look()
    assert isinstance(opening, Opened)
    assert [trial.state for trial in opening.study.trials] == ["complete", "running"]
    assert opening.study.leaders[0].number == done.number
    assert opening.epochs == 9
    assert started == Started(number=1, params=started.params, epoch=1, default=True)
    assert isinstance(run_by, RunBy)
    assert str(os.getpid()) in (run_by.owner or "")


def test_finished_trials_are_read_once_and_without_their_curves(
    desk: Any, settings: Settings, make_report: Any
) -> None:
    ledger = desk.open()
    for number in range(4):
        task, best = ledger.ask(), make_report(1, 2.0 + number)
        ledger.report(task.number, 0, best)
        ledger.tell(task.number, 0, Outcome(kind="completed", reason="", best=best))
    ledger.ask()
    rows: list[bool] = []
    with closing(Archive(settings)) as archive:
        reading = Trials(archive.storage, desk.study.id, note=summaries.NOTE)
        assert len(reading.read()) == 5

        @sa.event.listens_for(archive.storage.engine, "after_cursor_execute")
        def _(_c: Any, cursor: Any, statement: str, *_: Any) -> None:
            rows.append("intermediate" in statement)

        trials = reading.read()
    assert rows == [False, False, False, True, False]  # trials; of the one that runs all; the study
    assert [bool(trial.intermediate_values) for trial in trials] == [False] * 5


def test_what_is_read_is_what_optuna_reads(desk: Any, settings: Settings) -> None:
    desk.open()
    space = desk.spec.space
    points = [dict(point) for point in space.defaults()]
    states = [TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING]
    for number, state in enumerate([*states, *states]):
        params = points[number % 2]
        best = {"best_epoch": 2, "metrics": {"cross_entropy": 1.0}}
        note = {"kind": "pruned", "reason": "so", "epochs": 3, **best}
        trial = create_trial(
            state=state,
            value=1.0 if state is TrialState.COMPLETE else None,
            params=params,
            distributions=dict(distributions(space, params)),
            intermediate_values={1: float("inf"), 2: 1.0, 3: 1.5},
            user_attrs={summaries.NOTE: note} if number < 4 else {"by": "hand"},
        )
        desk.storage.create_new_trial(desk.study.id, template_trial=trial)
    with closing(Archive(settings)) as archive:
        reading = Trials(archive.storage, desk.study.id, note=summaries.NOTE)
        ours = [summaries.trial_summary(trial, desk.spec) for trial in reading.read()]
        frozen = archive.storage.get_all_trials(desk.study.id)
        theirs = [summaries.trial_summary(trial, desk.spec) for trial in frozen]
        assert theirs == list(archive.summary(desk.study).trials)
        assert ours == list(archive.summary(desk.study, curves=False).trials)
        some = {6, 2, 3}
        curves = Trials(archive.storage, desk.study.id).curves_of(some)
        assert curves == {number: theirs[number].curve for number in some}
    has_curve = [trial.state == "running" or trial.number >= 4 for trial in theirs]
    assert [bool(trial.curve) for trial in ours] == has_curve
    assert [replace(trial, curve={}) for trial in ours] == [
        replace(trial, curve={}) for trial in theirs
    ]
    assert [trial.curve for trial in ours if trial.curve] == [
        trial.curve for trial, has in zip(theirs, has_curve, strict=True) if has
    ]


def test_many_trials_are_read_as_few_are(
    desk: Any, settings: Settings, make_report: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = desk.open()
    for number in range(4):
        task, best = ledger.ask(), make_report(1, 2.0 + number)
        ledger.report(task.number, 0, best)
        if number % 2:
            ledger.tell(task.number, 0, Outcome(kind="completed", reason="", best=best))
    with closing(Archive(settings)) as archive:
        few = Trials(archive.storage, desk.study.id, note=summaries.NOTE).read()
        monkeypatch.setattr("search.database.trials.FEW", 1)
        assert Trials(archive.storage, desk.study.id, note=summaries.NOTE).read() == few


def test_parameters_that_are_written_after_the_trial_are_told(
    desk: Any, look: Callable[[], list[Fact]]
) -> None:
    """As a plain worker of Optuna does: the trial, then a parameter at a time."""
    desk.open()
    space = desk.spec.space
    [point, other] = (dict(point) for point in space.defaults())
    drawn = [desk.storage.create_new_trial(desk.study.id)]
    assert kinds(look()) == ["RunBy", "Opened"]
    drawn.append(desk.storage.create_new_trial(desk.study.id))
    assert look() == []
    for trial_id, params in zip(drawn, (point, other), strict=True):
        for name, distribution in distributions(space, params).items():
            assert look() == []
            value = distribution.to_internal_repr(params[name])
            desk.storage.set_trial_param(trial_id, name, value, distribution)
        [started] = look()
        assert isinstance(started, Started)
        assert started.params == params
    foreign = desk.storage.create_new_trial(desk.study.id)
    assert look() == []
    desk.storage.set_trial_intermediate_value(foreign, 1, 2.0)
    assert kinds(look()) == ["Started", "Reported"]


def test_trials_whose_study_is_deleted_while_they_are_read_are_no_trials(
    desk: Any, settings: Settings, make_report: Any
) -> None:
    ledger = desk.open()
    ledger.report(ledger.ask().number, 0, make_report(1, 2.0))
    with closing(Archive(settings)) as archive, closing(Archive(settings)) as other:

        @sa.event.listens_for(archive.storage.engine, "before_cursor_execute")
        def _(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if "trial_params" in statement:
                other.storage.delete_study(desk.study.id)

        with pytest.raises(StudyDeleted):
            Trials(archive.storage, desk.study.id).read()
        with pytest.raises(StudyDeleted):
            Trials(archive.storage, desk.study.id).curves_of({0})


def test_who_runs_it_is_told_when_that_changes(desk: Any, look: Callable[[], list[Fact]]) -> None:
    desk.open()
    look()
    desk.close()
    assert look() == [RunBy(owner=None, queued=None)]
    assert look() == []


def test_a_larger_budget_opens_the_study_anew(desk: Any, look: Callable[[], list[Fact]]) -> None:
    desk.open()
    look()
    larger = desk.spec.with_budget(
        trials=99,
        timeout=None,
        keep=desk.spec.keep,
        checkpoint_every=desk.spec.checkpoint_every,
        resources=desk.spec.resources,
    )
    desk.archive().update(replace(desk.study, spec=larger))
    [opening] = look()
    assert isinstance(opening, Opened)
    assert opening.study.budget == 99


def test_an_unknown_study_is_told_with_what_there_is(desk: Any, settings: Settings) -> None:
    desk.open()
    with pytest.raises(StudyNotFound, match=r"no study 'smal' in .* did you mean 'small'"):
        follow(settings, "smal", lambda _: None)


def test_a_launch_that_ends_before_it_has_written_its_study_has_deleted_nothing(
    desk: Any, settings: Settings
) -> None:
    held = lease.acquire(desk.archive().storage.engine, "small")
    seen: list[Fact] = []
    with pytest.raises(StudyNotFound, match=r"no study 'small' .* its launch ended before"):
        follow(settings, "small", seen.append, sleep=lambda _: held.release())
    assert kinds(seen) == ["RunBy", "Quiet"]


def test_a_signal_before_the_study_is_written_leaves_nothing_to_sum_up(
    desk: Any, settings: Settings
) -> None:
    held = lease.acquire(desk.archive().storage.engine, "small")
    watched = follow(
        settings, "small", lambda _: None, sleep=lambda _: signal.raise_signal(signal.SIGINT)
    )
    held.release()
    assert (watched.study, watched.ending) == (None, Ending.INTERRUPTED)


def test_a_signal_in_the_very_first_look_leaves_nothing_to_sum_up(
    desk: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.open()
    monkeypatch.setattr(Following, "look", lambda _: signal.raise_signal(signal.SIGTERM))
    watched = follow(settings, "small", lambda _: None)
    assert (watched.study, watched.ending) == (None, Ending.TERMINATED)


def test_a_submission_that_is_deleted_before_it_began_was_deleted(
    desk: Any, settings: Settings, tmp_path: Any
) -> None:
    queue, _ = submitted(desk.archive().storage.engine, tmp_path)
    with pytest.raises(StudyDeleted, match="'moods' was deleted"):
        follow(settings, "moods", lambda _: None, sleep=lambda _: queue.forget("moods") and None)


def test_watching_ends_once_nobody_runs_it(desk: Any, settings: Settings) -> None:
    desk.open()
    seen: list[Fact] = []

    def sleep(_: float) -> None:
        desk.close()

    watched = follow(settings, "small", seen.append, sleep=sleep)
    assert watched.ending is None
    assert watched.study.owner is None
    assert kinds(seen) == ["RunBy", "Opened", "Quiet", "RunBy", "Quiet"]


def test_of_a_study_that_nobody_runs_nothing_is_told(desk: Any, settings: Settings) -> None:
    desk.open()
    desk.close()
    seen: list[Fact] = []
    watched = follow(settings, "small", seen.append, sleep=lambda _: 1 / 0)
    assert seen == []
    assert watched.study.name == "small"


def test_a_submitted_study_is_waited_for(desk: Any, settings: Settings, tmp_path: Any) -> None:
    queue, one = submitted(desk.archive().storage.engine, tmp_path, "small")
    seen: list[Fact] = []
    steps = iter([desk.open, lambda: queue.settle(one, "done", "so"), desk.close])
    watched = follow(settings, "small", seen.append, sleep=lambda _: next(steps)() and None)
    assert kinds(seen) == [
        *("RunBy", "Quiet"),
        *("RunBy", "Opened", "Quiet"),
        *("RunBy", "Quiet"),
        *("RunBy", "Quiet"),
    ]
    assert watched.study.queued is not None
    assert watched.study.queued.state == "done"


def test_a_submission_that_never_began_can_be_summed_up(
    desk: Any, settings: Settings, tmp_path: Any
) -> None:
    queue, one = submitted(desk.archive().storage.engine, tmp_path)
    watched = follow(
        settings, "moods", lambda _: None, sleep=lambda _: queue.settle(one, "ended", "so") and None
    )
    assert watched.study.trials == ()
    assert watched.study.budget == 9


@pytest.mark.parametrize(
    ("number", "ending"),
    [(signal.SIGINT, Ending.INTERRUPTED), (signal.SIGTERM, Ending.TERMINATED)],
)
def test_a_signal_ends_it_and_leaves_the_study_alone(
    number: signal.Signals, ending: Ending, desk: Any, settings: Settings
) -> None:
    desk.open()
    former = signal.getsignal(number)
    seen: list[Fact] = []
    watched = follow(settings, "small", seen.append, sleep=lambda _: signal.raise_signal(number))
    assert watched.ending is ending
    assert watched.study.owner is not None
    assert signal.getsignal(number) is former
    # While something is drawn, it waits until that is done.
    seen.clear()

    def draw(fact: Fact) -> None:
        if not isinstance(fact, Quiet):
            signal.raise_signal(number)
        seen.append(fact)

    assert follow(settings, "small", draw, sleep=lambda _: 1 / 0).ending is ending
    assert kinds(seen) == ["RunBy", "Opened", "Quiet"]


def test_a_signal_ends_a_look_that_takes_long(
    desk: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.open()
    seen: list[Fact] = []

    def take_long(_: Following) -> list[Fact]:
        signal.raise_signal(signal.SIGINT)
        pytest.fail("it was looked on")

    def sleep(_: float) -> None:
        monkeypatch.setattr(Following, "look", take_long)

    watched = follow(settings, "small", seen.append, sleep=sleep)
    assert watched.ending is Ending.INTERRUPTED
    assert kinds(seen) == ["RunBy", "Opened", "Quiet"]


@pytest.mark.parametrize("anew", [False, True])
def test_a_deleted_study_ends_it_with_a_line(desk: Any, settings: Settings, anew: bool) -> None:
    desk.open()

    def delete() -> None:
        desk.close()
        archive = desk.archive()
        archive.delete(archive.get("small"))
        if anew:
            desk.open()

    steps = iter([delete])
    with pytest.raises(StudyDeleted, match="'small' was deleted from the database meanwhile"):
        follow(settings, "small", lambda _: None, sleep=lambda _: next(steps)())


def test_a_database_that_is_away_is_waited_for(
    desk: Any, settings: Settings, request: pytest.FixtureRequest, make_report: Any
) -> None:
    ledger = desk.open()
    task = ledger.ask()
    is_file = settings.storage.startswith("sqlite")
    server = None if is_file else request.getfixturevalue("server")
    aside = settings.sqlite_file.with_name("aside") if is_file else None

    def leave() -> None:
        if is_file:
            settings.sqlite_file.rename(aside)
        else:
            server.stop()

    def come_back() -> None:
        if is_file:
            aside.rename(settings.sqlite_file)
        else:
            server.start()

    clock = iter(range(100))
    seen: list[Fact] = []
    steps = iter([leave, lambda: None, come_back, lambda: signal.raise_signal(signal.SIGINT)])
    follow(settings, "small", seen.append, sleep=lambda _: next(steps)(), clock=lambda: next(clock))
    assert kinds(seen) == [
        *("RunBy", "Opened", "Started", "Quiet"),
        *("Unseen", "Quiet"),
        "Quiet",
        *("Seen", "Quiet"),
    ]
    [unseen] = [fact for fact in seen if isinstance(fact, Unseen)]
    assert "the database" in unseen.problem
    assert Seen(seconds=1) in seen
    assert task.number == 0


@pytest.mark.parametrize("each_database", ["sqlite"], indirect=True)
def test_a_file_that_was_put_back_is_read_anew(
    desk: Any, settings: Settings, look: Callable[[], list[Fact]]
) -> None:
    desk.open()
    look()
    aside = settings.sqlite_file.with_name("aside")
    for part in settings.sqlite_file.parent.glob("studies.db*"):
        part.rename(aside.with_name(part.name.replace("studies.db", "aside")))
    with pytest.raises(StorageError, match="put it back"):
        look()
    with (
        closing(sqlite3.connect(aside)) as old,
        closing(sqlite3.connect(settings.sqlite_file)) as new,
    ):
        old.backup(new)
    with closing(Archive(settings)) as archive:
        trial_id = archive.storage.create_new_trial(desk.study.id)
        archive.storage.set_trial_intermediate_value(trial_id, 1, 2.0)
    assert kinds(look()) == ["Started", "Reported"]


def test_a_trial_that_somebody_has_put_on_the_list_has_not_started(
    desk: Any, look: Callable[[], list[Fact]]
) -> None:
    desk.open()
    look()
    desk.storage.create_new_trial(desk.study.id, create_trial(state=TrialState.WAITING))
    assert look() == []


def test_a_database_that_was_never_there_is_no_reason_to_wait(settings: Settings) -> None:
    gone = replace(settings, storage=settings.storage + "-and-no-more")
    with pytest.raises(StorageError):
        follow(gone, "small", lambda _: None, sleep=lambda _: 1 / 0)


def test_a_database_that_goes_before_the_first_look_is_told(
    desk: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: Following) -> None:
        raise Outage("the database is away")

    desk.open()
    monkeypatch.setattr(Following, "_look", away)
    with pytest.raises(Outage, match="is away"):
        follow(settings, "small", lambda _: None, sleep=lambda _: 1 / 0)


def test_looks_are_a_second_apart(desk: Any, settings: Settings) -> None:
    desk.open()
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        desk.close()

    follow(settings, "small", lambda _: None, sleep=sleep)
    assert slept == [following.LOOK_SECONDS]
