"""What an export is good for: it scores, predicts and writes on."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from search.records import Value


def score(folder: Path, data: Sequence[Path]) -> Mapping[str, float]:
    """Score an export on files of data with targets."""
    from lstm_attn import load

    return load(folder).score(data)


def predict(
    folder: Path, data: Sequence[Path], *, probabilities: bool = False
) -> list[dict[str, Value]]:
    """Predict with an export for files of data; a row of values each.

    Arguments:
        folder: the export.
        data: files as the export was trained on; targets aren't needed.
        probabilities: whether each class has its column.
    """
    from lstm_attn import load

    return load(folder).predict(data, probabilities=probabilities)


def generate(folder: Path, *, prompt: str, length: int, temperature: float, seed: int) -> str:
    """Let an exported language model write on.

    Arguments:
        folder: the export.
        prompt: what it goes on from.
        length: tokens to write.
        temperature: 0 or more; lower is more sure of itself, 0 takes the likeliest.
        seed: of the draws.
    """
    from lstm_attn import load

    return load(folder).generate(prompt, length=length, temperature=temperature, seed=seed)
