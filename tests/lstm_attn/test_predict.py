import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lstm_attn
from lstm_attn.batches import Table
from lstm_attn.checkpoint import SavedModel, read_config, write_config, write_model
from lstm_attn.config import (
    WITH_ATTENTION,
    WITH_FEEDFORWARD,
    DataConfig,
    ModelConfig,
    TaskConfig,
    TrainingConfig,
    Variant,
    loss_metric,
)
from lstm_attn.data import prepare
from lstm_attn.errors import CheckpointError, DataError
from lstm_attn.models import SequenceModel, build
from lstm_attn.predict import Predictor
from lstm_attn.sequences import SequenceData
from lstm_attn.tasks import Task, task_for

CONTEXT = 8


@dataclass(frozen=True)
class Export:
    """A model with random weights, its data, and the folder it was written to."""

    folder: Path
    data: SequenceData
    model: SequenceModel
    task: Task

    @property
    def loaded(self) -> Predictor:
        return lstm_attn.load(self.folder)


def export(folder: Path, source: DataConfig, task: TaskConfig, variant: Variant) -> Export:
    data = prepare(source, task)
    trained_for = task_for(data, loss_metric(task.kind, ""))
    config = ModelConfig(
        variant=variant,
        input_size=data.input_size,
        output_size=trained_for.output_size,
        tokens=data.tokens,
        causal=trained_for.causal,
        hidden_size=8,
        heads=2 if variant in WITH_ATTENTION else None,
        ffn_width=6 if variant in WITH_FEEDFORWARD else None,
    )
    training = TrainingConfig(
        epochs=1,
        batch_size=4,
        learning_rate=1e-3,
        weight_decay=0.0,
        objective=loss_metric(task.kind, ""),
        context=CONTEXT,
    )
    torch.manual_seed(5)
    model = build(config).eval()
    with torch.no_grad():
        for weights in model.parameters():
            weights.mul_(2)  # so that outputs differ by more than a little
    saved = SavedModel(
        model=config,
        training=training,
        task=data.task,
        encoding=data.encoding,
        weights=model.state_dict(),
    )
    folder.mkdir()
    about = {"naive_error": data.naive_error.tolist(), "in_utc": data.in_utc}
    write_model(folder, saved, about=about)
    return Export(folder=folder, data=data, model=model, task=trained_for)


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> str:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def write_jsonl(path: Path, rows: Sequence[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def sequences(count: int, seed: int = 0) -> list[dict[str, Any]]:
    chance = np.random.default_rng(seed)
    return [
        {
            "sequence": (chance.normal(3, 2, (chance.integers(1, 12), 2)) + row % 3).tolist(),
            "name": "abc"[row % 3],
        }
        for row in range(count)
    ]


def days(count: int) -> list[dict[str, Any]]:
    start = np.datetime64("2023-12-01")
    return [
        {
            "date": start + np.timedelta64(day, "D"),
            "high": 10 + day % 7 + day / 50,
            "low": day % 7,
            "rain": day % 5,
        }
        for day in range(count)
    ]


@pytest.fixture
def classifier(tmp_path: Path) -> Export:
    path = write_jsonl(tmp_path / "train.jsonl", sequences(30))
    source = DataConfig(format="json", train=(path,))
    task = TaskConfig(kind="classification", inputs=("sequence",), targets=("name",))
    return export(tmp_path / "export", source, task, "ffn")


@pytest.fixture
def forecaster(tmp_path: Path) -> Export:
    path = write_csv(tmp_path / "train.csv", days(60))
    task = TaskConfig(
        kind="forecasting",
        inputs=("high", "rain"),
        targets=("high", "low"),
        time="date",
        calendar=("day_of_week",),
        horizon=3,
    )
    return export(tmp_path / "export", DataConfig(format="csv", train=(path,)), task, "ffn")


@pytest.fixture(params=["classifier", "forecaster"])
def any_export(request: pytest.FixtureRequest) -> Export:
    made: Export = request.getfixturevalue(request.param)
    return made


@pytest.mark.parametrize("rows", [None, 5])
def test_an_export_scores_what_the_trained_model_scored(
    any_export: Export, rows: int | None
) -> None:
    held_out = any_export.data.validation
    recorded = any_export.task.predict(any_export.model, Table(held_out), CONTEXT, rows)
    assert any_export.loaded.score(held_out, rows=rows) == recorded.metrics()


@pytest.mark.parametrize("rows", [0, -1])
def test_no_row_is_not_scored(any_export: Export, rows: int) -> None:
    with pytest.raises(DataError, match=f"rows: got {rows} - use 1 or more"):
        any_export.loaded.score(any_export.data.validation, rows=rows)


def test_files_score_as_the_rows_in_them(tmp_path: Path, any_export: Export) -> None:
    loaded = any_export.loaded
    if any_export.task.kind == "classification":
        own = write_jsonl(tmp_path / "new.jsonl", sequences(7, seed=1))
    else:
        own = write_csv(tmp_path / "new.csv", days(30))
    metrics = loaded.score(own)
    assert metrics.keys() == loaded.score(any_export.data.validation).keys()
    assert metrics == loaded.score([Path(own)])
    assert all(np.isfinite(value) for value in metrics.values())


def test_a_new_series_is_scored_at_every_origin(tmp_path: Path, forecaster: Export) -> None:
    new = days(20)
    predictor = forecaster.loaded
    errors = []
    for origin in range(CONTEXT - 1, 20 - 3):
        past = write_csv(tmp_path / "past.csv", new[: origin + 1])
        for ahead, row in enumerate(predictor.predict(past)):
            truth = new[origin + 1 + ahead]
            errors += [abs(float(row[name]) - truth[name]) for name in ("high", "low")]
    scored = predictor.score(write_csv(tmp_path / "new.csv", new))
    assert scored["mae"] == pytest.approx(np.mean(errors), rel=1e-6)


def test_rows_are_labelled_without_a_target_column(tmp_path: Path, classifier: Export) -> None:
    rows = [{"sequence": row["sequence"]} for row in sequences(70, seed=2)]
    found = classifier.loaded.predict(write_jsonl(tmp_path / "new.jsonl", rows))
    scaler = classifier.data.encoding.scaler
    assert scaler is not None
    for number, (row, given) in enumerate(zip(found, rows, strict=True), start=1):
        steps = np.array(given["sequence"])[:CONTEXT]
        scaled = torch.tensor((steps - scaler.mean) / scaler.deviation, dtype=torch.float32)
        shares = classifier.model(scaled[None])[0].mean(0).softmax(0).detach()
        assert list(row) == ["row", "label", "probability"]
        assert row["row"] == number
        assert row["label"] == "abc"[int(shares.argmax())]
        assert row["probability"] == pytest.approx(float(shares.max()), abs=1e-5)
    assert len({row["label"] for row in found}) > 1


def test_the_probabilities_of_all_labels_add_up(tmp_path: Path, classifier: Export) -> None:
    new = write_jsonl(tmp_path / "new.jsonl", sequences(4))
    for row in classifier.loaded.predict(new, probabilities=True):
        each = {label: row[f"probability_{label}"] for label in "abc"}
        assert sum(map(float, each.values())) == pytest.approx(1)
        assert each[str(row["label"])] == row["probability"] == max(map(float, each.values()))


def test_a_forecast_goes_on_after_the_last_row(tmp_path: Path, forecaster: Export) -> None:
    new = days(29)
    found = forecaster.loaded.predict(write_csv(tmp_path / "new.csv", new))
    assert [list(row) for row in found] == [["row", "date", "high", "low"]] * 3
    assert [row["row"] for row in found] == [30, 31, 32]
    assert [row["date"] for row in found] == ["2023-12-30", "2023-12-31", "2024-01-01"]

    encoding = forecaster.data.encoding
    assert encoding.scaler is not None
    assert encoding.target_scaler is not None
    window = new[-CONTEXT:]
    inputs = encoding.scaler.apply(np.array([[day["high"], day["rain"]] for day in window]))
    week = 2 * np.pi * np.array([(day["date"].astype(int) + 3) % 7 for day in window]) / 7
    x = np.column_stack([inputs, np.sin(week), np.cos(week)]).astype(np.float32)
    outputs = forecaster.model(torch.from_numpy(x)[None])[0, -1].view(3, 2).detach().numpy()
    expected = [new[-1]["high"], new[-1]["low"]] + outputs * encoding.target_scaler.deviation
    values = [[row["high"], row["low"]] for row in found]
    np.testing.assert_allclose(np.array(values, dtype=float), expected, rtol=1e-5)


def test_without_time_a_forecast_has_row_numbers(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "train.csv", [{"x": row % 4} for row in range(40)])
    task = TaskConfig(kind="forecasting", inputs=("x",), targets=("x",), horizon=2)
    made = export(tmp_path / "export", DataConfig(format="csv", train=(path,)), task, "lstm")
    found = made.loaded.predict(path)
    assert [list(row) for row in found] == [["row", "x"]] * 2
    assert [row["row"] for row in found] == [41, 42]


def of_times(path: Path, count: int, zone: str) -> str:
    moments = np.datetime64("2023-12-01T00") + np.arange(count)
    rows = [{"at": f"{moment}:00{zone}", "x": at % 4} for at, moment in enumerate(moments)]
    return write_csv(path, rows)


@pytest.mark.parametrize(
    ("zone", "other", "line"),
    [
        ("", "+01:00", "has a time zone, those trained on had none - write times without a UTC"),
        ("+01:00", "", "has no time zone, those trained on had one - write times with their UTC"),
    ],
)
def test_times_are_read_as_those_trained_on(
    tmp_path: Path, zone: str, other: str, line: str
) -> None:
    path = of_times(tmp_path / "train.csv", 40, zone)
    task = TaskConfig(
        kind="forecasting",
        inputs=("x",),
        targets=("x",),
        time="at",
        calendar=("hour_of_day",),
        horizon=2,
        season=1,
    )
    made = export(tmp_path / "export", DataConfig(format="csv", train=(path,)), task, "lstm")
    expected = ["2023-12-02 15:00+00:00", "2023-12-02 16:00+00:00"]
    if not zone:
        expected = ["2023-12-02 16:00", "2023-12-02 17:00"]
    assert [row["at"] for row in made.loaded.predict(path)] == expected
    wrong = of_times(tmp_path / "new.csv", 40, other)
    for use in (made.loaded.predict, made.loaded.score):
        with pytest.raises(DataError, match=rf"row 1 \(.*\) of .*new.csv {line}"):
            use(wrong)
    config = read_config(made.folder)  # of an export from before this was written down
    write_config(made.folder, {name: value for name, value in config.items() if name != "in_utc"})
    assert lstm_attn.load(made.folder).predict(wrong)


def test_a_forecast_needs_a_whole_window(tmp_path: Path, forecaster: Export) -> None:
    with pytest.raises(DataError, match="7 before the first forecast, and a window takes 8"):
        forecaster.loaded.predict(write_csv(tmp_path / "new.csv", days(7)))


def test_a_model_says_what_it_is_not_for(classifier: Export) -> None:
    with pytest.raises(DataError, match="is for classification - use predict, or score"):
        classifier.loaded.generate("the")


def test_probabilities_are_of_classes(tmp_path: Path, forecaster: Export) -> None:
    file = tmp_path / "new.csv"
    with pytest.raises(DataError, match="probabilities are of classes, and the model is for forec"):
        forecaster.loaded.predict(file, probabilities=True)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
@pytest.mark.parametrize("damage", ["gone", "cut", "empty"])
def test_a_damaged_export_names_the_file(any_export: Export, name: str, damage: str) -> None:
    path = any_export.folder / name
    content = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes(content[:-9] if damage == "cut" else b"")
    with pytest.raises(CheckpointError, match=name):
        lstm_attn.load(any_export.folder)


def test_a_changed_setting_is_noticed(classifier: Export) -> None:
    path = classifier.folder / "config.json"
    path.write_text(path.read_text().replace('"context": ', '"context": 1'))
    with pytest.raises(CheckpointError, match=r"config\.json: the checksum differs"):
        lstm_attn.load(classifier.folder)


def test_a_changed_weight_is_noticed(classifier: Export) -> None:
    path = classifier.folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"model\.safetensors.*checksum"):
        lstm_attn.load(classifier.folder)


def test_loading_draws_nothing(classifier: Export) -> None:
    before = torch.get_rng_state()
    assert not classifier.loaded.model.training
    assert torch.equal(torch.get_rng_state(), before)


def in_fresh_process(program: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return ended.stdout.strip()


def test_a_search_is_not_needed_to_use_what_it_found(forecaster: Export) -> None:
    files = [str(forecaster.folder.parent / "train.csv")]
    program = f"""
import sys, lstm_attn
model = lstm_attn.load({str(forecaster.folder)!r})
model.predict({files!r}), model.score({files!r})
print([name for name in ("optuna", "ray", "sqlalchemy", "search") if name in sys.modules])
"""
    assert in_fresh_process(program) == "[]"


def test_configurations_are_at_hand_without_torch() -> None:
    program = """
import sys, lstm_attn, lstm_attn.config, lstm_attn.errors, lstm_attn.reports
print(callable(lstm_attn.load), "torch" in sys.modules, "numpy" in sys.modules)
"""
    assert in_fresh_process(program) == "True False False"
