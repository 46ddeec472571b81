"""A user's whole way at the command line, on data that is in none of the shipped studies."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import optuna
import optuna_dashboard
import pytest
import torch

pytestmark = pytest.mark.slow

GOOD, BAD = ["fine", "lovely", "great", "warm"], ["poor", "dull", "awful", "cold"]
STUDY = """
name = "moods"
[data]
format = "csv"
train = "moods.csv"
test = 0.2
[task]
kind = "classification"
inputs = "text"
target = "mood"
[space]
variant = ["embed_ffn", "lstm"]
hidden_size = [16, 32]
heads = [1, 2]
embedding_dim = 8
learning_rate = { low = 3e-3, high = 1e-2 }
[training]
epochs = 3
[search]
trials = 3
[resources]
slots = 2
"""


def write_moods(folder: Path) -> None:
    chance = Random(1)
    with (folder / "moods.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "mood"])
        for number in range(200):
            words = GOOD if number % 2 else BAD
            text = " ".join(["it", "was", *chance.choices(words, k=chance.randint(1, 6))])
            rows.writerow([text, "good" if number % 2 else "bad"])
    (folder / "new.csv").write_text("text\nit was lovely warm\nit was awful and cold\n")
    (folder / "moods.toml").write_text(STUDY)


def lstm_search(folder: Path, *arguments: str, code: int = 0) -> tuple[str, str]:
    found = subprocess.run(
        [sys.executable, "-m", "search", *arguments],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert found.returncode == code, found.stderr
    return found.stdout, found.stderr


def note(folder: Path) -> str:
    """Read the study's note, as the dashboard does."""
    storage = f"sqlite:///{folder}/.lstm-search/studies.db"
    return optuna_dashboard.get_note(optuna.load_study(study_name="moods", storage=storage))


def test_texts_are_classified_from_check_to_predict(tmp_path: Path) -> None:
    write_moods(tmp_path)
    said = json.loads(lstm_search(tmp_path, "check", "moods.toml", "--json")[0])
    assert said["data"]["classes"] == 2
    assert not (tmp_path / ".lstm-search").exists()
    lstm_search(tmp_path, "launch", "moods.toml", "--quiet")
    for said in ("**3 of 3 trials** have ended", "last launch has ended: its budget is spent."):
        assert said in note(tmp_path)
    best = json.loads(lstm_search(tmp_path, "best", "moods", "--json")[0])
    lstm_search(tmp_path, "export", "moods", "--to", "out")
    assert (tmp_path / "out" / "README.md").is_file()
    rows = list(csv.DictReader(io.StringIO(lstm_search(tmp_path, "predict", "out", "new.csv")[0])))
    assert [row["label"] for row in rows] == ["good", "bad"]
    assert all(0.5 < float(row["probability"]) <= 1 for row in rows)
    exported = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert exported["trial"] == best["best"][0]["number"]
    lstm_search(tmp_path, "launch", "out/study.toml", "--quiet")
    assert "moods-" in lstm_search(tmp_path, "list")[0]


def test_a_changed_study_is_refused_with_its_differences_and_a_free_name(tmp_path: Path) -> None:
    write_moods(tmp_path)
    one = ("--set", "search.trials=1", "--set", "training.epochs=1", "--quiet")
    lstm_search(tmp_path, "launch", "moods.toml", *one)
    _, said = lstm_search(tmp_path, "launch", "moods.toml", *one, "--set", "search.seed=9", code=2)
    assert "search.seed: was 0, is 9" in said
    assert "--name moods-2" in said
    with (tmp_path / "moods.csv").open("a") as file:
        file.write("it was great,good\n")
    _, said = lstm_search(tmp_path, "launch", "moods.toml", *one, code=2)
    assert "data: its content has changed" in said


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_trials_share_a_gpu_and_their_best_is_exported_and_replayed(tmp_path: Path) -> None:
    write_moods(tmp_path)
    shares = ("--set", "resources.gpus_per_trial=0.25", "--set", "resources.slots=4")
    said = json.loads(lstm_search(tmp_path, "check", "moods.toml", "--json", *shares)[0])
    assert said["slots"] == 4
    lstm_search(tmp_path, "launch", "moods.toml", "--quiet", *shares)
    best = json.loads(lstm_search(tmp_path, "best", "moods", "--json")[0])["best"][0]
    assert best["device"] == torch.cuda.get_device_name()
    lstm_search(tmp_path, "export", "moods", "--to", "out")  # scores it afresh and compares
    lstm_search(tmp_path, "replay", "moods", str(best["number"]))
    rows = list(csv.DictReader(io.StringIO(lstm_search(tmp_path, "predict", "out", "new.csv")[0])))
    assert [row["label"] for row in rows] == ["good", "bad"]
