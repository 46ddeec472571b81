"""Real workers on a real Ray: what they say, what they keep, what their loss is told as."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lstm_attn.config import DataConfig, ModelConfig, TaskConfig, TrainingConfig
from lstm_attn.data import prepare
from lstm_attn.reports import EpochReport
from lstm_attn.sequences import SequenceData
from search import workers
from search.records import (
    Ended,
    Event,
    Limits,
    Lost,
    Outcome,
    Quiet,
    Reported,
    Slots,
    StateGiven,
    TrialTask,
    WeightsGiven,
)
from search.workers.actor import Worker
from search.workers.guard import Guard

pytestmark = pytest.mark.slow

TRAINING = TrainingConfig(
    epochs=3,
    batch_size=4,
    learning_rate=0.01,
    weight_decay=0.01,
    objective="cross_entropy",
    context=8,
    epoch_steps=5,
    validation_rows=64,
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> SequenceData:
    file = tmp_path_factory.mktemp("data") / "text.txt"
    file.write_text("to be or not to be, that is the question. " * 30)
    return prepare(
        DataConfig(format="text", train=(str(file),), validation=0.2),
        TaskConfig(kind="language-modeling", inputs=("text",)),
    )


@pytest.fixture(scope="module")
def places(data: SequenceData) -> Iterator[workers.RayWorkers]:
    workers.connect(None, slots=2, cpus=1)
    made = workers.RayWorkers(data, slots=1, cpus=1, gpus=0.0)
    made.open(5)
    yield made
    made.close()
    workers.disconnect()


@pytest.fixture
def task(data: SequenceData) -> TrialTask:
    model = ModelConfig(
        variant="embed_ffn",
        input_size=data.input_size,
        output_size=data.input_size,
        tokens=True,
        causal=True,
        hidden_size=16,
        heads=2,
        ffn_width=8,
        embedding_dim=8,
    )
    return TrialTask(number=0, attempt=0, model=model, training=TRAINING, seed=5, threads=1)


def wait_free(places: workers.RayWorkers) -> Any:
    while not places.free_slots():
        places.next_event()
    return places.free_slots()[0]


def follow(places: workers.RayWorkers, until: type = Ended) -> list[Event]:
    """Take events until one of a kind, leaving out the quiet ones."""
    events: list[Event] = []
    while not events or not isinstance(events[-1], until):
        event = places.next_event()
        if not isinstance(event, Quiet):
            events.append(event)
    return events


def scores(events: list[Event]) -> list[tuple[int, float]]:
    return [
        (e.report.epoch, e.report.metrics["cross_entropy"])
        for e in events
        if isinstance(e, Reported)
    ]


def test_a_slot_exists_once_its_worker_is_ready(places: workers.RayWorkers) -> None:
    wait_free(places)
    assert places.slots == Slots(ready=1, waiting=0)


def test_a_trial_reports_each_epoch_and_ends_with_its_best_weights(
    places: workers.RayWorkers, task: TrialTask
) -> None:
    places.start(wait_free(places), task)
    events = follow(places)
    assert [epoch for epoch, _ in scores(events)] == [1, 2, 3]
    end = events[-1]
    assert isinstance(end, Ended)
    assert end.outcome.kind == "completed"
    assert end.weights is not None
    assert len(end.weights.fetch()) > 1000


def test_a_used_worker_gives_what_a_fresh_one_gives(
    places: workers.RayWorkers, task: TrialTask, data: SequenceData
) -> None:
    slot = wait_free(places)
    first = slot.where
    places.start(slot, replace(task, seed=99))
    follow(places)
    places.start(wait_free(places), replace(task, number=1))
    used = scores(follow(places))
    assert wait_free(places).where == first, "the worker is warm: the same process"
    fresh = Worker(data, gpu=False)
    said = [message for message in fresh.train(task) if isinstance(message, EpochReport)]
    assert used == [(report.epoch, report.metrics["cross_entropy"]) for report in said]


def test_a_worker_is_replaced_after_so_many_trials(
    places: workers.RayWorkers, task: TrialTask, data: SequenceData
) -> None:
    brief = workers.RayWorkers(data, slots=1, cpus=1, gpus=0.0, trials_a_worker=2)
    brief.open(1)
    where = []
    for number in range(3):
        where.append(wait_free(brief).where)
        brief.start(wait_free(brief), replace(task, number=number))
        follow(brief)
    brief.close()
    assert where[0] == where[1] != where[2]


def test_checkpoints_come_when_they_are_wished_for_and_lead_on(
    places: workers.RayWorkers, task: TrialTask
) -> None:
    long = replace(task, training=replace(TRAINING, epochs=4, epoch_steps=100))
    places.start(wait_free(places), long)
    events = follow(places, Reported)
    places.wish_state(0)
    places.wish_weights(0)
    given = follow(places, WeightsGiven)
    events += given
    (state,) = [event for event in given if isinstance(event, StateGiven)]
    content = state.payload.fetch()
    whole = scores(events + follow(places))
    places.start(wait_free(places), replace(long, state=content))
    rest = scores(follow(places))
    assert rest == whole[-len(rest) :]
    assert len(rest) == 4 - state.epoch


def test_a_stop_ends_a_trial_as_of_its_epoch(places: workers.RayWorkers, task: TrialTask) -> None:
    places.start(wait_free(places), replace(task, training=replace(TRAINING, epochs=50)))
    follow(places, Reported)
    places.stop(0, epoch=1)
    events = follow(places)
    end = events[-1]
    assert isinstance(end, Ended)
    assert (end.outcome.kind, len(scores(events)) <= 1) == ("stopped", True)
    assert end.outcome.best is not None
    assert end.outcome.best.epoch == 1


def test_a_wish_may_come_before_its_trial_does(data: SequenceData, task: TrialTask) -> None:
    worker = Worker(data, gpu=False)
    worker.hear(task.number, task.attempt, "stop", 1)
    worker.hear(task.number, task.attempt + 1, "hand_in")
    said = [m for m in worker.train(task) if isinstance(m, EpochReport | Outcome)]
    assert [type(message) for message in said] == [EpochReport, Outcome]
    again = list(worker.train(replace(task, attempt=task.attempt + 1)))
    assert isinstance(again[-1], Outcome)
    assert again[-1].kind == "handed_in"


@pytest.mark.parametrize(
    ("limits", "kind"),
    [(Limits(seconds=0.0), "out_of_time"), (Limits(memory=1), "out_of_memory")],
)
def test_a_trial_past_a_limit_ends_at_the_next_batch_as_of_its_last_epoch(
    limits: Limits, kind: str, data: SequenceData, task: TrialTask
) -> None:
    worker = Worker(data, gpu=False, limits=limits)
    said: list[Any] = []
    for message in worker.train(replace(task, training=replace(TRAINING, epochs=500))):
        said.append(message)
        if len(said) == 2:
            worker._guard.look()
    end = said[2]
    assert isinstance(end, Outcome)
    assert end.kind == kind
    assert end.best == min(said[:2], key=lambda report: report.metrics["cross_entropy"])
    assert isinstance(said[3], bytes)
    assert worker.alive() is None
    worker = Worker(data, gpu=False, limits=limits)
    assert [type(message) for message in worker.train(task)].count(EpochReport) == 3


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_trial_without_its_guard_fails_with_what_has_ended_that(
    data: SequenceData, task: TrialTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(_: Guard) -> None:
        raise errors.pop()

    errors: list[Exception] = [KeyError("a surprise"), OSError("too many files are open")]
    monkeypatch.setattr("search.workers.actor.LOOK_SECONDS", 0.01)
    monkeypatch.setattr(Guard, "look", look)
    worker = Worker(data, gpu=False)
    worker.ready()
    assert worker._looks is not None
    worker._looks._thread.join()
    assert errors == []
    with pytest.raises(KeyError, match="a surprise"):
        next(worker.train(task))


def test_a_worker_that_is_about_to_be_taken_away_hands_in_whatever_it_is_given(
    data: SequenceData, task: TrialTask
) -> None:
    worker = Worker(data, gpu=False)
    training = worker.train(task)
    next(training)
    worker._notice()
    kinds = [message.kind for message in training if isinstance(message, Outcome)]
    later = list(worker.train(replace(task, number=1)))
    assert kinds == ["handed_in"]
    assert later[0] == ("state", 0, 0)
    assert later[-1].kind == "handed_in"


def test_a_trial_that_raises_fails_with_the_reason_and_the_worker_is_replaced(
    places: workers.RayWorkers, task: TrialTask
) -> None:
    before = wait_free(places).where
    wrong = replace(task, state=b"no state at all")
    places.start(wait_free(places), wrong)
    (end,) = follow(places)
    assert isinstance(end, Ended)
    assert end.outcome.kind == "failed"
    assert "state" in end.outcome.reason
    assert wait_free(places).where != before


def test_a_killed_worker_is_told_as_a_loss_that_may_be_the_trials_doing(
    places: workers.RayWorkers, task: TrialTask
) -> None:
    slot = wait_free(places)
    places.start(slot, replace(task, training=replace(TRAINING, epochs=500)))
    follow(places, Reported)
    os.kill(int(slot.where.rpartition(":")[2]), signal.SIGKILL)
    lost = follow(places, Lost)[-1]
    assert isinstance(lost, Lost)
    assert lost.blames_trial
    assert lost.reason
    places.start(wait_free(places), task)
    assert len(scores(follow(places))) == 3


def test_data_are_read_where_ray_holds_them(data: SequenceData, places: workers.RayWorkers) -> None:
    """A worker's arrays are views into shared memory: read-only, and owners of nothing."""
    import ray

    fetched = ray.get(places._fleet._data)
    assert not fetched.train.inputs.flags.writeable
    assert not fetched.train.inputs.flags.owndata
    assert (fetched.train.inputs == data.train.inputs).all()


def test_idle_workers_go_back(places: workers.RayWorkers, tmp_path: Path) -> None:
    wait_free(places)
    places.release_idle()
    assert places.slots == Slots(ready=0, waiting=0)
    places.open(1)
    wait_free(places)
