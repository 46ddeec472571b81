"""A launch as it is shown."""

import io
import os
from collections.abc import Callable

import pytest

from lstm_attn.reports import EpochReport
from search.records import (
    Blocked,
    Ended,
    Ending,
    Fact,
    Lost,
    Opened,
    Outcome,
    Queued,
    Quiet,
    Reported,
    RunBy,
    Seen,
    Slots,
    Started,
    Stopping,
    StudySummary,
    Told,
    TrialSummary,
    Unblocked,
    Unseen,
    Waiting,
)
from search.render import live
from search.render.lines import Lines
from search.render.live import LiveView
from search.render.progress import PLAIN, Silence, busy, progress

Trial = Callable[..., TrialSummary]
Study = Callable[..., StudySummary]


class Terminal(io.StringIO):
    """What a terminal is to those who write on it."""

    def isatty(self) -> bool:
        return True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def reported(number: int, epoch: int, accuracy: float) -> Reported:
    report = EpochReport(
        epoch=epoch,
        training_loss=1.0,
        metrics={"accuracy": accuracy, "cross_entropy": 1.0},
        seconds=1.0,
        rows_per_second=1.0,
    )
    return Reported(number=number, attempt=0, report=report)


def started(number: int, params: dict[str, str | int | float] | None = None) -> Started:
    return Started(number=number, params=params or {"heads": 4}, epoch=0, default=number == 0)


HANDED_IN = Ended(
    number=2,
    attempt=0,
    outcome=Outcome(kind="handed_in", reason="", best=None),
    weights=None,
)


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    for variable in PLAIN:
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def facts(make_study: Study, make_trial: Trial) -> list[Fact]:
    waiting = [Waiting(owner="there, process 7", seconds=left) for left in (12.0, 11.0)]
    return [
        *waiting,
        Opened(study=make_study(budget=3), epochs=9, notes=("the context is 26",)),
        Slots(ready=1, waiting=2),
        started(0),
        Quiet(),
        reported(0, 1, 0.5),
        reported(0, 2, 0.4),
        Told(trial=make_trial(0, 0.5, default=True)),
        started(1),
        Lost(number=1, attempt=0, reason="killed", blames_trial=True),
        started(1),
        Told(trial=make_trial(1, reason="its worker was lost 3 times")),
        Lost(number=1, attempt=1, reason="killed", blames_trial=True),
        started(2),
        HANDED_IN,
        Quiet(),
    ]


def test_where_it_is_shown_decides_how() -> None:
    assert isinstance(progress(Terminal(), quiet=False), LiveView)
    assert isinstance(progress(io.StringIO(), quiet=False), Lines)
    assert isinstance(progress(Terminal(), quiet=True), Silence)


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(progress(Terminal(), quiet=False), Lines)


@pytest.mark.parametrize("variable", ["NO_COLOR", "CI"])
def test_an_environment_that_wants_no_drawing_gets_lines(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "1")
    assert isinstance(progress(Terminal(), quiet=False), Lines)
    monkeypatch.setenv(variable, "")
    assert isinstance(progress(Terminal(), quiet=False), LiveView)


def test_colours_asked_for_make_no_terminal_of_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert isinstance(progress(io.StringIO(), quiet=False), Lines)


def test_lines_tell_what_happens_once(facts: list[Fact]) -> None:
    file = io.StringIO()
    with progress(file, quiet=False, clock=Clock()) as shown:
        for fact in facts:
            shown.watch(fact)
    assert file.getvalue().splitlines() == [
        "waiting for there, process 7 to be silent for good: 12 s",
        "study: vowels, classification",
        "objective: accuracy (higher is better)",
        "baselines: 0.9861 logistic regression (strong), 0.1250 majority",
        "finished: 0 of 3: 0 complete, 0 pruned and 0 failed; 0 running",
        "the context is 26",
        "slots: 1 ready, 2 starting",
        "trial 0 (default) starts: heads=4",
        "new best: 0.5000 (trial 0, epoch 1)",
        "trial 0 complete: 0.5000 at epoch 1 (12 s); 1 of 3 finished",
        "trial 1 starts: heads=4",
        "trial 1 lost its worker, goes on from its last state: killed",
        "trial 1 starts: heads=4",
        "trial 1 failed (12 s) - its worker was lost 3 times; 2 of 3 finished",
        "trial 2 starts: heads=4",
        "trial 2 gave its state, to go on later",
    ]


def said(facts: list[Fact], clock: Clock, step: float) -> list[str]:
    """Give the lines of facts that come so many seconds after one another."""
    file = io.StringIO()
    with progress(file, quiet=False, clock=clock) as shown:
        for fact in facts:
            clock.now += step
            shown.watch(fact)
    return file.getvalue().splitlines()


def bests(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("new best")]


def test_a_trial_that_learns_fast_is_told_of_when_it_leads_first_and_when_it_ends(
    make_study: Study, make_trial: Trial
) -> None:
    facts: list[Fact] = [*opening(make_study(), 28)]
    facts += [reported(0, epoch, epoch / 100) for epoch in range(1, 29)]
    facts += [Told(trial=make_trial(0, 0.28, best_epoch=28))]
    lines = said(facts, Clock(), 0.5)
    assert bests(lines) == [
        "new best: 0.01000 (trial 0, epoch 1)",
        "new best: 0.2800 (trial 0, epoch 28)",
    ]
    assert lines[-1].startswith("trial 0 complete: 0.2800 at epoch 28")


def test_slots_that_do_not_start_for_long_are_said_to_wait_for_room(make_study: Study) -> None:
    facts: list[Fact] = [*opening(make_study(), 9), Slots(ready=0, waiting=1)]
    facts += [Quiet()] * 30 + [Slots(ready=1, waiting=0)]
    lines = said(facts, Clock(), 1)
    assert [line for line in lines if line.startswith("slots")] == [
        "slots: 0 ready, 1 starting",
        "slots: 0 ready, 1 waits for room in Ray",
        "slots: 1 ready",
    ]


def test_a_trial_that_learns_for_long_is_told_of_now_and_then(make_study: Study) -> None:
    facts: list[Fact] = [*opening(make_study(), 61)]
    facts += [reported(0, epoch, epoch / 100) for epoch in range(1, 62)]
    assert bests(said(facts, Clock(), 1)) == [
        f"new best: {epoch / 100:#.4g} (trial 0, epoch {epoch})" for epoch in (1, 31, 61)
    ]


def test_a_best_that_was_held_back_is_told_once_it_is_due(make_study: Study) -> None:
    facts: list[Fact] = [*opening(make_study(), 9), reported(0, 1, 0.5), reported(0, 2, 0.6)]
    quiet: list[Fact] = [Quiet()] * 40
    assert bests(said([*facts, *quiet], Clock(), 1)) == [
        "new best: 0.5000 (trial 0, epoch 1)",
        "new best: 0.6000 (trial 0, epoch 2)",
    ]


def test_trials_that_take_the_lead_from_one_another_are_told_of_once_each(
    make_study: Study,
) -> None:
    facts: list[Fact] = [*opening(make_study(), 9), started(1)]
    for epoch in range(1, 10):
        facts += [reported(number, epoch, epoch / 10 + number / 100) for number in (0, 1)]
    lines = said(facts, Clock(), 0.5)
    assert bests(lines) == [
        "new best: 0.1000 (trial 0, epoch 1)",
        "new best: 0.1100 (trial 1, epoch 1)",
    ]


@pytest.mark.parametrize(
    "gone",
    [
        Lost(number=0, attempt=0, reason="killed", blames_trial=False),
        Ended(number=0, attempt=0, outcome=HANDED_IN.outcome, weights=None),
    ],
)
def test_a_best_that_was_held_back_is_told_when_its_trial_stops_for_now(
    make_study: Study, gone: Fact
) -> None:
    facts: list[Fact] = [*opening(make_study(), 9), reported(0, 1, 0.5), reported(0, 2, 0.6)]
    assert bests(said([*facts, gone], Clock(), 1))[1:] == ["new best: 0.6000 (trial 0, epoch 2)"]


FULL: list[Fact] = [
    Blocked(problem="the store /x cannot be written: full - make room", seconds=600.0),
    Unblocked(seconds=23.0),
    Stopping(ending=Ending.INTERRUPTED, blocked="the store /x cannot be written: full"),
]


def test_lines_tell_of_a_study_that_runs_elsewhere() -> None:
    file = io.StringIO()
    waiting, ended = (Queued(state=state, reason="no room") for state in ("waiting", "ended"))
    with progress(file, quiet=False, clock=Clock()) as shown:
        for fact in (
            RunBy(owner=None, queued=waiting),
            RunBy(owner="there, process 7", queued=waiting),
            Unseen(problem="the database is out of reach"),
            Seen(seconds=3.0),
            RunBy(owner=None, queued=ended),
        ):
            shown.watch(fact)
    assert file.getvalue().splitlines() == [
        "run by: nobody, it waits for a server: no room",
        "run by: there, process 7",
        "out of sight, the study may go on: the database is out of reach",
        "in sight again after 3 s",
        "run by: nobody",
    ]


def test_who_runs_a_study_that_is_followed_is_said_once(make_study: Study) -> None:
    file = io.StringIO()
    with progress(file, quiet=False, clock=Clock()) as shown:
        shown.watch(RunBy(owner="there, process 7", queued=None))
        shown.watch(Opened(study=make_study(), epochs=9, notes=()))
    assert file.getvalue().count("run by: there, process 7") == 1


def test_lines_for_a_reader_end_with_it() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with (
        os.fdopen(writer, "w") as file,
        pytest.raises(BrokenPipeError),
        progress(file, quiet=False, for_reader=True) as shown,
    ):
        shown.watch(Seen(seconds=3.0))


def test_lines_tell_of_a_full_disk_and_that_it_goes_on() -> None:
    file = io.StringIO()
    with progress(file, quiet=False, clock=Clock()) as shown:
        for fact in FULL:
            shown.watch(fact)
    assert file.getvalue().splitlines() == [
        (
            "the store /x cannot be written: full - make room; waiting up to 10 min: "
            "running trials train on, and nothing is lost"
        ),
        "all is well again after 23 s: the study goes on",
        (
            "it was interrupted: running trials go on from the states before - "
            "the store /x cannot be written: full"
        ),
    ]


def test_the_live_view_tells_of_a_full_disk_before_and_after_a_study_is_opened(
    facts: list[Fact],
) -> None:
    file = Terminal()
    with progress(file, quiet=False, clock=Clock()) as shown:
        for fact in (*FULL, *facts, *FULL):
            shown.watch(fact)
    assert file.getvalue().count("the store /x cannot be written: full - make room;") == 2
    assert file.getvalue().count("all is well again after 23 s") == 2
    assert file.getvalue().count("running trials go on from the states before") == 2


def test_silence_is_silent(facts: list[Fact], capsys: pytest.CaptureFixture[str]) -> None:
    file = Terminal()
    with progress(file, quiet=True) as shown:
        for fact in facts:
            shown.watch(fact)
    assert file.getvalue() == ""
    assert capsys.readouterr() == ("", "")


def test_a_reader_that_goes_away_does_not_end_the_launch(facts: list[Fact]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as file, progress(file, quiet=False) as shown:
        for fact in facts:
            shown.watch(fact)
        file.write("nor does what comes after")
        file.flush()


def test_the_live_view_takes_every_fact_and_leaves_the_terminal_as_it_was(
    facts: list[Fact],
) -> None:
    file, clock = Terminal(), Clock()
    with progress(file, quiet=False, clock=clock) as shown:
        for fact in facts:
            clock.now += 1
            shown.watch(fact)
    text = file.getvalue()
    assert "the context is 26" in text
    assert "trial 1 lost its worker" in text
    assert "trial 1 failed" in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 2  # the cursor is shown again


def opening(study: StudySummary, epochs: int) -> list[Fact]:
    return [Opened(study=study, epochs=epochs, notes=()), started(0)]


def test_the_live_view_is_drawn_now_and_then_however_much_happens(
    make_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    draw = live.frame
    monkeypatch.setattr(live, "frame", lambda *a, **b: drawn.append(1) or draw(*a, **b))
    clock = Clock()
    with progress(Terminal(), quiet=False, clock=clock) as shown:
        for fact in opening(make_study(), 5000):
            shown.watch(fact)
        for epoch in range(1, 5001):
            clock.now += 0.001
            shown.watch(reported(0, epoch, 0.5))
    assert 5 / live.REDRAW_SECONDS * 0.9 <= len(drawn) <= 5 / live.REDRAW_SECONDS + 1


def test_what_looks_the_same_is_not_drawn_again(make_study: Study) -> None:
    file, clock = Terminal(), Clock()
    with progress(file, quiet=False, clock=clock) as shown:
        for fact in opening(make_study(), 9):
            clock.now += 1
            shown.watch(fact)
        before = len(file.getvalue())
        for _ in range(9):
            clock.now += 1
            shown.watch(Quiet())
        assert len(file.getvalue()) == before
        clock.now += 1
        shown.watch(reported(0, 1, 0.5))
        assert len(file.getvalue()) > before


def test_being_busy_is_said_on_terminals_alone() -> None:
    file, terminal = io.StringIO(), Terminal()
    with busy("checking [x]", file, quiet=False) as say:
        say("still checking")
    with busy("checking [x]", terminal, quiet=True) as say:
        say("still checking")
    assert file.getvalue() == terminal.getvalue() == ""
    with busy("checking [x]", terminal, quiet=False) as say:
        say("still checking")
    assert "still checking" in terminal.getvalue()
