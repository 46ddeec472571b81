"""What a ledger promises, on each kind of database."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import optuna
import pytest
import sqlalchemy as sa
import sqlalchemy.exc
import sqlalchemy.orm
from optuna.exceptions import StorageInternalError
from optuna.trial import TrialState

from lstm_attn.models import parameter_count
from search import strategy, summaries
from search.errors import DatabaseTrouble, LeaseLost, Outage, StudyDeleted, TrialsFailed
from search.ledger import Ledger
from search.ranking import rank
from search.records import Outcome, TrialTask, Verdict
from search.running import LOSSES
from search.settings import Settings
from search.space import Choice

EPOCHS = 9


@pytest.fixture
def settings(each_database: Settings) -> Settings:
    return each_database


def finish(ledger: Ledger, task: TrialTask, report: Any, *, upto: int = EPOCHS) -> Any:
    """Train a trial as a worker would, to its end or its verdict."""
    best = None
    for epoch in range(ledger.last_epoch(task.number) + 1, upto + 1):
        best = report(epoch, score(task, epoch))
        if ledger.report(task.number, task.attempt, best) is Verdict.PRUNE:
            outcome = Outcome(kind="stopped", reason="", best=best)
            return ledger.tell(task.number, task.attempt, outcome)
    outcome = Outcome(kind="completed", reason="", best=best)
    return ledger.tell(task.number, task.attempt, outcome)


def score(task: TrialTask, epoch: int) -> float:
    """A curve that falls, and lower for wide models and high rates."""
    return 3.0 - 0.05 * task.model.hidden_size - 50 * task.training.learning_rate - 0.1 * epoch


def run_to_the_end(ledger: Ledger, report: Any) -> None:
    while not ledger.budget_spent():
        task = ledger.ask()
        if task is None:
            return
        finish(ledger, task, report)


def test_the_budget_is_exact_across_restarts(desk: Any, make_report: Any) -> None:
    for _ in range(4):
        ledger = desk.open()
        for _ in range(3):
            finish(ledger, ledger.ask(), make_report)
        ledger.ask()  # runs when its coordinator dies
        desk.close()
    ledger = desk.open()
    run_to_the_end(ledger, make_report)
    trials = desk.trials()
    assert len(trials) == desk.spec.trials
    assert all(trial.state.is_finished() for trial in trials)
    assert [trial.number for trial in trials] == list(range(desk.spec.trials))


def test_a_trial_is_created_running_with_all_its_parameters(desk: Any) -> None:
    ledger = desk.open()
    task = ledger.ask()
    (trial,) = desk.trials()
    assert trial.state == TrialState.RUNNING
    assert set(trial.params) == {"variant", "heads", "hidden_size", "learning_rate"}
    assert trial.params["hidden_size"] == task.model.hidden_size
    assert trial.user_attrs[summaries.THREADS] == task.threads
    assert trial.user_attrs[summaries.PARAMETERS] == parameter_count(task.model)


def test_the_defaults_come_first_one_per_variant(desk: Any, make_report: Any) -> None:
    ledger = desk.open()
    for default in desk.spec.space.defaults():
        task = ledger.ask()
        assert desk.trials()[-1].params == default
        assert finish(ledger, task, make_report).default
    assert not finish(ledger, ledger.ask(), make_report).default


def test_a_default_is_never_pruned_and_a_poor_trial_is(desk: Any, make_report: Any) -> None:
    ledger = desk.open()
    tasks = [ledger.ask() for _ in range(5)]
    for task in tasks[2:]:
        ledger.report(task.number, task.attempt, make_report(1, 1.0 + task.number))
    worst = [ledger.report(t.number, t.attempt, make_report(1, 99.0)) for t in (tasks[0], tasks[1])]
    assert worst == [Verdict.GO_ON, Verdict.GO_ON]
    late = ledger.ask()
    assert ledger.report(late.number, late.attempt, make_report(1, 50.0)) is Verdict.PRUNE


def test_a_pruned_trial_is_pruned_at_its_epoch_whatever_comes_after(
    desk: Any, make_report: Any
) -> None:
    ledger = desk.open()
    tasks = [ledger.ask() for _ in range(4)]
    for task in tasks[:3]:
        ledger.report(task.number, task.attempt, make_report(1, 1.0))
    doomed = tasks[3]
    ledger.report(doomed.number, doomed.attempt, make_report(1, 2.0))
    ledger.report(doomed.number, doomed.attempt, make_report(2, 0.1))
    outcome = Outcome(kind="completed", reason="", best=make_report(1, 2.0))
    told = ledger.tell(doomed.number, doomed.attempt, outcome)
    assert (told.state, told.value, told.reason) == ("pruned", 2.0, "pruned at epoch 1")
    assert desk.trials()[3].user_attrs[summaries.NOTE]["kind"] == "pruned"
    assert sorted(desk.trials()[3].intermediate_values) == [1]


def test_a_trial_is_worth_its_best_epoch(desk: Any, make_report: Any) -> None:
    ledger = desk.open()
    task = ledger.ask()
    for epoch, value in enumerate([3.0, 1.0, 2.0], start=1):
        ledger.report(task.number, task.attempt, make_report(epoch, value))
    outcome = Outcome(kind="completed", reason="", best=make_report(2, 1.0))
    told = ledger.tell(task.number, task.attempt, outcome)
    (trial,) = desk.trials()
    assert (told.best_epoch, told.value, trial.value) == (2, 1.0, 1.0)
    assert trial.state == TrialState.COMPLETE
    assert trial.user_attrs[summaries.NOTE]["metrics"]["perplexity"] == 1.0


def test_equal_values_are_ordered_by_the_loss_then_the_number() -> None:
    keys = [rank(0.5, loss, n, "maximize") for n, loss in [(2, 1.0), (1, 1.0), (0, 2.0)]]
    assert sorted(keys) == [keys[1], keys[0], keys[2]]


@pytest.mark.parametrize(
    ("kind", "state", "constraints"),
    [
        ("completed", TrialState.COMPLETE, {}),
        ("stopped", TrialState.PRUNED, {}),
        ("diverged", TrialState.PRUNED, {"diverged": 1.0}),
        ("out_of_memory", TrialState.PRUNED, {"out_of_memory": 1.0}),
        ("out_of_time", TrialState.PRUNED, {"out_of_time": 1.0}),
        ("failed", TrialState.FAIL, {}),
    ],
)
def test_each_outcome_has_its_state(
    kind: str, state: TrialState, constraints: dict[str, float], desk: Any, make_report: Any
) -> None:
    ledger = desk.open()
    task = ledger.ask()
    outcome = Outcome(kind=kind, reason="why", best=None, device="cpu", host="here")
    told = ledger.tell(task.number, task.attempt, outcome)
    (trial,) = desk.trials()
    assert trial.state == state
    assert trial.constraints == constraints
    note = trial.user_attrs[summaries.NOTE]
    assert (note["kind"], note["reason"], note["host"]) == (kind, "why", "here")
    assert (told.host, told.parameters) == ("here", parameter_count(task.model))


def test_a_trial_without_a_constraint_counts_as_feasible(desk: Any, make_report: Any) -> None:
    """So that TPE learns to stay away from those with one, and from them alone."""
    from optuna.samplers._tpe.sampler import _get_infeasible_trial_score

    ledger = desk.open()
    finish(ledger, ledger.ask(), make_report)
    task = ledger.ask()
    ledger.tell(task.number, task.attempt, Outcome(kind="diverged", reason="", best=None))
    calm, diverged = ledger._twin.memory.get_trials()
    assert _get_infeasible_trial_score(calm) == 0
    assert _get_infeasible_trial_score(diverged) == 1


def test_a_handed_in_trial_is_not_told(desk: Any) -> None:
    ledger = desk.open()
    task = ledger.ask()
    outcome = Outcome(kind="handed_in", reason="", best=None)
    assert ledger.tell(task.number, task.attempt, outcome) is None
    assert desk.trials()[0].state == TrialState.RUNNING


def test_an_adopted_trial_keeps_number_curve_and_configuration(desk: Any, make_report: Any) -> None:
    ledger = desk.open()
    first = [ledger.ask(), ledger.ask()]
    for task in first:
        for epoch in (1, 2):
            ledger.report(task.number, task.attempt, make_report(epoch, 1.0))
    desk.close()
    ledger = desk.open()
    again = [ledger.ask(), ledger.ask()]
    assert again == first
    assert [ledger.last_epoch(task.number) for task in again] == [2, 2]
    assert list(ledger.leaders().items()) == [(0, 1), (1, 1)]


def test_an_epoch_that_is_run_again_is_not_recorded_again(desk: Any, make_report: Any) -> None:
    ledger = desk.open()
    task = ledger.ask()
    ledger.report(task.number, task.attempt, make_report(1, 1.0))
    desk.close()
    ledger = desk.open()
    task = ledger.ask()
    ledger.report(task.number, task.attempt, make_report(1, 77.0))
    ledger.report(task.number, task.attempt, make_report(2, 2.0))
    assert desk.trials()[0].intermediate_values == {1: 1.0, 2: 2.0}


def test_an_epoch_that_comes_out_otherwise_when_it_is_run_again_is_not_believed(
    desk: Any, make_report: Any
) -> None:
    ledger = desk.open()
    task = ledger.ask()
    for epoch, value in enumerate([3.0, 1.0, 2.0], start=1):
        ledger.report(task.number, task.attempt, make_report(epoch, value))
    desk.close()
    ledger = desk.open()
    task = ledger.ask()
    caught_up = []
    for epoch, value in enumerate([0.5, 1.0, 0.5, 2.0], start=1):
        ledger.report(task.number, task.attempt, make_report(epoch, value))
        caught_up.append(ledger.has_caught_up(task.number))
    assert ledger.best_epoch(task.number) == 2
    assert caught_up == [False, False, True, True]


def test_a_verdict_that_a_dead_owner_owed_is_given_by_the_next(desk: Any, make_report: Any) -> None:
    ledger = desk.open()
    tasks = [ledger.ask() for _ in range(4)]
    for task in tasks[:3]:
        ledger.report(task.number, task.attempt, make_report(1, 1.0))
    doomed = tasks[3].number
    ledger._twin.report(ledger._running[doomed].pair, 1, 9.0)  # recorded, and then killed
    desk.close()
    ledger = desk.open()
    for _ in range(4):
        ledger.ask()
    assert ledger.report(doomed, 0, make_report(1, 9.0)) is Verdict.PRUNE, "run again, and judged"


def test_an_older_attempt_counts_no_more(desk: Any, make_report: Any) -> None:
    ledger = desk.open()
    task = ledger.ask()
    ledger.requeue(task.number, task.attempt, "gone", blames_trial=True)
    assert ledger.report(task.number, task.attempt, make_report(1, 1.0)) is Verdict.GONE
    again = ledger.ask()
    assert (again.number, again.attempt) == (task.number, task.attempt + 1)
    assert ledger.report(again.number, again.attempt, make_report(1, 1.0)) is Verdict.GO_ON


def test_losses_in_a_row_fail_a_trial_unless_it_gives_a_state(desk: Any) -> None:
    ledger = desk.open()
    number = ledger.ask().number

    def lose(attempt: int, *, blames: bool = True) -> Any:
        told = ledger.requeue(number, attempt, "killed", blames_trial=blames)
        if told is None:
            ledger.ask()
        return told

    for attempt in range(LOSSES - 1):
        assert lose(attempt) is None
    ledger.state_kept(number)
    for attempt in range(LOSSES - 1, 2 * LOSSES - 2):
        assert lose(attempt) is None
    assert lose(2 * LOSSES - 2, blames=False) is None
    told = lose(2 * LOSSES - 1)
    assert told.state == "failed"
    assert "3 times in a row: killed" in told.reason


def test_the_first_trials_all_failing_end_the_study_with_their_reason(desk: Any) -> None:
    ledger = desk.open()
    for _ in range(5):
        assert not ledger.budget_spent()
        task = ledger.ask()
        ledger.tell(task.number, task.attempt, Outcome(kind="failed", reason="no disk", best=None))
    with pytest.raises(TrialsFailed, match="no disk"):
        ledger.budget_spent()


def test_a_trial_told_by_someone_else_is_let_go_and_counts(desk: Any, make_report: Any) -> None:
    ledger = desk.open()
    task = ledger.ask()
    study = optuna.load_study(study_name=desk.spec.name, storage=desk.archive().storage)
    study.tell(task.number, state=TrialState.FAIL)
    assert ledger.report(task.number, task.attempt, make_report(1, 1.0)) is Verdict.GONE
    assert not ledger.is_running(task.number, task.attempt)
    assert ledger.open_places() == desk.spec.trials - 1


DELETED = r"^study 'small' was deleted from the database meanwhile$"


@pytest.mark.parametrize("what", ["report", "tell", "lose", "ask"])
def test_a_study_deleted_by_someone_else_ends_its_launch_whatever_is_written_next(
    what: str, desk: Any, make_report: Any
) -> None:
    ledger = desk.open()
    task = ledger.ask()
    for attempt in range(LOSSES - 1):
        ledger.requeue(task.number, attempt, "gone", blames_trial=True)
        task = ledger.ask()
    optuna.delete_study(study_name=desk.spec.name, storage=desk.archive().storage)
    given = (task.number, task.attempt)
    writes: dict[str, Callable[[], Any]] = {
        "report": lambda: ledger.report(*given, make_report(1, 1.0)),
        "tell": lambda: ledger.tell(*given, Outcome(kind="completed", reason="", best=None)),
        "lose": lambda: ledger.requeue(*given, "gone", blames_trial=True),
        "ask": ledger.ask,
    }
    with pytest.raises(StudyDeleted, match=DELETED):
        writes[what]()


@pytest.mark.parametrize("each_database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "error",
    [
        KeyError("no record"),
        sa.exc.IntegrityError("INSERT", {}, Exception("no such key")),
        StorageInternalError("an exception is raised during the commit"),
    ],
    ids=repr,
)
@pytest.mark.parametrize(
    "statement",
    [
        "create_new_trial",
        "get_trial_number_from_id",
        "set_trial_intermediate_value",
        "set_trial_user_attr",
        "set_trial_state_values",
    ],
)
def test_a_study_deleted_in_the_middle_of_a_statement_is_told_as_deleted(
    statement: str, error: Exception, desk: Any, make_report: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = desk.open()

    def fails(*_: Any, **__: Any) -> None:
        other = desk.archive().storage
        if desk.spec.name in [study.study_name for study in other.get_all_studies()]:
            optuna.delete_study(study_name=desk.spec.name, storage=other)
        raise error

    def missed(*_: Any, **__: Any) -> None:
        raise KeyError

    monkeypatch.setattr(desk.storage, "get_trial_id_from_study_id_trial_number", missed)
    monkeypatch.setattr(desk.storage, statement, fails)
    with pytest.raises(StudyDeleted, match=DELETED):
        finish(ledger, ledger.ask(), make_report)


@pytest.mark.parametrize("each_database", ["sqlite"], indirect=True)
def test_what_fails_while_the_study_is_there_is_told_as_what_it_is(
    desk: Any, make_report: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise StorageInternalError("malformed")

    ledger = desk.open()
    task = ledger.ask()
    monkeypatch.setattr(desk.storage, "set_trial_intermediate_value", fails)
    with pytest.raises(DatabaseTrouble, match="the database failed: malformed"):
        ledger.report(task.number, task.attempt, make_report(1, 1.0))


def test_a_repeated_suggestion_is_neither_recorded_nor_run(
    make_desk: Any, make_report: Any
) -> None:
    domains = {"heads": Choice(values=(1, 2, 4)), "hidden_size": Choice(values=(8, 16))}
    desk = make_desk(domains=domains, trials=50)
    ledger = desk.open()
    run_to_the_end(ledger, make_report)
    points = [tuple(sorted(trial.params.items())) for trial in desk.trials()]
    assert len(points) == len(set(points)) == desk.spec.space.point_count() == 6
    assert ledger.exhausted
    assert ledger.budget_spent()


def test_a_grid_is_walked_once_the_defaults_first(make_desk: Any, make_report: Any) -> None:
    domains = {"heads": Choice(values=(1, 2)), "hidden_size": Choice(values=(8, 12, 16))}
    desk = make_desk(domains=domains, trials=6, sampler="grid", pruner="none")
    ledger = desk.open()
    run_to_the_end(ledger, make_report)
    trials = desk.trials()
    assert trials[0].params == desk.spec.space.defaults()[0]
    rest = [point for point in desk.spec.space.grid() if point != trials[0].params]
    assert [trial.params for trial in trials[1:]] == rest


def test_a_stale_owner_can_write_nothing(desk: Any, make_desk: Any, make_report: Any) -> None:
    ledger = desk.open()
    task = ledger.ask()
    with desk.lease._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE coordinator_lease SET owner = 'another'")
    with pytest.raises(LeaseLost):
        ledger.report(task.number, task.attempt, make_report(1, 1.0))
    with pytest.raises(LeaseLost):
        ledger.ask()
    assert [trial.intermediate_values for trial in make_desk().trials()] == [{}]


def test_a_trial_that_somebody_else_enqueued_is_left_alone(desk: Any, make_report: Any) -> None:
    desk.open()
    desk.close()
    study = optuna.load_study(study_name=desk.spec.name, storage=desk.archive().storage)
    study.enqueue_trial({"heads": 2})
    ledger = desk.open()
    run_to_the_end(ledger, make_report)
    states = [trial.state for trial in desk.trials()]
    assert states.count(TrialState.WAITING) == 1
    assert len(states) == desk.spec.trials + 1


def test_a_trial_has_its_own_number_where_somebody_else_has_added_one_meanwhile(desk: Any) -> None:
    ledger = desk.open()
    first = ledger.ask()
    study = optuna.load_study(study_name=desk.spec.name, storage=desk.archive().storage)
    study.enqueue_trial({"heads": 2})
    later = [ledger.ask(), ledger.ask()]
    assert [task.number for task in (first, *later)] == [0, 2, 3]
    ours = [trial.number for trial in desk.trials() if summaries.NONCE in trial.user_attrs]
    assert ours == [0, 2, 3]


@pytest.mark.parametrize(
    ("sampler", "each_database"),
    [("tpe", "sqlite"), ("random", "sqlite"), ("grid", "sqlite"), ("tpe", "postgresql")],
    indirect=["each_database"],
)
def test_with_one_slot_a_study_replays_exactly_interrupted_or_not(
    sampler: str, make_desk: Callable[..., Any], make_report: Any
) -> None:
    domains = {  # few enough points that draws repeat themselves
        "variant": Choice(values=("embed_ffn", "lstm")),
        "hidden_size": Choice(values=(8, 12, 16, 20, 24, 28, 32, 36, 40)),
    }
    changes: dict[str, Any] = {"sampler": sampler, "trials": 16, "domains": domains}
    calm = make_desk(**changes)
    run_to_the_end(calm.open(), make_report)
    once = [(t.params, t.intermediate_values, t.state) for t in calm.trials()]
    calm.close()
    archive = calm.archive()
    archive.delete(archive.get("small"))
    torn = make_desk(**changes)
    for _ in range(16):
        ledger = torn.open()
        if (task := ledger.ask()) is not None:
            ledger.report(task.number, task.attempt, make_report(1, score(task, 1)))
        torn.close()
        ledger = torn.open()
        if (task := ledger.ask()) is not None:
            best = make_report(1, score(task, 1))
            if ledger.report(task.number, 0, best) is Verdict.PRUNE:
                ledger.tell(task.number, 0, Outcome(kind="stopped", reason="", best=best))
            else:
                finish(ledger, task, make_report)
        torn.close()
    twice = [(t.params, t.intermediate_values, t.state) for t in torn.trials()]
    assert twice == once


def test_seeds_of_trials_and_asks_are_their_own() -> None:
    seeds = {strategy.seed_of(number, seed=7) for number in range(50)}
    asks = {strategy.seed_of(number, draw, seed=7) for number in range(50) for draw in range(3)}
    assert len(seeds) == 50
    assert len(asks | seeds) == 200


def test_a_verdict_stands_whatever_others_do_meanwhile(desk: Any, make_report: Any) -> None:
    ledger = desk.open()
    tasks = [ledger.ask() for _ in range(12)]
    for task in tasks[:3]:
        ledger.report(task.number, task.attempt, make_report(1, 1.0))
    doomed = tasks[3]
    assert ledger.report(doomed.number, 0, make_report(1, 2.0)) is Verdict.PRUNE
    ledger.requeue(doomed.number, 0, "gone", blames_trial=True)
    for task in tasks[4:]:
        ledger.report(task.number, task.attempt, make_report(1, 9.0))
    assert ledger.ask().number == doomed.number
    assert not ledger._twin.judged_poor(ledger._running[doomed.number].pair)
    assert ledger.report(doomed.number, 1, make_report(1, 2.0)) is Verdict.PRUNE
    assert ledger.report(doomed.number, 1, make_report(2, 0.1)) is Verdict.PRUNE
    assert sorted(desk.trials()[3].intermediate_values) == [1]


@pytest.mark.parametrize("kind", ["diverged", "out_of_memory"])
def test_what_comes_after_a_verdict_teaches_the_sampler_nothing(
    kind: Any, desk: Any, make_report: Any
) -> None:
    ledger = desk.open()
    tasks = [ledger.ask() for _ in range(4)]
    for task in tasks[:3]:
        ledger.report(task.number, task.attempt, make_report(1, 1.0))
    ledger.report(3, 0, make_report(1, 2.0))
    late = Outcome(kind=kind, reason="", best=make_report(2, 0.1))
    told = ledger.tell(3, 0, late)
    assert desk.trials()[3].constraints == {}
    assert (told.value, told.best_epoch, told.reason) == (2.0, 1, "pruned at epoch 1")


@pytest.mark.parametrize("kind", ["out_of_memory", "failed"])
def test_a_fault_takes_nothing_from_what_a_trial_was_worth(
    kind: Any, desk: Any, make_report: Any
) -> None:
    ledger = desk.open()
    task = ledger.ask()
    for epoch, value in enumerate([2.0, 1.0, 1.5], start=1):
        ledger.report(task.number, task.attempt, make_report(epoch, value))
    told = ledger.tell(task.number, task.attempt, Outcome(kind=kind, reason="why", best=None))
    assert (told.value, told.best_epoch) == (1.0, 2)
    assert ledger.leaders() == {task.number: 2}


def test_a_study_whose_first_trials_failed_can_be_launched_again(
    desk: Any, make_report: Any
) -> None:
    ledger = desk.open()
    for _ in range(5):
        task = ledger.ask()
        ledger.tell(task.number, task.attempt, Outcome(kind="failed", reason="no disk", best=None))
    with pytest.raises(TrialsFailed):
        ledger.budget_spent()
    desk.close()
    ledger = desk.open()
    run_to_the_end(ledger, make_report)
    assert len(desk.trials()) == desk.spec.trials


def test_a_checkpoint_tells_the_loss_that_a_curve_does_not(
    make_desk: Any, make_report: Any
) -> None:
    desk = make_desk(objective="perplexity")
    ledger = desk.open()
    first, second = ledger.ask(), ledger.ask()
    ledger.report(first.number, 0, make_report(1, 2.0, 5.0))
    best = make_report(1, 2.0, 5.0)
    ledger.tell(first.number, 0, Outcome(kind="completed", reason="", best=best))
    ledger.report(second.number, 0, make_report(1, 1.0, 5.0))
    assert list(ledger.leaders()) == [1, 0]
    desk.close()
    ledger = desk.open()
    ledger.know(1, make_report(2, 0.1, 0.1))
    assert list(ledger.leaders()) == [0, 1], (
        "epoch 2 is not recorded, and the loss of epoch 1 unknown"
    )
    ledger.know(1, make_report(1, 1.0, 5.0))
    assert list(ledger.leaders()) == [1, 0]


def test_a_deleted_studys_id_used_again_is_not_written_to(desk: Any, make_report: Any) -> None:
    ledger = desk.open()
    task = ledger.ask()
    optuna.delete_study(study_name=desk.spec.name, storage=desk.archive().storage)
    other = optuna.create_study(study_name="other", storage=desk.archive().storage)
    other.ask()
    with pytest.raises(StudyDeleted):
        ledger.report(task.number, task.attempt, make_report(2, 77.0))
    assert other.trials[0].intermediate_values == {}


class Full:
    """A database that may not grow while it is full; waits a few times, then there is room."""

    def __init__(self) -> None:
        self.full = False
        self.waits = 0

    def limit(self, engine: sa.Engine) -> None:
        @sa.event.listens_for(engine, "checkout")
        def _(connection: Any, *_: object) -> None:
            most = 1 if self.full else 2**30  # never less than it has
            connection.execute(f"PRAGMA max_page_count = {most}")

    def __call__(self, work: Any) -> Any:
        for _ in range(3):
            try:
                return work()
            except Outage:
                self.waits += 1
        self.full = False
        try:
            return work()
        finally:
            self.full = True


@pytest.mark.parametrize("each_database", ["sqlite"], indirect=True)
def test_a_full_database_loses_and_doubles_no_fact(
    settings: Settings, make_desk: Any, make_report: Any
) -> None:
    with closing(sqlite3.connect(settings.sqlite_file)) as connection:
        for line in ("PRAGMA journal_mode = DELETE", "PRAGMA page_size = 512", "VACUUM"):
            connection.execute(line)  # small pages, so that it has to grow often
    calm = make_desk(name="calm")
    run_to_the_end(calm.open(), make_report)
    expected = [(t.number, t.params, t.intermediate_values, t.state) for t in calm.trials()]
    disk, desk = Full(), make_desk()
    ledger = desk.open(through=disk)
    disk.limit(desk.engine)
    disk.full = True
    run_to_the_end(ledger, make_report)
    assert disk.waits > 20
    found = [(t.number, t.params, t.intermediate_values, t.state) for t in desk.trials()]
    assert found == expected
    nonces = {trial.user_attrs[summaries.NONCE] for trial in desk.trials()}
    assert len(nonces) == len(expected)


@pytest.mark.parametrize("made", [True, False])
def test_a_commit_that_failed_and_may_have_been_made_is_never_made_twice(
    made: bool, desk: Any, make_report: Any
) -> None:
    fails = [True]

    def until_done(work: Any) -> Any:
        fails[0] = True
        while True:
            try:
                return work()
            except Outage:
                continue

    ledger = desk.open(through=until_done)

    class Session(sa.orm.Session):
        def commit(self) -> None:
            if made:
                super().commit()
            if fails[0]:
                fails[0] = False
                raise Outage("full")
            super().commit()

    desk.storage.scoped_session.session_factory.class_ = Session
    desk.storage.scoped_session.remove()
    told = [finish(ledger, ledger.ask(), make_report) for _ in range(3)]
    task = ledger.ask()
    outcome = Outcome(kind="diverged", reason="", best=None)
    told.append(ledger.tell(task.number, task.attempt, outcome))
    assert told[-1].state == "pruned"
    trials = desk.trials()
    assert [trial.number for trial in trials] == [0, 1, 2, 3]
    for trial, known in zip(trials, ledger._twin.memory.get_trials(), strict=True):
        assert known.user_attrs[summaries.NOTE] == trial.user_attrs[summaries.NOTE]
        assert (known.constraints, known.state) == (trial.constraints, trial.state)
        assert known.values == trial.values
    assert all(trial.state.is_finished() for trial in trials)
    for trial in trials:
        curve = trial.intermediate_values
        assert sorted(curve) == list(range(1, len(curve) + 1))


def test_an_epoch_that_is_the_newest_no_more_is_recorded_and_not_judged(
    desk: Any, make_report: Any
) -> None:
    ledger = desk.open()
    tasks = [ledger.ask() for _ in range(4)]
    for task in tasks[:3]:
        for epoch in (1, 2, 3):
            ledger.report(task.number, task.attempt, make_report(epoch, 1.0))
    late = tasks[3]
    for epoch in (1, 2, 3):  # the first and the third are rungs
        given = (late.number, late.attempt, make_report(epoch, 9.0))
        verdict = ledger.report(*given, is_newest=lambda epoch=epoch: epoch == 3)
        assert verdict is (Verdict.PRUNE if epoch == 3 else Verdict.GO_ON)
    assert sorted(desk.trials()[3].intermediate_values) == [1, 2, 3]
