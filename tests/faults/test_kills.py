"""Kills at bad moments, for real: processes, Ray, SQLite, files."""

import os
import signal
import time
from random import Random
from typing import Any

import pytest

pytestmark = pytest.mark.slow


_RUN = Random(os.environ.get("PYTEST_XDIST_TESTRUNUID"))
"""Processes that share the tests of a run have to agree on their names."""
SEED = int(os.environ.get("LSTM_SEARCH_KILL_SEED") or _RUN.randrange(10**6))
"""Another each time, and in the test's name; set the variable to it to have the same kills."""
KILLED = ("coordinator", "coordinator", "worker", "worker")
"""Of workers not enough to blame a trial for their loss."""


@pytest.mark.parametrize("seed", [SEED], ids=[f"LSTM_SEARCH_KILL_SEED={SEED}"])
def test_a_study_under_random_kills_ends_whole_and_exports_and_replays_to_the_bit(
    seed: int, bench: Any
) -> None:
    chance = Random(seed)
    bench.write(trials=8, steps=60)
    process = bench.launch()
    for victim in chance.sample(KILLED, len(KILLED)):
        goal = bench.epochs() + chance.randint(0, 5)
        while bench.epochs() < goal and process.poll() is None:
            time.sleep(0.1)
        time.sleep(chance.uniform(0.0, 0.5))  # any moment will do, between two epochs too
        if process.poll() is not None:
            break  # early verdicts have made it a short study
        workers = bench.worker_pids(process)
        if victim == "worker" and workers:
            os.kill(chance.choice(workers), signal.SIGKILL)
        else:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            process = bench.launch()
    code, _, said = bench.finish(process)
    assert code == 0, said
    bench.check_whole(8)
    bench.check_exports()
    bench.check_replays(chance.sample(range(8), 2))


def test_a_killed_workers_trial_goes_on_from_its_state_elsewhere(bench: Any) -> None:
    bench.write(trials=4, steps=150)
    process = bench.launch()
    bench.wait_until(lambda: bool(bench.states()), process)
    for pid in bench.worker_pids(process):
        os.kill(pid, signal.SIGKILL)
    code, _, said = bench.finish(process)
    assert code == 0, said
    assert "lost" in said
    bench.check_whole(4)
    bench.check_replays([0, 1])


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_launch_hands_in_and_goes_on(
    number: signal.Signals, expected: int, bench: Any
) -> None:
    bench.write(trials=3, steps=100)
    process = bench.launch()
    bench.wait_until(lambda: bench.epochs() >= 2, process)
    os.kill(process.pid, number)
    code, _, said = bench.finish(process)
    assert code == expected, said
    running = [trial for trial in bench.trials() if not trial.state.is_finished()]
    assert running
    held = {int(path.name.split("-")[1]) for path in bench.states()}
    assert held == {trial.number for trial in running}
    code, _, said = bench.finish(bench.launch())
    assert code == 0, said
    bench.check_whole(3)
    bench.check_replays([running[0].number])


def test_a_second_launch_is_refused_and_stop_ends_the_first(bench: Any) -> None:
    from search import operations

    bench.write(trials=40, steps=200)
    first = bench.launch()
    bench.wait_until(lambda: bench.epochs() >= 1, first)
    code, _, said = bench.finish(bench.launch())
    assert code == 3, said
    assert "is being run by" in said
    assert operations.status(bench.settings, "short").owner is not None
    assert operations.stop(bench.settings, "short") == "asked"
    code, _, said = bench.finish(first)
    assert code == 130, said
    assert operations.stop(bench.settings, "short") == "idle"


def test_a_launch_ends_at_its_timeout_and_the_next_goes_on(bench: Any) -> None:
    bench.write(trials=3, steps=60)
    code, _, said = bench.finish(bench.launch("--timeout", "14s"))
    assert code == 0, said
    code, _, said = bench.finish(bench.launch())
    assert code == 0, said
    bench.check_whole(3)
    code, out, said = bench.finish(bench.launch())
    assert code == 0, said
    assert "--trials" in out
    bench.check_whole(3)
    code, _, said = bench.finish(bench.launch("--trials", "4"))
    assert code == 0, said
    bench.check_whole(4)
