"""Which weights are exported: of the best that are kept, a running trial's newest, none damaged."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from lstm_attn.checkpoint import read_config
from lstm_attn.reports import EpochReport, Wish
from search import trial
from search.checkpoints import Store, at, checkpoints
from search.errors import ExportRefused, StoreError, VerificationFailed

pytestmark = pytest.mark.usefixtures("in_this_process")


@pytest.fixture
def running(studies, tmp_path, as_payload):
    """A study whose only trial still runs, its weights those of epoch 1, its state from later."""
    study = studies("forecasting")
    store = Store(at(str(tmp_path / "store")), generation=1, keep=5, may_delete=lambda: True)
    task = study.task(0, study.spec.space.defaults()[0])
    task = replace(task, training=replace(task.training, epochs=20))
    wish, curve = Wish(), {}
    for message in trial.train(task, study.data, wish, device="cpu"):
        match message:
            case EpochReport(epoch=epoch, metrics=metrics):
                curve[epoch] = metrics["rmse"]
                if epoch == 1:
                    wish.weights()
                elif curve[epoch] < curve[1]:
                    wish.hand_in()
            case trial.Given(kind="weights"):
                payload = as_payload(message.content)
                store.keep_weights(0, epoch=1, payload=payload, leaders={0: 1})
            case trial.Given(kind="state"):
                payload = as_payload(message.content)
                store.keep_state(0, epoch=message.epoch, step=0, payload=payload)
    store.close()
    best = min(curve, key=lambda epoch: curve[epoch])
    assert best > 1
    summary = replace(
        study.best,
        number=0,
        state="running",
        params=study.spec.space.defaults()[0],
        curve=curve,
        best_epoch=best,
        value=curve[best],
        metrics={"rmse": curve[best]},
        seconds=None,
    )
    alone = replace(study.study, trials=(summary,), leaders=(summary,))
    return replace(study, study=alone, store=store.place)


def forget(store: Path, kind: str) -> None:
    for checkpoint in checkpoints(store):
        if checkpoint.kind == kind:
            path_of(checkpoint).unlink()


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("gone", ["weights", "nothing"])
def test_a_running_trial_is_worth_the_best_epoch_of_its_state(running, tmp_path, gone):
    forget(running.store, gone)
    [one] = running.export(tmp_path / "out")
    assert one.recorded == running.best.value
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert (metrics["state"], metrics["epoch"]) == ("running", running.best.best_epoch)
    config = read_config(tmp_path / "out")
    assert (config["device"], config["threads"]) == (trial.device_name("cpu"), 1)


def test_a_running_trial_without_a_state_is_worth_the_epoch_of_its_weights(running, tmp_path):
    forget(running.store, "state")
    [one] = running.export(tmp_path / "out")
    assert one.recorded == running.best.curve[1] != running.best.value
    card = (tmp_path / "out" / "README.md").read_text()
    assert f"epoch 1; those of epoch {running.best.best_epoch}, its best, weren't kept" in card


def test_a_running_trials_weights_outlive_damage_to_its_state(running, tmp_path):
    for checkpoint in checkpoints(running.store):
        if checkpoint.kind == "state":
            damage(path_of(checkpoint))
    [one] = running.export(tmp_path / "out")
    assert one.recorded == running.best.curve[1]


def test_a_running_trials_state_outlives_damage_to_its_weights(running, tmp_path):
    for checkpoint in checkpoints(running.store):
        if checkpoint.kind == "weights":
            damage(path_of(checkpoint))
    [one] = running.export(tmp_path / "out")
    assert one.recorded == running.best.value


def test_weights_are_held_to_what_the_database_recorded_of_their_epoch(running, tmp_path):
    forget(running.store, "state")
    wrong = running.with_best(curve={**running.best.curve, 1: 9.0})
    with pytest.raises(VerificationFailed, match="rmse was recorded as 9 and is"):
        running.export(tmp_path / "out", study=wrong)


def test_a_trial_whose_weights_are_not_kept_is_passed_over(own_study, tmp_path):
    first, second, *_ = own_study.study.leaders
    for checkpoint in checkpoints(own_study.store):
        if checkpoint.number == first.number:
            path_of(checkpoint).unlink()
    [one] = own_study.export(tmp_path / "out")
    assert one.number == second.number
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["rank"] == 2


def test_damaged_weights_are_named_and_nothing_is_left(own_study, tmp_path):
    [path] = [path_of(c) for c in checkpoints(own_study.store) if c.number == own_study.best.number]
    damage(path)
    with pytest.raises(StoreError, match=f"{path} is damaged"):
        own_study.export(tmp_path / "new" / "out")
    assert not (tmp_path / "new").exists()


def test_weights_of_another_model_are_named(own_study, tmp_path):
    mine, *others = sorted(
        checkpoints(own_study.store), key=lambda c: c.number != own_study.best.number
    )
    path_of(mine).unlink()
    stolen = others[0].name.replace(f"-{others[0].number:05d}-", f"-{mine.number:05d}-", 1)
    path_of(others[0]).rename(own_study.store.path / stolen)
    with pytest.raises(StoreError, match=f"{stolen} is of another model"):
        own_study.export(tmp_path / "out")


def test_weights_that_another_program_wrote_are_named(own_study, tmp_path, as_payload):
    store = Store(own_study.store, generation=2, keep=5, may_delete=lambda: True)
    payload = as_payload(b"not ours")
    number = own_study.best.number
    store.keep_weights(number, epoch=9, payload=payload, leaders={number: 9})
    store.close()
    with pytest.raises(StoreError, match=r"weights-.* is damaged or not ours"):
        own_study.export(tmp_path / "out")


def test_before_the_first_epoch_there_is_nothing_to_export(own_study, tmp_path):
    nothing = replace(own_study.study, trials=(), leaders=())
    with pytest.raises(ExportRefused, match="'rows': no trial has started yet - launch"):
        own_study.export(tmp_path / "out", study=nothing)


def test_without_any_weights_there_is_nothing_to_export(own_study, tmp_path):
    with pytest.raises(ExportRefused, match=f"no trial's weights are in {tmp_path / 'none'} yet"):
        own_study.export(tmp_path / "out", store=at(str(tmp_path / "none")))


@pytest.mark.parametrize("top", [0, 4])
def test_more_than_is_kept_cannot_be_exported(own_study, tmp_path, top):
    with pytest.raises(ExportRefused, match=f"got {top}, and .* of 3 trials - use 1 to 3"):
        own_study.export(tmp_path / "out", top=top)
    assert not (tmp_path / "out").exists()


def test_weights_that_go_while_they_are_wanted_are_missed(own_study, tmp_path, monkeypatch):
    listed = own_study.study.leaders[:1]
    for checkpoint in checkpoints(own_study.store):
        path_of(checkpoint).unlink()
    monkeypatch.setattr("search.export.best.kept_trials", lambda *_: ((1, listed[0]),))
    with pytest.raises(ExportRefused, match="has lost its place among the best meanwhile"):
        own_study.export(tmp_path / "out")
    assert math.isfinite(listed[0].value)


def path_of(checkpoint):
    return checkpoint.files.path / checkpoint.name
