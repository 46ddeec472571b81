"""An export is held to what was recorded, on the data it was trained on."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lstm_attn.errors import DataError
from lstm_attn.metrics import ClassPredictions
from lstm_attn.verify import Score, Verified, reach
from search.carrying import at_hand, carried
from search.errors import VerificationFailed
from search.export import verification
from search.export.verification import OTHER_KIND, SAME_KIND, differences, in_fresh_process
from search.settings import Settings
from search.uploads import new_upload


def scored(reach: dict[str, float] | None = None, **metrics: float) -> Verified:
    score = Score(rows=100, metrics=metrics)
    return Verified(ranked=score, reach=reach or {}, validation=score, test=None)


@pytest.mark.usefixtures("in_this_process")
def test_another_score_than_recorded_fails_and_leaves_nothing(own_study, tmp_path):
    metrics = {**own_study.best.metrics, "cross_entropy": 0.5}
    with pytest.raises(VerificationFailed) as failed:
        own_study.export(tmp_path / "new" / "out", study=own_study.with_best(metrics=metrics))
    [line] = failed.value.problems
    scored = own_study.best.metrics["cross_entropy"]
    assert f"trial {own_study.best.number} of 'rows' was not exported: cross_entropy" in line
    assert f"recorded as 0.5 and is {scored:.9g}" in line
    assert not (tmp_path / "new").exists()


def test_data_that_have_changed_fail_and_leave_nothing(own_study, tmp_path):
    """In a real fresh process, whose problems arrive here."""
    with pytest.raises(VerificationFailed, match=r"rows.*jsonl .* have changed since .fingerprint"):
        own_study.export(tmp_path / "new" / "out", fingerprint="0" * 64)
    assert not (tmp_path / "new").exists()


def test_a_process_that_dies_is_told_with_its_last_words(tmp_path, monkeypatch):
    run = subprocess.run

    def dies(command: list[str], **options: object) -> object:
        return run([sys.executable, "-c", "raise SystemExit('no more memory')"], **options)

    monkeypatch.setattr(verification.subprocess, "run", dies)
    with pytest.raises(VerificationFailed, match="ended with code 1, no more memory"):
        in_fresh_process(tmp_path, None, device="cpu", with_test=True)


@pytest.mark.parametrize("tolerance", [1e-5, 1e-3])
def test_measured_metrics_may_differ_by_a_share_of_themselves(tolerance):
    recorded = {"mae": 20.0}
    near, far = (20.0 * (1 + share * tolerance) for share in (0.99, 1.01))
    assert differences(recorded, scored(mae=near), tolerance=tolerance) == ()
    [line] = differences(recorded, scored(mae=far), tolerance=tolerance)
    assert "mae was recorded as 20 and is" in line


def test_counted_metrics_may_differ_by_a_row_and_no_more():
    recorded, reach = {"accuracy": 0.95}, {"accuracy": 0.01}
    assert differences(recorded, scored(reach, accuracy=0.96), tolerance=SAME_KIND) == ()
    assert differences(recorded, scored(reach, accuracy=0.97), tolerance=OTHER_KIND)


@pytest.mark.parametrize("now", [math.nan, math.inf])
def test_what_is_not_a_number_is_never_equal(now):
    assert differences({"mae": 1.0}, scored(mae=now), tolerance=OTHER_KIND)
    assert differences({"mae": 1.0}, scored(), tolerance=OTHER_KIND)


@pytest.mark.parametrize(
    ("trained_on", "tolerance"),
    [("here", 1e-5), ("cpu of another kind", 1e-3), (None, 1e-3)],
)
def test_the_same_kind_of_device_is_held_to_more(tmp_path, monkeypatch, trained_on, tolerance):
    monkeypatch.setattr(verification, "device_name", lambda device: "here")
    monkeypatch.setattr(
        verification, "in_fresh_process", lambda *_, **__: scored(mae=1 + 0.5 * tolerance)
    )
    verification.verified(tmp_path, {"mae": 1.0}, files=None, trained_on=trained_on, with_test=True)
    monkeypatch.setattr(
        verification, "in_fresh_process", lambda *_, **__: scored(mae=1 + 2 * tolerance)
    )
    with pytest.raises(VerificationFailed):
        verification.verified(
            tmp_path, {"mae": 1.0}, files=None, trained_on=trained_on, with_test=True
        )


@st.composite
def guesses(draw):
    """Labels, guesses, and another guess of some one row."""
    classes = draw(st.integers(2, 5))
    rows = draw(st.integers(1, 12))
    some = st.lists(st.integers(0, classes - 1), min_size=rows, max_size=rows)
    labels, before = draw(some), draw(some)
    row, guess = draw(st.integers(0, rows - 1)), draw(st.integers(0, classes - 1))
    after = [*before[:row], guess, *before[row + 1 :]]
    return classes, labels, before, after


@given(guesses())
@example((2, [0] * 9, [0] * 9, [1] + [0] * 8))  # a class without rows enters the mean
def test_a_row_guessed_otherwise_moves_no_counted_metric_out_of_reach(drawn):
    classes, labels, before, after = drawn
    one, other = (
        ClassPredictions(
            log_probabilities=np.log(np.eye(classes)[guessed] + 0.1), labels=np.array(labels)
        )
        for guessed in (before, after)
    )
    bounds = reach(one)
    assert set(bounds) == {"accuracy", "balanced_accuracy", "macro_f1"}
    for metric, bound in bounds.items():
        assert abs(one.metrics()[metric] - other.metrics()[metric]) <= bound + 1e-12


def test_one_row_in_a_thousand_may_be_guessed_otherwise():
    labels = np.arange(3500) % 2
    many = ClassPredictions(log_probabilities=np.zeros((3500, 2)), labels=labels)
    assert reach(many)["accuracy"] == 3 / 3500
    few = replace(many, log_probabilities=np.zeros((10, 2)), labels=labels[:10])
    assert reach(few)["accuracy"] == 1 / 10


@pytest.mark.usefixtures("in_this_process")
def test_data_that_are_elsewhere_now_are_read_there_and_no_path_of_it_is_told(own_study, tmp_path):
    data = own_study.spec.data
    settings = Settings(
        storage=f"sqlite:///{tmp_path}/s.db", checkpoints=str(tmp_path / "c"), ray_address=None
    )
    upload = carried(new_upload("rows", settings.checkpoints), data, settings)
    there = partial(at_hand, upload, settings)
    gone = replace(own_study.spec, data=replace(data, train=("/gone/rows.jsonl",)))
    assert own_study.export(tmp_path / "whole", data=there, spec=gone)
    config = json.loads((tmp_path / "whole" / "config.json").read_text())
    assert config["data"]["train"] == ["/gone/rows.jsonl"]
    for file in (tmp_path / "whole").rglob("*"):
        assert b"lstm-search-" not in file.read_bytes()
    with pytest.raises(DataError, match=r"have changed since .fingerprint") as told:
        own_study.export(tmp_path / "changed", data=there, fingerprint="0" * 64)
    assert str(told.value).count("lstm-search-") == 0
    assert data.train[0] in str(told.value)
