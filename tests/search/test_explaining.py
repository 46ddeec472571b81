"""What is said of a study's best trials, from what the database holds."""

from collections.abc import Callable
from typing import Any

import pytest
from optuna.distributions import IntDistribution
from optuna.trial import create_trial

from search.archive import Archive
from search.errors import StudyDeleted
from search.explaining import NOT_BEGUN, explain
from search.importance import unsaid
from search.ledger import Ledger
from search.records import Explained, Outcome
from search.settings import Settings
from search.space import Choice
from tests.search.moods import submitted


@pytest.fixture
def settings(each_database: Settings) -> Settings:
    return each_database


def run(ledger: Ledger, report: Callable[..., Any], count: int, *, fail: bool = False) -> None:
    """Run trials that are better the higher their learning rate; or that all fail."""
    for _ in range(count):
        task = ledger.ask()
        assert task is not None
        if fail:
            ledger.tell(task.number, 0, Outcome(kind="failed", reason="out of disk", best=None))
            continue
        best = report(1, 3.0 - 100 * task.training.learning_rate)
        ledger.report(task.number, 0, best)
        ledger.tell(task.number, 0, Outcome(kind="completed", reason="", best=best))


def explained(desk: Any, top: int = 3) -> Explained:
    return explain(desk.archive(), "small", top=top)


def test_the_best_stand_with_curves_weights_and_what_their_default_has(
    make_desk: Any, make_report: Any
) -> None:
    desk = make_desk(sampler="random", trials=99)
    run(desk.open(), make_report, 12)
    found = explained(desk)
    summary = desk.archive().summary(desk.stored())
    assert [one.trial for one in found.best] == list(summary.leaders[:3])
    assert [one.trial.number for one in found.defaults] == [0, 1]
    assert all(one.instead == {} for one in found.defaults)
    space = desk.spec.space
    defaults = {point["variant"]: point for point in space.defaults()}
    for one in found.best:
        default = defaults[one.trial.params["variant"]]
        assert one.trial.curve
        assert one.weights == one.trial.parameters
        assert {**one.trial.params, **one.instead} == default
        assert all(one.trial.params[name] != value for name, value in one.instead.items())
    assert next(iter(found.importance.shares)) == "learning_rate"
    assert (found.importance.trials, found.importance.why_none) == (12, "")


def test_a_trial_of_an_older_version_is_counted_anew(
    make_desk: Any, make_report: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk()
    run(desk.open(), make_report, 1)
    [known] = explained(desk).best
    monkeypatch.setattr("search.summaries.PARAMETERS", "unknown then")
    [anew] = explained(desk).best
    assert anew.trial.parameters is None
    assert anew.weights == known.weights != None  # noqa: E711 - it is a number


def test_a_trial_of_another_program_has_no_weights_and_stands_there_all_the_same(
    desk: Any, make_report: Any
) -> None:
    run(desk.open(), make_report, 1)
    theirs = create_trial(
        value=0.5,
        params={"mine": 1},
        distributions={"mine": IntDistribution(0, 9)},
        intermediate_values={1: 0.5},
    )
    desk.storage.create_new_trial(desk.study.id, template_trial=theirs)
    best, other = explained(desk).best
    assert (best.trial.value, best.weights) == (0.5, None)
    assert other.weights


@pytest.mark.parametrize(
    ("count", "fail", "words"),
    [
        (0, False, "No trial has a score so far, and importance needs 5."),
        (3, True, "No trial has a score so far, and importance needs 5."),
        (1, False, "1 trial has a score so far, and importance needs 5."),
    ],
)
def test_too_few_trials_say_that_they_are(
    count: int, fail: bool, words: str, desk: Any, make_report: Any
) -> None:
    run(desk.open(), make_report, count, fail=fail)
    found = explained(desk)
    assert (found.importance.shares, found.importance.why_none) == ({}, words)
    assert len(found.best) == (0 if fail else count)


def test_where_nothing_varies_nothing_is_important(make_desk: Any, make_report: Any) -> None:
    desk = make_desk(domains={})
    run(desk.open(), make_report, 1)
    found = explained(desk)
    assert found.importance.why_none.startswith("All parameters are fixed")
    assert found.best[0].instead == {}
    assert found.best[0].weights


def test_a_variant_that_is_fixed_has_its_default(make_desk: Any, make_report: Any) -> None:
    desk = make_desk(domains={"heads": Choice(values=(1, 4))}, trials=2)
    run(desk.open(), make_report, 2)
    found = explained(desk)
    assert {one.trial.params["heads"]: one.instead for one in found.best} == {
        4: {},
        1: {"heads": 4},
    }


def test_a_study_that_is_deleted_before_its_best_are_read_is_not_there(
    desk: Any, make_report: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(desk.open(), make_report, 2)
    read = Archive.summary

    def delete_then(archive: Archive, study: Any, **named: Any) -> Any:
        found = read(archive, study, **named)
        archive.storage.delete_study(study.id)
        return found

    monkeypatch.setattr(Archive, "summary", delete_then)
    with pytest.raises(StudyDeleted, match="'small' was deleted from the database meanwhile"):
        explained(desk)


def test_a_study_that_has_not_begun_is_said_to_have_not(desk: Any, tmp_path: Any) -> None:
    submitted(desk.archive().storage.engine, tmp_path, "small")
    found = explained(desk)
    assert (found.best, found.importance) == ((), unsaid(NOT_BEGUN))
