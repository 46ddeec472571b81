"""What happens in a launch, in words: what a live view and plain lines both say."""

import math

from search.records import (
    Blocked,
    Ended,
    Ending,
    Lost,
    RunBy,
    Seen,
    Stopping,
    TrialSummary,
    Unblocked,
    Unseen,
    Waiting,
)
from search.render.rows import Standing
from search.render.tally import Tally
from search.verdict import baselines_in_words
from search.words import STATES, count, listed, number, out_of, pace, seconds, sense


def header(tally: Tally) -> dict[str, str]:
    """Say by name what runs, what it has found, beside what, how far it is, and how fast."""
    study = tally.study
    assert study is not None
    states = listed([f"{tally.ended[state]:,} {state}" for state in STATES])
    done = out_of(tally.finished, study.budget)
    facts = {
        "study": f"{study.name}, {study.task}",
        "objective": f"{study.objective} ({sense(study.direction)})",
        "best": worth(tally.best) if tally.best else "",
        "best default": worth(tally.best_default) if tally.best_default else "",
        "baselines": baselines_in_words(study.baselines, study.objective),
        "finished": f"{done}: {states}; {len(tally.running)} running",
        "pace": _pace(tally),
        "time left": "" if tally.stopping else _time_left(tally),
        "slots": slots(tally) if tally.lacks_room or tally.slots.lacking else "",
        "run by": run_by(tally.run_by) if tally.run_by else "",
        "now": _now(tally),
    }
    return {name: said for name, said in facts.items() if said}


def slots(tally: Tally) -> str:
    """Say how many slots there are: `1 ready, 1 starting`, `2 ready, 1 waits for room in Ray`."""
    given, said = tally.slots, ""
    if given.waiting and tally.lacks_room:
        said = f", {given.waiting} {'waits' if given.waiting == 1 else 'wait'} for room in Ray"
    elif given.waiting:
        said = f", {given.waiting} starting"
    lacking = f"; {given.lacking}" if given.lacking else ""
    return f"{given.ready} ready{said}{lacking}"


def worth(standing: Standing) -> str:
    """Say what a trial is worth so far: `0.9512 (trial 7, epoch 12)`."""
    return f"{number(standing.value)} (trial {standing.number}, epoch {standing.epoch})"


def waiting(fact: Waiting) -> str:
    """Say which silent owner is waited for, and how long at most."""
    return f"waiting for {fact.owner} to be silent for good: {seconds(max(0.0, fact.seconds))}"


def blocked(fact: Blocked) -> str:
    """Say what has failed, how long that is waited for, and that nothing is lost."""
    return (
        f"{fact.problem}; waiting up to {seconds(fact.seconds)}: running trials train on, "
        "and nothing is lost"
    )


def unblocked(fact: Unblocked) -> str:
    """Say that what was waited for is back."""
    return f"all is well again after {seconds(fact.seconds)}: the study goes on"


def run_by(fact: RunBy) -> str:
    """Say who runs a study: `host, process 12`, or what it waits for."""
    if fact.owner:
        return fact.owner
    if fact.queued is None or fact.queued.state != "waiting":
        return "nobody"
    return f"nobody, it waits for a server{f': {why}' if (why := fact.queued.reason) else ''}"


def unseen(fact: Unseen) -> str:
    """Say that a study cannot be read, and that it may go on all the same."""
    return f"out of sight, the study may go on: {fact.problem}"


def seen(fact: Seen) -> str:
    """Say that a study can be read again."""
    return f"in sight again after {seconds(fact.seconds)}"


def stopping(fact: Stopping) -> str:
    """Say why a launch ends and what is done about its running trials."""
    if fact.blocked:
        return f"{fact.ending.value}: running trials go on from the states before - {fact.blocked}"
    once_more = "; once more to end at once" if fact.ending is Ending.INTERRUPTED else ""
    return f"{fact.ending.value}: taking the states of running trials{once_more}"


def told(trial: TrialSummary) -> str:
    """Say how a trial has ended: `trial 7 pruned at epoch 3: 0.9512 at epoch 2 (34 s)`."""
    score = f": {number(trial.value)} at epoch {trial.best_epoch}" if trial.best_epoch else ""
    is_whole = trial.reason.startswith(f"{trial.state} at ")
    ended = trial.reason if is_whole else trial.state
    why = f" - {trial.reason}" if trial.reason and not is_whole else ""
    took = f" ({seconds(trial.seconds)})" if trial.seconds is not None else ""
    return f"trial {trial.number} {ended}{score}{took}{why}"


def lost(fact: Lost) -> str:
    """Say that a trial's worker is gone and what becomes of the trial."""
    return f"trial {fact.number} lost its worker, goes on from its last state: {fact.reason}"


def handed_in(fact: Ended) -> str:
    """Say that a trial that is interrupted can go on."""
    return f"trial {fact.number} gave its state, to go on later"


def _pace(tally: Tally) -> str:
    rates = {"trial": tally.pace.trials_per_minute, "epoch": tally.pace.epochs_per_minute}
    counted = [(pace(rate), name) for name, rate in rates.items() if rate]
    said = [f"{many} {name}{'' if many == '1' else 's'}" for many, name in counted]
    return f"{listed(said)} a minute" if said else ""


def _time_left(tally: Tally) -> str:
    """Say how long the budget will take, and when the launch ends even if it isn't spent."""
    left, allowed = tally.seconds_left, tally.seconds_allowed
    said = [f"about {seconds(left)}"] if left is not None else []
    if allowed is not None:
        said.append(f"its timeout is in {seconds(math.ceil(allowed))}")
    return "; ".join(said)


def _now(tally: Tally) -> str:
    """Say what keeps a launch from going on as ever; nothing where nothing does."""
    if tally.stopping is not None:
        return f"ending, {tally.stopping.value}; {count(len(tally.running), 'trial')} to hand in"
    if tally.blocked is None:
        return ""
    if isinstance(tally.blocked, Unseen):
        return f"out of sight for {seconds(tally.blocked_seconds)}: {tally.blocked.problem}"
    waiting = f"; {count(tally.unwritten, 'report')} to write" if tally.unwritten else ""
    return f"waiting for {seconds(tally.blocked_seconds)} now{waiting}: {tally.blocked.problem}"
