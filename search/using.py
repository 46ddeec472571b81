"""What an export is good for: it scores, predicts and writes on."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from search.errors import WrongUse
from search.records import Value

if TYPE_CHECKING:
    from lstm_attn.predict import Predictor


def score(folder: Path, data: Sequence[Path]) -> Mapping[str, float]:
    """Score an export on files of data with targets."""
    return _export(folder, data).score(data)


def predict(
    folder: Path, data: Sequence[Path], *, probabilities: bool = False
) -> list[dict[str, Value]]:
    """Predict with an export for files of data; a row of values each.

    Arguments:
        folder: the export.
        data: files as the export was trained on; targets aren't needed.
        probabilities: whether each class has its column.
    """
    return _export(folder, data).predict(data, probabilities=probabilities)


def generate(folder: Path, *, prompt: str, length: int, temperature: float, seed: int) -> str:
    """Let an exported language model write on.

    Arguments:
        folder: the export.
        prompt: what it goes on from.
        length: tokens to write.
        temperature: 0 or more; lower is more sure of itself, 0 takes the likeliest.
        seed: of the draws.
    """
    return _export(folder).generate(prompt, length=length, temperature=temperature, seed=seed)


def _export(folder: Path, data: Sequence[Path] = ()) -> "Predictor":
    """Load an export, unless what is named can't be one, or can't be data for it.

    Raises:
        WrongUse: a file stands where an export is wanted, or a study file where data are.
    """
    if os.path.isfile(folder):  # noqa: PTH113 - takes names too long for a file
        raise WrongUse(
            f"{folder}: a file, where an export is wanted - name its folder; "
            "lstm-search export NAME --to DIR writes one"
        )
    for path in data:
        if path.suffix.lower() == ".toml":
            raise WrongUse(
                f"{path}: a study file by its name, where data are wanted - name files as its "
                "[data] does"
            )
    from lstm_attn import load

    return load(folder)
