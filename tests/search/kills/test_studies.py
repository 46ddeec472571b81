"""Studies made, changed and deleted by processes that die between any two steps."""

from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

import optuna
import pytest
import sqlalchemy as sa

from search import lease, queued
from search.archive import Archive
from search.checkpoints import Store, at


class Bytes:
    def fetch(self) -> bytes:
        return b"weights"


def rows(place: Any) -> dict[str, int]:
    """Count what is in each table of studies that isn't empty."""
    with closing(Archive(place)) as archive, archive.storage.engine.connect() as connection:
        tables = sa.inspect(connection).get_table_names()
        ours = [name for name in tables if name not in ("alembic_version", "version_info")]
        counts = {t: connection.exec_driver_sql(f"SELECT count(*) FROM {t}").scalar() for t in ours}
    return {name: count for name, count in counts.items() if count and "lease" not in name}


def make(place: Any, say: Any) -> None:
    Archive(place, create=True).close()


def test_a_database_is_there_whole_or_not_at_all(deaths: Any, settings: Any) -> None:
    settings.sqlite_file.unlink()
    for place, _ in deaths(make, ["files"]):
        if place.sqlite_file.exists():
            assert rows(place) == {}
        Archive(place, create=True).close()
        assert rows(place) == {}
        assert list(place.sqlite_file.parent.iterdir()) == [place.sqlite_file]


def test_a_database_without_all_its_tables_is_not_there(lives: Any, settings: Any) -> None:
    settings.sqlite_file.unlink()
    whole, _ = lives(partial(make, settings), 15)
    assert not whole
    assert not settings.sqlite_file.exists()
    assert list(settings.sqlite_file.parent.iterdir()), "some tables were made"
    make(settings, None)
    assert list(settings.sqlite_file.parent.iterdir()) == [settings.sqlite_file]


def create(place: Any, spec: Any, say: Any = lambda _: None) -> None:
    """Make a study as a launch does, if there is none."""
    with closing(Archive(place)) as archive:
        held = lease.acquire(archive.storage.engine, spec.name)
        if archive.find(spec.name) is None:
            archive.create(spec, fingerprint="0", baselines=(), data_summary={})
        held.release()
        say("made")


def test_a_study_is_there_whole_or_made_anew(deaths: Any, make_spec: Any) -> None:
    spec = make_spec()
    for place, said in deaths(lambda place, say: create(place, spec, say)):
        with closing(Archive(place)) as archive:
            listed = [study.name for study in archive.studies()]
        assert listed in ([["small"]] if said else [["small"], []])
        create(place, spec)
        with closing(Archive(place)) as archive:
            assert [s.study_name for s in archive.storage.get_all_studies()] == ["small"]
            assert archive.get("small").spec == spec
            study = optuna.load_study(study_name="small", storage=archive.storage)
            assert study.metric_names == ["cross_entropy"]
            assert study.direction.name == "MINIMIZE"


def test_a_changed_budget_is_written_whole_or_not_at_all(
    deaths: Any, settings: Any, make_spec: Any
) -> None:
    old, new = make_spec(), make_spec(trials=99)
    create(settings, old)

    def change(place: Any, say: Any) -> None:
        with closing(Archive(place)) as archive:
            archive.update(replace(archive.get("small"), spec=new))
            say("changed")

    for place, said in deaths(change):
        with closing(Archive(place)) as archive:
            assert archive.get("small").spec in ((new,) if said else (old, new))


def test_a_kept_test_score_stays_whoever_dies_writing_another(
    deaths: Any, settings: Any, make_spec: Any
) -> None:
    create(settings, make_spec())

    def keep(place: Any, say: Any) -> None:
        with closing(Archive(place)) as archive:
            for number in (0, 1):
                archive.keep_test_scores(archive.get("small"), {number: {"epoch": number}})
                say(number)

    for place, said in deaths(keep):
        with closing(Archive(place)) as archive:
            known = archive.test_scores(archive.get("small"))
        assert known == {number: {"epoch": number} for number in known}
        assert len(said) <= len(known) <= len(said) + 1


@pytest.fixture
def searched(settings: Any, make_desk: Any, make_report: Any) -> Any:
    """A study with trials and checkpoints, to be deleted."""
    desk = make_desk()
    ledger = desk.open()
    for _ in range(2):
        task = ledger.ask()
        ledger.report(task.number, task.attempt, make_report(1, 1.0))
    folder = desk.study.place(settings)
    store = Store(folder, generation=1, keep=2, may_delete=desk.lease.surely_held)
    for number in range(2):
        store.keep_weights(number, epoch=1, payload=Bytes(), leaders={0: 1, 1: 1})
    store.close()
    desk.close()
    return desk


@pytest.mark.usefixtures("searched")
def test_a_study_that_is_half_deleted_can_be_deleted_and_nothing_is_left(deaths: Any) -> None:
    def delete(place: Any, say: Any) -> None:
        with closing(Archive(place)) as archive:
            queued.delete(archive, "small")
            say("deleted")

    for place, said in deaths(delete):
        with closing(Archive(place)) as archive:
            there = [study.name for study in archive.studies()]
        assert there in ([[]] if said else [[], ["small"]])
        if there:
            delete(place, lambda _: None)
        assert rows(place) == {}
        assert list(at(place.usual_checkpoints).path.iterdir()) == []
