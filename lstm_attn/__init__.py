"""LSTM models with attention: what they are, how they are trained, how they are used.

model = lstm_attn.load("exports/best")
rows = model.predict("new.csv")
"""

from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lstm_attn.predict import Predictor

__all__ = ["load"]


def load(folder: str | PathLike[str], *, device: str = "cpu") -> "Predictor":
    """Load an export; torch is imported here and not before.

    Arguments:
        folder: what `lstm-search export` wrote.
        device: where to compute, as PyTorch names it.

    Raises:
        CheckpointError: the export is damaged, or not ours.
    """
    from lstm_attn import predict

    return predict.load(folder, device=device)
