"""The queue of submitted studies, in the database that keeps them."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from search import queued
from search.archive import Archive, opened
from search.render.standings import header
from search.settings import Settings
from search.submissions import MOST_CHARACTERS, Submission, Submissions

GIVEN = {"name": "small", "data": {"train": ["/a.csv"]}, "search": {"trials": 3}}


@pytest.fixture
def queue(settings: Settings) -> Iterator[Submissions]:
    archive = Archive(settings)
    yield Submissions(archive.storage.engine)
    archive.close()


def add(queue: Submissions, study: str) -> Submission:
    return queue.add(study=study, given=GIVEN, path=f"/{study}.toml", checkpoints=None)


def test_a_database_without_submissions_has_an_empty_queue(queue: Submissions) -> None:
    assert queue.all() == []
    assert queue.find("small") is None
    assert not queue.forget("small")


def test_who_comes_first_stands_first_and_what_was_given_comes_back(queue: Submissions) -> None:
    added = [add(queue, study) for study in ("b", "a", "c")]
    assert queue.all() == added
    assert [one.study for one in added] == ["b", "a", "c"]
    assert (added[0].given, added[0].path, added[0].state) == (GIVEN, "/b.toml", "waiting")


def test_a_study_that_is_submitted_again_waits_anew_behind_the_others(queue: Submissions) -> None:
    first, other = add(queue, "a"), add(queue, "b")
    queue.settle(first, "ended", "its data are gone")
    again = queue.add(study="a", given={"name": "a"}, path="/new.toml", checkpoints="/c")
    assert queue.all() == [other, again]
    assert (again.state, again.reason, again.checkpoints) == ("waiting", "", "/c")
    assert queue.find("a") == again


def test_how_a_submission_stands_is_written_while_it_waits(queue: Submissions) -> None:
    one = add(queue, "a")
    assert queue.settle(one, "waiting", "no room")
    assert queue.settle(one, "done", "its budget is spent")
    assert [(found.state, found.reason) for found in queue.all()] == [
        ("done", "its budget is spent")
    ]


def test_what_has_ended_or_was_submitted_again_meanwhile_stays_as_it_is(
    queue: Submissions,
) -> None:
    old = add(queue, "a")
    stopped = add(queue, "b")
    queue.settle(stopped, "ended", "somebody asked it to stop")
    again = add(queue, "a")
    assert not queue.settle(old, "done", "its budget is spent")
    assert not queue.settle(stopped, "waiting", "")
    assert queue.find("a") == again
    assert queue.all()[0].state == "ended"


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_late_end_of_the_only_study_does_not_end_what_was_submitted_after_it(
    forgotten: bool, queue: Submissions
) -> None:
    old = add(queue, "a")
    if forgotten:
        queue.forget("a")
    again = add(queue, "a")
    assert old.place == again.place, "as when nobody stands behind it"
    assert not queue.settle(old, "done", "its budget is spent")
    assert queue.all() == [again]


def test_what_is_forgotten_is_no_longer_there(queue: Submissions) -> None:
    add(queue, "a")
    kept = add(queue, "b")
    assert queue.forget("a")
    assert queue.all() == [kept]


@pytest.mark.parametrize("odd", ["\0", "\udcff", "x" * 1_000_000], ids=["nul", "byte", "long"])
def test_whatever_a_reason_or_a_path_holds_it_is_written_for_readers(
    odd: str, each_database: Settings
) -> None:
    with opened(each_database, create=True) as archive:
        queue = Submissions(archive.storage.engine)
        one = queue.add(study="a", given=GIVEN, path=f"/{odd}.toml", checkpoints=None)
        assert queue.all() == [one]
        assert queue.settle(one, "ended", f"no file {odd}")
        [found] = queue.all()
    assert found.reason.startswith("no file ")
    assert len(found.reason) <= MOST_CHARACTERS + 10
    assert odd not in found.reason + found.path


@pytest.mark.parametrize(
    ("column", "value"), [("given", "{"), ("given", "[1]"), ("given", '{"later": 1}')]
)
def test_what_another_version_has_written_keeps_nobody_from_their_turn(
    column: str, value: str, queue: Submissions, settings: Settings
) -> None:
    add(queue, "odd")
    add(queue, "small")
    overwrite(settings, column, value)
    first, second = queue.all()
    assert (first.study, second.given) == ("odd", GIVEN)
    with opened(settings) as archive:
        odd = next(one for one in queued.summaries(archive) if one.name == "odd")
    assert odd.task == queued.UNKNOWN
    assert odd.queued is not None
    assert odd.queued.reason.startswith("it is no study of this version, ")
    assert "waits for a server: it is no study of this version" in header(odd)["queue"]


def test_a_state_of_another_version_is_an_end(queue: Submissions, settings: Settings) -> None:
    add(queue, "odd")
    overwrite(settings, "state", "paused")
    [one] = queue.all()
    assert (one.state, "'paused'" in one.reason) == ("ended", True)


def overwrite(settings: Settings, column: str, value: str) -> None:
    with opened(settings) as archive, archive.storage.engine.begin() as connection:
        connection.execute(
            sa.text(f"UPDATE study_submission SET {column} = :value WHERE study = 'odd'"),
            {"value": value},
        )
