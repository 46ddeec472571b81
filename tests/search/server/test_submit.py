"""A study put on the queue, and how it then stands with everybody."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lstm_attn.errors import DataError
from search import lease, operations
from search.archive import opened
from search.errors import SpecChanged, StudyElsewhere, StudyNotFound
from search.records import Queued, Submitted
from search.server.submitting import submit
from search.settings import Settings
from search.spec import again, load
from search.submissions import Submission, Submissions
from tests.search.server.stored import store_study


def queue_of(settings: Settings) -> list[Submission]:
    with opened(settings) as archive:
        return Submissions(archive.storage.engine).all()


def test_a_study_waits_with_all_that_its_file_said(settings: Settings, study_file: Path) -> None:
    submitted = operations.submit(
        study_file, settings, overrides=["training.epochs=1"], trials=4, slots=2
    )
    assert submitted == Submitted(name="moods", ahead=0, data_checked=True)
    [one] = queue_of(settings)
    file = again(one.given, Path(one.path))
    assert file == load(study_file, ["training.epochs=1", "search.trials=4", "resources.slots=2"])
    assert file.data.train == (str(study_file.parent / "a.csv"),)


def test_those_before_it_are_counted(settings: Settings, study_file: Path) -> None:
    for ahead, name in enumerate(("a", "b", "c")):
        assert operations.submit(study_file, settings, name=name).ahead == ahead
    operations.stop(settings, "a")
    assert operations.submit(study_file, settings, name="d").ahead == 2


def test_data_that_are_here_are_checked_here(settings: Settings, study_file: Path) -> None:
    with pytest.raises(DataError, match=r"no file .*/b\.csv"):
        operations.submit(study_file, settings, overrides=['data.train="b.csv"'])
    with pytest.raises(DataError, match=r"no file matches .*/b\.\*"):
        operations.submit(study_file, settings, overrides=['data.train="b.*"'])
    assert queue_of(settings) == []


@pytest.mark.parametrize("train", ["/of/the/server/a.csv", "/of/the/*/a.csv"])
def test_data_in_a_folder_that_is_not_here_are_left_to_the_server(
    train: str, settings: Settings, study_file: Path
) -> None:
    submitted = operations.submit(study_file, settings, overrides=[f'data.train="{train}"'])
    assert not submitted.data_checked
    assert queue_of(settings)[0].given["data"]["train"] == [train]


def test_another_search_under_the_name_of_a_study_is_refused(
    settings: Settings, study_file: Path
) -> None:
    store_study(settings, study_file)
    with pytest.raises(SpecChanged, match=r"space\.hidden_size"):
        operations.submit(study_file, settings, overrides=["space.hidden_size=12"])
    assert queue_of(settings) == []
    assert operations.submit(study_file, settings, trials=99).ahead == 0


def test_a_study_that_only_waits_is_listed_behind_those_that_have_begun(
    settings: Settings, study_file: Path
) -> None:
    operations.submit(study_file, settings, name="waits")
    store_study(settings, study_file)
    old, waits = operations.list_studies(settings)
    assert (old.name, old.queued) == ("moods", None)
    assert (waits.name, waits.task, waits.objective, waits.direction, waits.budget) == (
        "waits",
        "classification",
        "accuracy",
        "maximize",
        9,
    )
    assert waits.queued == Queued(state="waiting", reason="")
    assert operations.status(settings, "waits") == waits


def test_a_study_that_has_begun_stands_once_and_with_its_reason(
    settings: Settings, study_file: Path
) -> None:
    store_study(settings, study_file)
    operations.submit(study_file, settings)
    with opened(settings) as archive:
        queue = Submissions(archive.storage.engine)
        queue.settle(queue.all()[0], "ended", "its data are gone")
    [study] = operations.list_studies(settings)
    assert study.queued == Queued(state="ended", reason="its data are gone")
    assert operations.status(settings, "moods") == study


def test_stop_takes_a_study_off_the_queue_for_good(settings: Settings, study_file: Path) -> None:
    operations.submit(study_file, settings)
    assert operations.stop(settings, "moods") == "dequeued"
    assert operations.stop(settings, "moods") == "idle"
    study = operations.status(settings, "moods")
    assert study.queued == Queued(state="ended", reason="somebody asked it to stop")
    with pytest.raises(StudyNotFound, match="no study 'other'"):
        operations.stop(settings, "other")


def test_stop_asks_who_runs_it_and_takes_it_off_the_queue_as_well(
    settings: Settings, study_file: Path
) -> None:
    with run_by_somebody(settings, study_file) as held:
        assert operations.stop(settings, "moods") == "asked"
        held.renew()
        assert held.stop_asked
    assert queue_of(settings)[0].state == "ended"


def test_a_deleted_study_is_off_the_queue(settings: Settings, study_file: Path) -> None:
    operations.submit(study_file, settings)
    operations.delete(settings, "moods")  # it had not begun
    assert queue_of(settings) == []
    store_study(settings, study_file)
    operations.submit(study_file, settings)
    operations.delete(settings, "moods")
    assert (queue_of(settings), operations.list_studies(settings)) == ([], ())


def test_a_study_that_runs_is_neither_deleted_nor_forgotten(
    settings: Settings, study_file: Path
) -> None:
    with run_by_somebody(settings, study_file) as held:
        held.renew()
        with pytest.raises(StudyElsewhere):
            operations.delete(settings, "moods")
    assert len(queue_of(settings)) == 1


def test_a_study_that_is_just_being_begun_is_neither_deleted_nor_forgotten(
    settings: Settings, study_file: Path
) -> None:
    operations.submit(study_file, settings, with_data=True)
    with opened(settings) as archive:
        held = lease.acquire(archive.storage.engine, "moods")  # and nothing is written yet
        held.renew()
        with pytest.raises(StudyElsewhere):
            operations.delete(settings, "moods")
        held.release()
        assert archive.upload("moods") is not None
    assert len(queue_of(settings)) == 1


@pytest.mark.parametrize("begun", [False, True])
def test_nobody_can_begin_a_study_while_it_is_deleted(
    begun: bool, settings: Settings, study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if begun:
        store_study(settings, study_file)
    operations.submit(study_file, settings, with_data=True)
    forget, held = Submissions.forget, []

    def seen(queue: Submissions, study: str) -> bool:
        with opened(settings) as archive:
            held.append(archive.is_run("moods"))
        return forget(queue, study)

    monkeypatch.setattr(Submissions, "forget", seen)
    operations.delete(settings, "moods")
    assert held == [True]
    with opened(settings) as archive:
        assert not archive.is_run("moods")


def test_what_was_never_there_is_not_deleted_and_leaves_no_lease(settings: Settings) -> None:
    with pytest.raises(StudyNotFound):
        operations.delete(settings, "moods")
    with opened(settings) as archive:
        assert lease._read(archive.storage.engine, "moods") is None


def test_a_file_is_submitted_from_any_folder(
    settings: Settings, study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(study_file.parent)
    submit(load(Path("moods.toml")), settings)
    assert queue_of(settings)[0].path == str(study_file)


@contextmanager
def run_by_somebody(settings: Settings, study_file: Path) -> Iterator[lease.Lease]:
    """Have the study begun, submitted, and its lease held for a block."""
    store_study(settings, study_file)
    operations.submit(study_file, settings)
    with opened(settings) as archive:
        held = lease.acquire(archive.storage.engine, "moods")
        yield held
        held.release()
