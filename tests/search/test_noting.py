"""A study's note: what it says, whose it is, and that it stops nothing."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import optuna
import optuna_dashboard
import pytest
from optuna.trial import TrialState

from lstm_attn.config import TaskConfig
from search.errors import LeaseLost, Outage, SearchError, TrialsFailed
from search.noting import Noting, text
from search.noting.noting import EVERY_SECONDS, _whole
from search.records import Ending, Fact, Opened, Quiet, Reported, Started, Stopping, Unwritten
from tests.search.gallery import Gallery
from tests.search.made_up import study_of

DATA = {"rows": 270, "columns": "a_b, <c>"}


class Case:
    """A launch of an empty study whose note is written, and a clock that is moved by hand."""

    def __init__(self, desk: Any) -> None:
        self.gallery = Gallery(desk.settings, desk.spec)
        self.desk = desk
        self.seen: list[Fact] = []
        self.again()

    def again(self) -> None:
        """Launch the study, whoever had it before."""
        self.desk.close()
        self.desk.open()
        self.storage = self.desk.storage
        self.time = 0.0
        study, watch = self.desk.study, self.seen.append
        self.noting = Noting(
            self.storage, study.id, self.desk.spec, DATA, watch, clock=lambda: self.time
        )

    def open(self) -> None:
        spec, archive = self.desk.spec, self.desk.archive()
        self.noting(Opened(study=archive.summary(self.desk.study), epochs=spec.epochs, notes=()))

    def trial(self, *curve: float, **said: Any) -> None:
        """Write down a trial, as it stands or as it ended."""
        self.gallery.trial(*curve, **said)

    def later(self, fact: Fact | None = None) -> str:
        """Let what happens happen so much later that the note is due."""
        self.time += EVERY_SECONDS
        self.noting(fact or Quiet())
        return self.note

    @property
    def study(self) -> optuna.Study:
        storage = self.gallery.archive.storage  # not the launch's, which it may lose
        return optuna.load_study(study_name=self.desk.spec.name, storage=storage)

    @property
    def note(self) -> str:
        """As the dashboard itself reads it."""
        return optuna_dashboard.get_note(self.study)


@pytest.fixture
def case(desk: Any) -> Iterator[Case]:
    made = Case(desk)
    yield made
    made.gallery.close()


def test_an_empty_study_has_a_note_at_once(case: Case) -> None:
    case.open()
    for said in ("## small", "**cross_entropy** (lower", "5-gram"):
        assert said in case.note
    assert "- hidden\\_size: " in case.note
    assert "Where none is shown, `lstm-search best small` says why." in case.note
    assert "- columns: a\\_b, \\<c\\>" in case.note
    assert "export" not in case.note


def test_it_sets_the_best_beside_default_and_baselines_and_says_how_to_take_it(case: Case) -> None:
    case.trial(2.5, 2.0, default=True)
    case.open()
    case.trial(1.9, 1.25, 1.3, learning_rate=0.00123456)
    note = case.later()
    assert "| **best so far** | 1.250 | trial 1, epoch 2, complete |" in note
    assert "| best default | 2.000 | trial 0, epoch 2, complete |" in note
    assert "| 5-gram | 1.500 | baseline, strong and cheap |" in note
    assert "the best trial beats 5-gram (1.500)." in note
    assert re.search(r"`variant=embed_ffn .*learning_rate=0.001235`, [0-9,]+ weights", note)
    assert "**2 of 12 trials** have ended: 2 complete, 0 pruned, 0 failed." in note
    assert "\n    lstm-search export small --to exports/small\n" in note


def test_without_a_score_it_says_why(case: Case) -> None:
    case.open()
    assert "No trial has started yet." in case.note
    case.trial(state=TrialState.PRUNED, kind="diverged", reason="loss is nan at step 3")
    said = "1 trial has ended before its first epoch: loss is nan at step 3 - search smaller"
    assert said in case.later()


def test_it_reads_as_the_same_figures_do_elsewhere(case: Case) -> None:
    case.trial(12345.6, default=True)
    case.open()
    assert "| **best so far** | 12346 | trial 0, epoch 1, complete |" in case.note
    assert "It is one of the defaults: no other has been tried yet." in case.note
    assert "does not beat 5-gram (1.500)" in case.note


def test_it_says_what_pruning_saved_and_counts_no_other_end(case: Case) -> None:
    case.trial(*[2.0] * 9)
    case.trial(*[2.0] * 4, reason="no better epoch than 1 in 3 more")
    case.open()
    assert "Pruning" not in case.note
    case.trial(*[3.0] * 2, state=TrialState.PRUNED, kind="pruned", reason="in whatever words")
    assert "has stopped 1 of them early and saved 7 epochs, 32% of 22" in case.later()


def test_names_of_columns_are_shown_as_they_are_whatever_signs_they_have(make_spec: Any) -> None:
    spec = make_spec(task=TaskConfig(kind="classification", inputs=("a`b", "*c*"), targets=("``",)))
    note = text.write(study_of(), spec, {"classes": "- one\n\n# two"})
    assert "``a`b``, `*c*` → ``` `` ```" in note
    assert "- classes: \\- one \\# two\n" in note


def test_a_running_trial_counts_with_its_best_epoch(case: Case) -> None:
    case.open()
    case.trial(1.5, 1.25, 1.75, state=TrialState.RUNNING)
    note = case.later()
    assert "| **best so far** | 1.250 | trial 0, epoch 2, running |" in note
    assert "; 1 running." in note


def test_it_says_what_is_on_record_whatever_was_told(case: Case, make_report: Any) -> None:
    case.open()
    case.noting(Started(number=0, params={}, epoch=0, default=False))
    note = case.later(Reported(number=0, attempt=0, report=make_report(1, 1.0)))
    assert "**0 of 12 trials** have ended: 0 complete, 0 pruned, 0 failed." in note
    case.trial(1.5, 1.25, state=TrialState.RUNNING)
    assert "trial 0, epoch 2, running" in case.later()


def test_it_is_renewed_now_and_then_and_at_the_end(case: Case) -> None:
    case.open()
    first = case.note
    case.trial(1.0)
    case.noting(Quiet())
    assert case.note == first
    case.time += EVERY_SECONDS - 1
    case.noting(Quiet())
    assert case.note == first
    assert case.noting.to_the_end(lambda: Ending.TIMEOUT) is Ending.TIMEOUT
    assert "trial 0" in case.note
    assert "The last launch has ended: its time is over." in case.note


@pytest.mark.parametrize("is_away", [False, True])
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            TrialsFailed("the first 5 trials all failed:", "no disk"),
            "the first 5 trials all failed",
        ),
        (
            Outage("the store a_b is full, and launch again"),
            "the store a\\_b is full, and launch again",
        ),
    ],
)
def test_a_launch_that_ends_by_an_error_ends_in_its_note_too(
    is_away: bool, error: SearchError, said: str, case: Case
) -> None:
    def fails() -> Ending:
        case.trial(1.0, state=TrialState.RUNNING)
        if is_away:
            case.noting(Unwritten(reports=3))
        raise error

    case.open()
    with pytest.raises(type(error)) as raised:
        case.noting.to_the_end(fails)
    assert raised.value is error
    assert f"1 to go on at the next launch. The last launch has ended: {said}.\n" in case.note
    assert "trial 0, epoch 1, to go on |" in case.note


def test_a_launch_that_has_lost_its_study_writes_no_end(case: Case) -> None:
    def loses() -> Ending:
        with case.desk.lease._engine.begin() as connection:
            connection.exec_driver_sql("UPDATE coordinator_lease SET owner = 'another'")
        raise LeaseLost("another has it")

    case.open()
    first = case.note
    with pytest.raises(LeaseLost, match="another has it"):
        case.noting.to_the_end(loses)
    assert case.note == first


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
    case.trial(1.0)
    assert case.later() == mine
    case.noting.to_the_end(lambda: Ending.SPENT)
    assert case.note == mine
    case.again()  # nor does a later launch take it
    case.open()
    assert case.note == mine


def test_an_emptied_note_comes_back_also_after_a_long_one(case: Case) -> None:
    case.open()
    optuna_dashboard.save_note(case.study, "long " * 2000)
    optuna_dashboard.save_note(case.study, "")
    case.trial(1.0)
    note = case.later()
    assert "trial 0" in note
    assert text.is_ours(note)


def test_a_note_in_pieces_is_whole_in_the_order_of_their_numbers() -> None:
    pieces = {f"dashboard:note_str:{number}": f"{number} " for number in (10, 2, 0, 1)}
    assert _whole({"dashboard:note_ver": 7, **pieces}) == "0 1 2 10 "


def test_a_users_edit_is_not_refused_over_a_renewal(case: Case) -> None:
    case.open()
    version = case.storage.get_study_system_attrs(case.desk.study.id)["dashboard:note_ver"]
    case.trial(1.0)
    case.later()
    assert version == case.storage.get_study_system_attrs(case.desk.study.id)["dashboard:note_ver"]


def test_a_later_launch_goes_on_with_the_note(case: Case) -> None:
    case.open()
    case.again()
    case.trial(1.0)
    case.open()
    assert "trial 0" in case.note


def odd(*_: Any) -> dict[str, Any]:
    return {"dashboard:note_str:x": "a piece without a place"}


def test_a_note_that_nobody_can_read_stops_nothing_either(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case.storage, "get_study_system_attrs", odd)
    case.open()
    case.time += EVERY_SECONDS
    case.noting(Quiet())
    assert len(case.seen) == 2


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
        case.trial(1.0)
        assert case.later() == first
    assert "trial 0" in case.later()


def test_a_study_that_is_gone_stops_nothing_either(case: Case) -> None:
    case.open()
    case.desk.archive().storage.delete_study(case.desk.study.id)
    case.time += EVERY_SECONDS
    case.noting(Quiet())
    assert len(case.seen) == 2


@pytest.mark.parametrize(
    "fact", [Unwritten(reports=1), Stopping(ending=Ending.TIMEOUT, blocked="the disk is full")]
)
def test_nothing_is_written_while_the_database_is_waited_for(fact: Fact, case: Case) -> None:
    case.open()
    first = case.note
    case.noting(fact)
    case.trial(1.0)
    assert case.later() == first
    case.noting.to_the_end(lambda: Ending.TIMEOUT)
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
    case.trial(1.0)
    case.later()
    case.later()  # says nothing new
    assert written == ["dashboard:note_str:0"]
