"""One picture of a launch, at several sizes of a terminal."""

import io
import re
from collections.abc import Callable

import pytest

from lstm_attn.reports import EpochReport
from search.records import (
    Blocked,
    Ending,
    Fact,
    Lost,
    Opened,
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
    Unwritten,
)
from search.render.frame import frame
from search.render.layout import console
from search.render.signs import COARSE, FINE, Signs
from search.render.tally import START_SECONDS, Tally

Trial = Callable[..., TrialSummary]
Study = Callable[..., StudySummary]
SIZES = {"variant": "ffn", "dropout": 0.1, "hidden_size": 64, "layers": 2, "heads": 4}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def reported(number: int, epoch: int, accuracy: float) -> Reported:
    metrics = {"accuracy": accuracy, "cross_entropy": 1.0}
    report = EpochReport(
        epoch=epoch, training_loss=1.0, metrics=metrics, seconds=1.0, rows_per_second=1.0
    )
    return Reported(number=number, attempt=0, report=report)


def started(number: int, **changes: object) -> Started:
    fields = {"number": number, "params": SIZES, "epoch": 0, "default": False, "where": "here.x:7"}
    return Started(**{**fields, **changes})


def drawn(tally: Tally, width: int = 80, height: int = 24, signs: Signs = FINE) -> str:
    file = io.StringIO()
    picture = frame(tally, width=width, height=height, signs=signs)
    console(file, width).print(picture, crop=False)
    return file.getvalue()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tally(clock: Clock, make_study: Study) -> Tally:
    tally = Tally(clock)
    tally.take(Opened(study=make_study(budget=40), epochs=9, notes=(), seconds=1200.0))
    return tally


def take(tally: Tally, *facts: Fact) -> None:
    for fact in facts:
        tally.take(fact)


def line(text: str, beginning: str) -> str:
    [found] = re.findall(rf"^ *{beginning}.*", text, re.MULTILINE)
    return found


def test_a_row_says_number_epochs_score_trend_slot_and_sizes(tally: Tally) -> None:
    take(tally, started(7), started(8), reported(8, 1, 0.4), reported(8, 2, 0.7))
    take(tally, reported(8, 3, 0.6))
    row = line(drawn(tally), "8 ")
    words = " ".join(row.split())
    assert words == "8 ━━━───── 3/9 0.6000 ▁█▆ 2 ffn 2x64 heads=4 dropout=0.1"
    assert "0/9" in line(drawn(tally), "7 ")


def test_a_wide_terminal_shows_best_epochs_and_machines_too(tally: Tally) -> None:
    take(tally, started(8), reported(8, 1, 0.7), reported(8, 2, 0.6))
    assert "0.7000  1 here" in line(drawn(tally, 120), "8 ")
    assert "here" not in drawn(tally, 80)


def test_the_header_says_best_default_baselines_budget_and_time(
    tally: Tally, clock: Clock, make_trial: Trial
) -> None:
    take(tally, started(0, default=True), started(1))
    clock.now += 60
    take(
        tally,
        reported(0, 1, 0.5),
        reported(1, 1, 0.7),
        Told(trial=make_trial(0, 0.5, default=True)),
    )
    text = drawn(tally)
    assert line(text, "best  ").split(maxsplit=1)[1].strip() == "0.7000 (trial 1, epoch 1)"
    assert "0.5000 (trial 0, epoch 1)" in line(text, "best default")
    assert "0.9861 logistic regression (strong), 0.1250 majority" in line(text, "baselines")
    assert "1 of 40: 1 complete, 0 pruned and 0 failed; 1 running" in line(text, "finished")
    assert "1 trial and 2 epochs a minute" in line(text, "pace")
    assert "about 39 min; its timeout is in 19 min" in line(text, "time left")
    clock.now += 19 * 60 - 0.25
    assert "its timeout is in 1 s" in line(drawn(tally), "time left")
    take(tally, Stopping(ending=Ending.TIMEOUT))
    assert "time left" not in drawn(tally)


def test_the_last_finished_are_shown_with_their_reasons(tally: Tally, make_trial: Trial) -> None:
    reasons = [f"reason {number}" for number in range(9)]
    for number, reason in enumerate(reasons):
        take(tally, started(number), Told(trial=make_trial(number, reason=reason)))
    take(tally, Told(trial=make_trial(9, 0.5, seconds=200.0)))
    rows = drawn(tally).partition("ended")[2].splitlines()[1:]
    assert [row.split()[0] for row in rows] == ["9", "8", "7", "6", "5"]
    assert "at epoch" in drawn(tally)
    assert rows[0].split()[:6] == ["9", "complete", "0.5000", "1", "3", "min"]
    assert "reason 8" in rows[1]


def test_what_holds_a_launch_up_stands_there_as_long_as_it_does(tally: Tally, clock: Clock) -> None:
    blocked = Blocked(problem="the store /x cannot be written: full", seconds=600.0)
    take(tally, started(0), blocked)
    clock.now += 12
    take(tally, Unwritten(reports=3))
    said = "waiting for 12 s now; 3 reports to write: the store /x cannot be wri…"
    assert said in line(drawn(tally), "now")
    take(tally, Unwritten(reports=0), Unblocked(seconds=12.0))
    assert "now" not in drawn(tally)
    take(tally, Stopping(ending=Ending.INTERRUPTED))
    assert "ending, it was interrupted; 1 trial to hand in" in line(drawn(tally), "now")


def test_a_study_that_runs_elsewhere_says_by_whom_and_whether_it_can_be_seen(
    tally: Tally, clock: Clock
) -> None:
    assert "run by" not in drawn(tally)
    take(tally, RunBy(owner="there, process 7", queued=None), started(0, where=""))
    assert "there, process 7" in line(drawn(tally), "run by")
    take(tally, Unseen(problem="the database is out of reach"))
    clock.now += 5
    assert "out of sight for 5 s: the database is out of reach" in line(drawn(tally), "now")
    take(tally, Seen(seconds=5.0))
    assert "out of sight" not in drawn(tally)


def test_slots_are_spoken_of_where_some_are_missing_for_long(tally: Tally, clock: Clock) -> None:
    take(tally, Slots(ready=2, waiting=0))
    assert "slots" not in drawn(tally)
    take(tally, Slots(ready=2, waiting=1))
    assert "slots" not in drawn(tally)
    clock.now += START_SECONDS
    assert "1 waits for room in Ray" in line(drawn(tally), "slots")


def test_a_trial_without_a_worker_says_so(tally: Tally) -> None:
    take(tally, started(0), Lost(number=0, attempt=0, reason="killed", blames_trial=True))
    assert "worker lost" in line(drawn(tally), "0 ")
    assert "lost" in line(drawn(tally, 60), "0 ")


@pytest.mark.parametrize("signs", [FINE, COARSE])
@pytest.mark.parametrize("height", [5, 12, 24, 60])
@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("trials", [0, 1, 300])
def test_it_fits_every_terminal(
    trials: int,
    width: int,
    height: int,
    signs: Signs,
    make_study: Study,
    make_trial: Trial,
) -> None:
    tally = Tally(Clock())
    name = "a-study-with-a-name-that-is-rather-long-for-any-line"
    study = make_study(budget=5000, name=name, objective="accuracy")
    take(tally, Opened(study=study, epochs=1000, notes=()), Slots(ready=300, waiting=1))
    long = {f"a_rather_long_name_{n}": 0.123456 for n in range(9)}
    for number in range(trials):
        take(tally, started(number, params=long, where="a-long-name-of-a-machine.example:1"))
        take(tally, reported(number, 1, 0.5))
        take(tally, Told(trial=make_trial(number + 1000, 0.5, reason="of all the reasons " * 9)))
    text = drawn(tally, width, height, signs)
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    assert signs is FINE or text.isascii()
    if height >= 24:
        assert len(lines) < height
        shown = len(re.findall(r"^ *\d+ +\S* *1/10", text, re.MULTILINE))
        left_out = re.findall(r"^and (\d+) more", text, re.MULTILINE)
        assert shown + sum(map(int, left_out)) == trials


def test_it_looks_the_same_from_draw_to_draw(tally: Tally) -> None:
    """Columns stay where they are, whatever stands in them."""
    take(tally, started(0))
    before = drawn(tally).splitlines()
    take(tally, *(reported(0, epoch, 0.123456 * epoch) for epoch in range(1, 9)))
    after = drawn(tally).splitlines()
    title = next(one for one in before if one.startswith("trial"))
    assert title in after
