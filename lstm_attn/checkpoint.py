"""Weights, states and exported models as bytes and files, and back; nothing is unpickled.

Weights are safetensors. A state is read with `torch.load(weights_only=True)`, which makes tensors,
numbers, strings and containers of them, and nothing else. Damage is found by checksums.
"""

import hashlib
import io
import json
import pickle
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from lstm_attn.config import DataConfig, ModelConfig, TaskConfig, TrainingConfig
from lstm_attn.encoding import Encoding
from lstm_attn.errors import CheckpointError, ModelError
from lstm_attn.headers import (
    ADVICE,
    DAMAGE,
    check_state,
    read_header,
    report_from_json,
    report_to_json,
    seal_state,
)
from lstm_attn.optimizer import copies
from lstm_attn.state import BestWeights, TrainingState, Weights

CONFIG_FILE = "config.json"
"""Of an exported model: its numbers, its task, its encoding."""
WEIGHTS_FILE = "model.safetensors"
"""Of an exported model: its weights."""
CHECKSUM = "sha256"
"""Name in a header of weights, and in a configuration: a SHA-256 of all else that they hold.

safetensors itself notices missing bytes but not changed ones.
"""


def weights_to_bytes(weights: Weights, header: Mapping[str, str]) -> bytes:
    """Write weights as safetensors.

    Arguments:
        weights: by name; views of one another too.
        header: what to say of them, under any names but `sha256`.
    """
    flat = {name: tensor.contiguous() for name, tensor in copies(weights).items()}
    return safetensors.torch.save(flat, {**header, CHECKSUM: _checksum(flat, header)})


def weights_from_bytes(content: bytes) -> tuple[Weights, dict[str, str]]:
    """Read what `weights_to_bytes` wrote: weights, on the CPU, and header.

    Raises:
        CheckpointError: it is damaged, or not ours.
    """
    header = read_header(content)
    try:
        weights = safetensors.torch.load(content)
    except SafetensorError as error:
        raise CheckpointError(f"weights: damaged ({error}) - {ADVICE}") from error
    if header.pop(CHECKSUM, None) != _checksum(weights, header):
        raise CheckpointError(f"weights: the checksum differs - {ADVICE}")
    return weights, header


def state_to_bytes(state: TrainingState, about: Mapping[str, str] | None = None) -> bytes:
    """Write a state; its header has `epoch`, `step` and, where there is one, `best` (a report).

    Arguments:
        state: from any device.
        about: what else to say of it in the header, under names of their own.
    """
    header = {**(about or {}), "epoch": str(state.epoch), "step": str(state.step)}
    if state.best:
        header["best"] = report_to_json(state.best)
    plain = {spec.name: getattr(state, spec.name) for spec in fields(state)}
    for name in ("best_weights", "former_best"):
        if plain[name] is not None:
            report, weights = plain[name].best, plain[name].weights
            plain[name] = {"best": report_to_json(report), "weights": weights}
    file = io.BytesIO()
    torch.save(plain, file)
    return seal_state(file.getvalue(), header)


def state_from_bytes(content: bytes) -> TrainingState:
    """Read what `state_to_bytes` wrote, to the last bit.

    Raises:
        CheckpointError: it is damaged, or not ours.
    """
    check_state(content)
    try:
        plain = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        for name in ("best_weights", "former_best"):
            if plain[name] is not None:
                report = report_from_json(plain[name]["best"])
                plain[name] = BestWeights(best=report, weights=plain[name]["weights"])
        return TrainingState(**plain)
    except pickle.UnpicklingError as error:
        raise CheckpointError(f"state: more in it than tensors and numbers - {ADVICE}") from error
    except DAMAGE as error:
        raise CheckpointError(f"state: damaged or not ours ({error}) - {ADVICE}") from error


def best_of_state(content: bytes) -> BestWeights | None:
    """Take the best weights out of a state; None where no epoch had ended.

    Raises:
        CheckpointError: it is damaged, or not ours.
    """
    return state_from_bytes(content).best_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedModel:
    """An exported model, as its folder holds it."""

    model: ModelConfig
    """The numbers it is built from."""
    training: TrainingConfig
    """How it was trained."""
    task: TaskConfig
    """What it is for."""
    encoding: Encoding
    """How its inputs are encoded and its outputs read."""
    weights: Weights
    """The weights of its best epoch."""


def write_model(folder: Path, saved: SavedModel, *, about: Mapping[str, Any]) -> None:
    """Write a model into a folder that is there: `config.json` and `model.safetensors`.

    Arguments:
        folder: nothing else in it is touched.
        saved: the model.
        about: further entries of `config.json`, plain values under names of their own.
    """
    config = {
        "model": asdict(saved.model),
        "task": asdict(saved.task),
        "encoding": saved.encoding.to_json(),
        "training": asdict(saved.training),
        **about,
    }
    write_config(folder, config)
    (folder / WEIGHTS_FILE).write_bytes(weights_to_bytes(saved.weights, {}))


def write_config(folder: Path, config: Mapping[str, Any]) -> None:
    """Write `config.json` with its checksum at the end."""
    plain = {**config, CHECKSUM: _config_checksum(config)}
    text = json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / CONFIG_FILE).write_text(text + "\n", encoding="utf-8")


def read_model(folder: Path) -> SavedModel:
    """Read what `write_model` wrote.

    Raises:
        CheckpointError: a file is missing, damaged or not ours.
    """
    config, path = read_config(folder), folder / WEIGHTS_FILE
    content = _content(path)
    try:
        weights, _ = weights_from_bytes(content)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
    try:
        return SavedModel(
            model=from_json(ModelConfig, config["model"]),
            training=from_json(TrainingConfig, config["training"]),
            task=from_json(TaskConfig, config["task"]),
            encoding=Encoding.from_json(config["encoding"]),
            weights=weights,
        )
    except (AttributeError, KeyError, TypeError, ModelError) as error:
        raise CheckpointError(f"{folder / CONFIG_FILE}: {error} - {ADVICE}") from error


def read_config(folder: Path) -> dict[str, Any]:
    """Read all of an exported model's `config.json`.

    Raises:
        CheckpointError: it is missing or damaged.
    """
    try:
        config = json.loads(_content(folder / CONFIG_FILE))
    except ValueError as error:
        raise CheckpointError(f"{folder / CONFIG_FILE}: {error} - {ADVICE}") from error
    if not isinstance(config, dict):
        raise CheckpointError(f"{folder / CONFIG_FILE}: no table of settings - {ADVICE}")
    if config.get(CHECKSUM) != _config_checksum(config):
        raise CheckpointError(f"{folder / CONFIG_FILE}: the checksum differs - {ADVICE}")
    return config


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"{path}: {(error.strerror or 'not readable').lower()} - "
            "give a folder that `lstm-search export` wrote"
        ) from error


Config = TypeVar("Config", ModelConfig, TrainingConfig, TaskConfig, DataConfig)


def from_json(kind: Callable[..., Config], plain: Mapping[str, Any]) -> Config:
    """Make a configuration of what `asdict` and JSON made of it: tuples became lists.

    Raises:
        AttributeError, TypeError, ModelError: it is no configuration of that kind.
    """
    return kind(**{name: tuple(v) if isinstance(v, list) else v for name, v in plain.items()})


def _config_checksum(config: Mapping[str, Any]) -> str:
    """Give the SHA-256 of all that a configuration says, however it is laid out."""
    rest = {name: value for name, value in config.items() if name != CHECKSUM}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _checksum(weights: Mapping[str, Tensor], header: Mapping[str, str]) -> str:
    """Give the SHA-256 of the header and of names, types, shapes and numbers, by name."""
    digest = hashlib.sha256(json.dumps(dict(header), sort_keys=True).encode())
    for name in sorted(weights):
        tensor = weights[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
