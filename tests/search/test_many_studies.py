"""Several studies in one database, each with a coordinator that sees only its own."""

import threading
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from search import operations
from search.archive import Archive
from search.records import Outcome
from search.render import plain
from search.settings import Settings
from tests.search.test_coordinator import FakeWorkers, check_store, check_whole, coordinate, facts

NAMES = ("one", "two", "three")


@pytest.fixture
def settings(each_database: Settings) -> Settings:
    return each_database


def run(desk: Any, report: Any, folder: Path) -> FakeWorkers:
    workers = FakeWorkers(report, 1, Random(0))
    coordinate(desk, workers, folder / desk.spec.name)
    return workers


# Warnings are put aside for a process, not for a thread; coordinators are processes.
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_coordinators_at_work_at_a_time_change_nothing_for_each_other(
    make_desk: Callable[..., Any], make_report: Any, tmp_path: Path
) -> None:
    # Each has other draws, so that nothing of one can pass for another's.
    spec = {name: {"name": name, "trials": 10, "seed": n} for n, name in enumerate(NAMES)}
    alone = {}
    for name in NAMES:
        desk = make_desk(**spec[name])
        run(desk, make_report, tmp_path / "alone")
        alone[name] = facts(desk)
        archive = desk.archive()
        archive.delete(archive.get(name))
    assert len({str(found) for found in alone.values()}) == len(NAMES)
    desks = {name: make_desk(**spec[name]) for name in NAMES}
    ended: dict[str, FakeWorkers] = {}

    def work(name: str) -> None:
        ended[name] = run(desks[name], make_report, tmp_path / "together")

    threads = [threading.Thread(target=work, args=(name,)) for name in NAMES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, desk in desks.items():
        assert facts(desk) == alone[name]
        check_whole(desk, [ended[name]])
        check_store(desk, tmp_path / "together" / name)


def test_a_study_costs_the_same_however_many_others_there_are(
    make_desk: Callable[..., Any], make_report: Any, settings: Settings
) -> None:
    statements: list[str] = []

    def count(look: Callable[[], Any]) -> int:
        statements.clear()
        look()
        return len(statements)

    def heard(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    def studied(name: str) -> None:
        desk = make_desk(name=name)
        ledger = desk.open()
        for _ in range(3):
            task = ledger.ask()
            ledger.report(task.number, task.attempt, make_report(1, 1.0))
        desk.close()

    sa.event.listen(sa.Engine, "before_cursor_execute", heard)
    try:
        studied("first")
        one = [
            count(lambda: operations.status(settings, "first")),
            count(lambda: operations.list_studies(settings)),
        ]
        for n in range(4):
            studied(f"other-{n}")
        many = [
            count(lambda: operations.status(settings, "first")),
            count(lambda: operations.list_studies(settings)),
        ]
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", heard)
    assert many[0] == one[0]
    assert many[1] - one[1] <= 4 * 11, "a study more reads its trials and its owner, no more"
    assert [found.name for found in operations.list_studies(settings)][:2] == ["first", "other-0"]


def test_studies_are_listed_without_reading_the_epochs_of_ended_trials(
    make_desk: Callable[..., Any], make_report: Any, settings: Settings
) -> None:
    ledger = make_desk().open()
    for epochs in (3, 2):
        task, best = ledger.ask(), make_report(epochs, 1.5)
        for epoch in range(1, epochs + 1):
            ledger.report(task.number, 0, make_report(epoch, 1.5 + epochs - epoch))
        if epochs == 3:
            ledger.tell(task.number, 0, Outcome(kind="completed", reason="", best=best))
    [study] = operations.list_studies(settings)
    assert [len(trial.curve) for trial in study.trials] == [0, 2]
    [found] = plain.studies([study])
    assert (found["best"]["value"], found["best"]["best_epoch"]) == (1.5, 3)
    assert "curve" not in found["best"]


def test_a_study_that_is_deleted_while_all_are_listed_is_left_out(
    make_desk: Callable[..., Any], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("stays", "goes"):
        make_desk(name=name).open()
    read = Archive.summary

    def delete_first(archive: Archive, study: Any, **named: Any) -> Any:
        if study.name == "goes":
            archive.storage.delete_study(study.id)
        return read(archive, study, **named)

    monkeypatch.setattr(Archive, "summary", delete_first)
    assert [study.name for study in operations.list_studies(settings)] == ["stays"]
