"""The ledger, when its owner dies between any two steps of what it writes."""

from contextlib import closing
from typing import Any

import pytest

from search.archive import Archive
from search.records import Outcome, TrialTask, Verdict

EPOCHS = {0: 2, 1: 1, 2: 1, 3: 2}
"""Of each trial; the poor one is pruned at its first."""
TRIALS = len(EPOCHS)
DIVERGED, POOR = 1, 3


def run(desk: Any, report: Any) -> None:
    """Go on with the study to its end, one trial at a time."""
    ledger = desk.open()
    while not ledger.budget_spent():
        train(ledger, ledger.ask(), report)
    desk.close()


def train(ledger: Any, task: TrialTask, report: Any) -> None:
    """Train a trial from its start, as one that has no state."""
    number, best = task.number, None
    for epoch in range(1, EPOCHS[number] + 1):
        best = report(epoch, 9.0 * (number == POOR) - number - 0.1 * epoch)
        if ledger.report(number, task.attempt, best) is Verdict.PRUNE:
            ledger.tell(number, task.attempt, Outcome(kind="stopped", reason="", best=best))
            return
    kind: Any = "diverged" if number == DIVERGED else "completed"
    ledger.tell(number, task.attempt, Outcome(kind=kind, reason=kind, best=best))


def facts(place: Any) -> list[Any]:
    """Read everything that was decided about the trials, by number."""
    with closing(Archive(place)) as archive:
        trials = archive.storage.get_all_trials(archive.get("small").id)
    for trial in trials:
        del trial.user_attrs["nonce"]
    return [
        (t.number, t.state.name, t.params, t.intermediate_values, t.constraints, t.user_attrs)
        for t in trials
    ]


@pytest.fixture
def calm(copied: Any, make_desk: Any, make_report: Any) -> list[Any]:
    """The facts of a study in which nobody dies; one that is created is left to those who do."""
    created = make_desk(trials=TRIALS)
    created.open()
    created.close()
    place = copied("calm")
    run(make_desk(place, trials=TRIALS), make_report)
    expected = facts(place)
    assert [state for _, state, *_ in expected] == ["COMPLETE", "PRUNED", "COMPLETE", "PRUNED"]
    return expected


def test_a_death_at_any_step_changes_nothing_of_what_comes_out(
    deaths: Any, calm: Any, make_desk: Any, make_report: Any
) -> None:
    def live(place: Any, _: Any) -> None:
        run(make_desk(place, trials=TRIALS), make_report)

    for place, _ in deaths(live):
        live(place, _)
        assert facts(place) == calm


@pytest.mark.parametrize("steps", [16, 19, 23])
def test_one_death_after_another_changes_nothing_of_what_comes_out(
    steps: int, lives: Any, settings: Any, calm: Any, make_desk: Any, make_report: Any
) -> None:
    def live(_: Any) -> None:
        run(make_desk(settings, trials=TRIALS), make_report)

    died = 0
    while not lives(live, steps)[0]:
        died += 1
        assert died < 100, "no life comes any further"
    assert died > 2
    assert facts(settings) == calm


def test_an_end_that_was_not_told_to_its_end_is_forgotten(
    deaths: Any, make_desk: Any, make_report: Any
) -> None:
    """Such as one out of memory, of which the next owner's machine has more."""
    desk = make_desk(trials=1)
    ledger = desk.open()
    task = ledger.ask()
    ledger.report(task.number, task.attempt, make_report(1, 1.0))
    desk.close()

    def live(place: Any, _: Any) -> None:
        ledger = make_desk(place, trials=1).open()
        task = ledger.ask()
        outcome = Outcome(kind="out_of_memory", reason="", best=None)
        ledger.tell(task.number, task.attempt, outcome)

    states = []
    for place, _ in deaths(live):
        run(make_desk(place, trials=1), make_report)
        ((_, state, _, _, constraints, _),) = facts(place)
        assert (state == "PRUNED") == any(value > 0 for value in constraints.values())
        states.append(state)
    assert set(states) == {"COMPLETE", "PRUNED"}
