"""An export is loaded afresh: in a process that knows torch and data alone, on unchanged data."""

import io
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from lstm_attn.batches import Table
from lstm_attn.checkpoint import SavedModel, read_config, write_config, write_model
from lstm_attn.config import DataConfig, ModelConfig, TaskConfig, TrainingConfig
from lstm_attn.data import prepare
from lstm_attn.errors import CheckpointError, DataError
from lstm_attn.metrics import interval
from lstm_attn.tasks import task_for
from lstm_attn.training import fresh_model
from lstm_attn.verify import main, verify

ALONE = """
import sys
from lstm_attn.verify import main
assert main(sys.argv[1:]) == 0
assert not {"optuna", "ray", "sqlalchemy", "search"} & set(sys.modules)
"""


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    chance = random.Random(3)
    path = tmp_path / "rows.jsonl"
    steps = ([[chance.gauss(number % 2, 1.0)] for _ in range(4)] for number in range(40))
    lines = [json.dumps({"x": x, "y": number % 2 == 0}) for number, x in enumerate(steps)]
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def folder(tmp_path: Path, rows: Path) -> Path:
    """An export of an untrained model, of whose 16 validation rows 10 rank."""
    source = DataConfig(format="json", train=(str(rows),), validation=16, test=8)
    data = prepare(source, TaskConfig(kind="classification", inputs=("x",), targets=("y",)))
    model = ModelConfig(
        variant="lstm", input_size=1, output_size=2, tokens=False, causal=False, hidden_size=4
    )
    training = TrainingConfig(
        epochs=1,
        batch_size=4,
        learning_rate=0.01,
        weight_decay=0.0,
        objective="accuracy",
        context=4,
        validation_rows=10,
    )
    saved = SavedModel(
        model=model,
        training=training,
        task=data.task,
        encoding=data.encoding,
        weights=fresh_model(model, 7).state_dict(),
    )
    about = {"data": asdict(source), "fingerprint": data.fingerprint, "threads": 1}
    (tmp_path / "export").mkdir()
    write_model(tmp_path / "export", saved, about={**about, "naive_error": []})
    return tmp_path / "export"


def change(folder: Path, **entries: object) -> None:
    write_config(folder, {**read_config(folder), **entries})


def test_a_process_without_optuna_ray_and_sqlalchemy_will_do(folder):
    command = [sys.executable, "-P", "-c", ALONE, str(folder)]
    ended = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["ranked"]["rows"] == 10


def test_it_scores_what_the_model_scores_on_each_part_of_the_data(folder, rows):
    source = DataConfig(format="json", train=(str(rows),), validation=16, test=8)
    data = prepare(source, TaskConfig(kind="classification", inputs=("x",), targets=("y",)))
    assert data.test is not None
    config = ModelConfig(
        variant="lstm", input_size=1, output_size=2, tokens=False, causal=False, hidden_size=4
    )
    model, task = fresh_model(config, 7), task_for(data, "accuracy")
    ranked = task.predict(model, Table(data.validation), 4, 10)
    every = task.predict(model, Table(data.validation), 4)
    test = task.predict(model, Table(data.test), 4)
    scored = verify(folder)
    assert (scored.ranked.rows, scored.ranked.metrics) == (10, ranked.metrics())
    assert (scored.validation.rows, scored.validation.metrics) == (16, every.metrics())
    assert scored.test is not None
    assert (scored.test.rows, scored.test.metrics) == (8, test.metrics())
    assert scored.test.interval == interval(test, "accuracy")


def test_test_rows_are_left_alone_where_they_are_not_wanted(folder):
    assert verify(folder, with_test=False).test is None


def test_it_computes_with_the_threads_that_trained(folder):
    torch.set_num_threads(2)
    verify(folder)
    assert torch.get_num_threads() == 1


def test_data_that_have_changed_are_named(folder, rows):
    rows.write_text(rows.read_text().replace("true", "false", 1))
    with pytest.raises(DataError, match=r"rows\.jsonl .* have changed since .* put back"):
        verify(folder)


def test_data_may_be_elsewhere_now(folder, rows, monkeypatch, capsys):
    moved = rows.rename(rows.with_name("moved.jsonl"))
    source = DataConfig(format="json", train=(str(moved),), validation=16, test=8)
    with pytest.raises(DataError, match="no file"):
        verify(folder)
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(asdict(source))))
    assert main([str(folder), "--files"]) == 0
    assert json.loads(capsys.readouterr().out)["ranked"]["rows"] == 10


def test_another_encoding_than_the_training_rows_give_is_found(folder):
    config = read_config(folder)
    config["encoding"]["scaler"]["mean"] = [9.0]
    change(folder, encoding=config["encoding"])
    with pytest.raises(CheckpointError, match=r"config\.json: encoding is not what"):
        verify(folder)


def test_another_naive_error_than_the_training_rows_give_is_found(folder):
    change(folder, naive_error=[1.0])
    with pytest.raises(CheckpointError, match=r"config\.json: naive_error is not what"):
        verify(folder)


@pytest.mark.parametrize("broken", [{"data": None}, {"data": {}}, {"threads": "two"}])
def test_a_configuration_that_is_not_ours_is_named(folder, broken):
    change(folder, **broken)
    with pytest.raises(CheckpointError, match=r"config\.json: "):
        verify(folder)


def test_problems_are_printed_for_the_process_that_asked(folder, capsys):
    weights = bytearray((folder / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "model.safetensors").write_bytes(weights)
    assert main([str(folder)]) == 1
    [problem] = json.loads(capsys.readouterr().out)["problems"]
    assert "checksum" in problem


def test_scores_are_printed_for_the_process_that_asked(folder, capsys):
    assert main([str(folder), "--without-test"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer) == {"ranked", "reach", "validation", "test"}
    assert answer["test"] is None
