"""A study's note: what it says, whose it is, and that it stops nothing."""

from collections.abc import Callable
from typing import Any

import optuna
import optuna_dashboard
import pytest

from search.errors import Outage
from search.noting import Noting, text
from search.noting.noting import EVERY_SECONDS
from search.records import (
    BaselineScore,
    Ending,
    Fact,
    Opened,
    Quiet,
    Reported,
    Started,
    Stopping,
    StudySummary,
    Told,
    TrialSummary,
    Unwritten,
)

DATA = {"rows": 270, "columns": "a_b, <c>"}
BASELINES = (
    BaselineScore(name="unigram", strong=False, validation={"cross_entropy": 3.0}, test=None),
    BaselineScore(name="5-gram", strong=True, validation={"cross_entropy": 1.5}, test=None),
)


class Case:
    """A launch of an empty study whose note is written, and a clock that is moved by hand."""

    def __init__(self, desk: Any) -> None:
        desk.close()  # whoever had it before
        desk.open()
        self.desk = desk
        self.storage = desk.storage
        self.time = 0.0
        self.seen: list[Fact] = []
        self.noting = Noting(
            self.storage, desk.study.id, desk.spec, DATA, self.seen.append, clock=lambda: self.time
        )

    def open(self, *trials: TrialSummary) -> None:
        spec = self.desk.spec
        study = StudySummary(
            name=spec.name,
            task=spec.task.kind,
            objective=spec.objective,
            direction=spec.direction,
            budget=spec.trials,
            trials=trials,
            leaders=(),
            baselines=BASELINES,
            owner=None,
        )
        self.noting(Opened(study=study, epochs=spec.epochs, notes=()))

    def later(self, fact: Fact | None = None) -> str:
        """Let what happens happen so much later that the note is due."""
        self.time += EVERY_SECONDS
        self.noting(fact or Quiet())
        return self.note

    @property
    def study(self) -> optuna.Study:
        return optuna.load_study(study_name=self.desk.spec.name, storage=self.storage)

    @property
    def note(self) -> str:
        """As the dashboard itself reads it."""
        return optuna_dashboard.get_note(self.study)


@pytest.fixture
def case(desk: Any) -> Case:
    return Case(desk)


def ended(
    number: int,
    values: list[float],
    *,
    kind: str = "completed",
    reason: str = "",
    default: bool = False,
) -> Any:
    best = min(values, default=None)
    return TrialSummary(
        number=number,
        state="pruned" if kind == "pruned" else "complete",
        params={"variant": "lstm", "learning_rate": 0.00123456},
        curve=dict(enumerate(values, start=1)),
        best_epoch=None if best is None else values.index(best) + 1,
        value=best,
        metrics={} if best is None else {"cross_entropy": best},
        reason=reason,
        default=default,
        seconds=1.0,
        parameters=1234,
        kind=kind,
        epochs=len(values),
    )


def test_an_empty_study_has_a_note_at_once(case: Case) -> None:
    case.open()
    for said in ("## small", "**cross_entropy** (lower", "5-gram"):
        assert said in case.note
    assert "- hidden\\_size: " in case.note
    assert "- columns: a\\_b, \\<c\\>" in case.note
    assert "export" not in case.note


def test_it_sets_the_best_beside_default_and_baselines_and_says_how_to_take_it(case: Case) -> None:
    case.open(ended(0, [2.5, 2.0], default=True))
    note = case.later(Told(trial=ended(1, [1.9, 1.25, 1.3])))
    assert "| **best so far** | 1.250 | trial 1, epoch 2, complete |" in note
    assert "| best default | 2.000 | trial 0, epoch 2, complete |" in note
    assert "| 5-gram | 1.500 | baseline, strong and cheap |" in note
    assert "The best trial beats 5-gram (1.500)." in note
    assert "`variant=lstm learning_rate=0.001235`, 1,234 parameters" in note
    assert "**2 of 12 trials** have ended: 2 complete, 0 pruned, 0 failed." in note
    assert "\n    lstm-search export small --to exports/small\n" in note


def test_it_reads_as_the_same_figures_do_elsewhere(case: Case) -> None:
    case.open(ended(0, [12345.6], default=True))
    assert "| **best so far** | 12346 | trial 0, epoch 1, complete |" in case.note
    assert "It is one of the defaults: the search has found nothing better yet." in case.note
    assert "does not beat 5-gram (1.500)" in case.note


def test_it_says_what_pruning_saved_and_counts_no_other_end(case: Case) -> None:
    case.open(ended(0, [2.0] * 9), ended(1, [2.0] * 4, reason="no better epoch than 1 in 3 more"))
    assert "Pruning" not in case.note
    note = case.later(Told(trial=ended(2, [3.0] * 2, kind="pruned", reason="in whatever words")))
    assert "has stopped 1 of them early and saved 7 epochs, 32% of 22" in note


def test_a_running_trial_counts_with_its_best_epoch(case: Case, make_report: Any) -> None:
    case.open()
    case.noting(Started(number=0, params={"variant": "lstm"}, epoch=0, default=False))
    for epoch, value in enumerate([1.5, 1.25, 1.75], start=1):
        case.noting(Reported(number=0, attempt=0, report=make_report(epoch, value)))
    note = case.later()
    assert "| **best so far** | 1.250 | trial 0, epoch 2, running |" in note
    assert "; 1 running." in note


def test_it_is_renewed_now_and_then_and_at_the_end(case: Case) -> None:
    case.open()
    first = case.note
    case.noting(Told(trial=ended(0, [1.0])))
    assert case.note == first
    case.time += EVERY_SECONDS - 1
    case.noting(Quiet())
    assert case.note == first
    case.noting.renew(Ending.TIMEOUT)
    assert "trial 0" in case.note
    assert "The last launch has ended: its time is over." in case.note


@pytest.mark.parametrize(
    "edit",
    [
        lambda note: "all mine",
        lambda note: f"my word first\n\n{note}",
        lambda note: f"{note}and last",
        lambda note: note.replace("lower", "higher"),
    ],
)
def test_what_a_user_has_edited_stays(edit: Callable[[str], str], case: Case) -> None:
    case.open()
    mine = edit(case.note)
    optuna_dashboard.save_note(case.study, mine)
    assert case.later(Told(trial=ended(0, [1.0]))) == mine
    case.noting.renew(Ending.SPENT)
    assert case.note == mine
    again = Case(case.desk)  # nor does a later launch take it
    again.open()
    assert again.note == mine


def test_an_emptied_note_comes_back_also_after_a_long_one(case: Case) -> None:
    case.open()
    optuna_dashboard.save_note(case.study, "long " * 2000)
    optuna_dashboard.save_note(case.study, "")
    note = case.later(Told(trial=ended(0, [1.0])))
    assert "trial 0" in note
    assert text.is_ours(note)


def test_a_users_edit_is_not_refused_over_a_renewal(case: Case) -> None:
    case.open()
    version = case.storage.get_study_system_attrs(case.desk.study.id)["dashboard:note_ver"]
    case.later(Told(trial=ended(0, [1.0])))
    assert version == case.storage.get_study_system_attrs(case.desk.study.id)["dashboard:note_ver"]


def test_a_later_launch_goes_on_with_the_note(case: Case) -> None:
    case.open()
    again = Case(case.desk)
    again.open(ended(0, [1.0]))
    assert "trial 0" in again.note


@pytest.mark.parametrize("error", [Outage("full"), optuna.exceptions.StorageInternalError("gone")])
def test_what_goes_wrong_with_it_stops_nothing_and_is_made_up_for(
    error: Exception, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise error

    case.open()
    first = case.note
    with monkeypatch.context() as broken:
        broken.setattr(case.storage, "set_study_system_attr", fails)
        assert case.later(Told(trial=ended(0, [1.0]))) == first
    assert "trial 0" in case.later()


def test_a_study_that_is_gone_stops_nothing_either(case: Case) -> None:
    case.open()
    case.desk.archive().storage.delete_study(case.desk.study.id)
    case.time += EVERY_SECONDS
    case.noting(Told(trial=ended(0, [1.0])))
    assert len(case.seen) == 2


@pytest.mark.parametrize(
    "fact", [Unwritten(reports=1), Stopping(ending=Ending.TIMEOUT, blocked="the disk is full")]
)
def test_nothing_is_written_while_the_database_is_waited_for(fact: Fact, case: Case) -> None:
    case.open()
    first = case.note
    case.noting(fact)
    assert case.later(Told(trial=ended(0, [1.0]))) == first
    case.noting.renew(Ending.TIMEOUT)
    assert case.note == first
    assert "trial 0" in case.later(Unwritten(reports=0))


def test_a_note_is_one_commit(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    case.open()
    written: list[str] = []
    write = case.storage.set_study_system_attr

    def noted(study_id: int, key: str, value: Any) -> None:
        written.append(key)
        write(study_id, key, value)

    monkeypatch.setattr(case.storage, "set_study_system_attr", noted)
    case.later(Told(trial=ended(0, [1.0])))
    case.later()  # says nothing new
    assert written == ["dashboard:note_str:0"]
