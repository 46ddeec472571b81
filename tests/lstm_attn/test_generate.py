import random
from pathlib import Path

import pytest
import torch

import lstm_attn
from lstm_attn.batches import Table
from lstm_attn.checkpoint import SavedModel, read_config, write_config, write_model
from lstm_attn.config import DataConfig, ModelConfig, TaskConfig, TrainingConfig
from lstm_attn.data import prepare
from lstm_attn.errors import DataError
from lstm_attn.models import build
from lstm_attn.predict import Predictor
from lstm_attn.tasks import task_for

CONTEXT = 8


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "train.txt"
    words = random.Random(1).choices(["the", "cat", "sat", "on", "mats,", "thick", "hat\n"], k=400)
    path.write_text(" ".join(words))
    return path


def export(text: Path, tokenizer: str) -> tuple[Predictor, dict[str, float]]:
    """Give an export of random weights, loaded, and what its model scored before."""
    source = DataConfig(format="text", train=(str(text),), tokenizer=tokenizer)
    data = prepare(source, TaskConfig(kind="language-modeling", inputs=("text",)))
    size = data.input_size
    config = ModelConfig(
        variant="embed_ffn",
        input_size=size,
        output_size=size,
        tokens=True,
        causal=True,
        hidden_size=8,
        heads=2,
        ffn_width=6,
        embedding_dim=4,
    )
    training = TrainingConfig(
        epochs=1,
        batch_size=4,
        learning_rate=1e-3,
        weight_decay=0.0,
        objective="cross_entropy",
        context=CONTEXT,
    )
    torch.manual_seed(5)
    model = build(config)
    saved = SavedModel(
        model=config,
        training=training,
        task=data.task,
        encoding=data.encoding,
        weights=model.state_dict(),
    )
    folder = text.parent / tokenizer
    folder.mkdir()
    write_model(folder, saved, about={})
    task = task_for(data, "cross_entropy")
    recorded = task.predict(model, Table(data.validation), CONTEXT).metrics()
    held_out = text.parent / "held_out.txt"
    whole = text.read_text()
    held_out.write_text(whole[len(whole) - int(data.validation.character_ends[-1]) :])
    return lstm_attn.load(folder), recorded


@pytest.mark.parametrize("tokenizer", ["character", "word"])
def test_the_held_out_text_scores_what_was_recorded(text: Path, tokenizer: str) -> None:
    loaded, recorded = export(text, tokenizer)
    assert loaded.score(str(text.parent / "held_out.txt")) == recorded


@pytest.mark.parametrize("tokenizer", ["character", "word"])
def test_the_same_seed_writes_the_same(text: Path, tokenizer: str) -> None:
    loaded, _ = export(text, tokenizer)
    written = loaded.generate("the cat", length=60, seed=1)
    assert written == loaded.generate("the cat", length=60, seed=1)
    assert written != loaded.generate("the cat", length=60, seed=2)
    assert written.startswith(loaded.generate("the cat", length=40, seed=1))
    assert "[" not in written  # neither [UNK] nor [PAD]


def test_so_many_characters_are_written(text: Path) -> None:
    loaded, _ = export(text, "character")
    assert len(loaded.generate("the", length=3 * CONTEXT)) == 3 * CONTEXT


def test_what_is_written_follows_the_prompt_as_text_does(text: Path) -> None:
    loaded, _ = export(text, "word")
    for seed in range(5):
        assert loaded.generate("the cat", length=4, seed=seed)[0] in " ,\n"


def test_a_letter_never_seen_may_stand_in_a_prompt(text: Path) -> None:
    loaded, _ = export(text, "character")
    assert len(loaded.generate("Ω", length=5)) == 5


def test_wrong_wishes_are_named_together(text: Path) -> None:
    loaded, _ = export(text, "character")
    with pytest.raises(DataError) as caught:
        loaded.generate("", length=0, temperature=-1, seed=-1)
    named = [line.split(":")[0] for line in caught.value.problems]
    assert named == ["prompt", "length", "temperature", "seed"]


@pytest.mark.parametrize("tokenizer", ["character", "word"])
@pytest.mark.parametrize("prompt", ["the \ud800", "\udfff"])
def test_a_prompt_that_is_no_text_and_a_seed_out_of_range_are_named(
    text: Path, tokenizer: str, prompt: str
) -> None:
    loaded, _ = export(text, tokenizer)
    with pytest.raises(DataError) as caught:
        loaded.generate(prompt, seed=2**63)
    assert list(caught.value.problems) == [
        f"prompt: got {prompt!r}, which is no UTF-8 text - write it as UTF-8",
        f"seed: got {2**63} - use 0 to {2**63 - 1}",
    ]
    assert loaded.generate("the", length=1, seed=2**63 - 1)


def test_a_name_that_tells_nothing_is_of_the_format_trained_on(text: Path) -> None:
    loaded, recorded = export(text, "character")
    unnamed = (text.parent / "held_out.txt").rename(text.parent / "held_out.data")
    with pytest.raises(DataError, match="no format known by that name"):
        loaded.score(str(unnamed))
    folder = text.parent / "character"
    about = read_config(folder)
    write_config(folder, about | {"data": {"format": "text"}})
    assert lstm_attn.load(folder).score(text.parent / "held_out.d*") == recorded
    write_config(folder, about | {"data": {"format": "csv"}})
    named = unnamed.rename(text.parent / "held_out.txt")
    assert lstm_attn.load(folder).score(named) == recorded


def test_a_language_model_predicts_no_rows(text: Path) -> None:
    loaded, _ = export(text, "character")
    with pytest.raises(DataError, match="use generate, or score"):
        loaded.predict(str(text))
