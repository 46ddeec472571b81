"""What a file leaves out: default values and ranges, by task, inputs and machine.

The values are those of the tables in the README; the ranges reach beyond what tuned LSTM models
of others were found to want (learning rates: Melis et al. 2017, arXiv 1707.05589).
"""

from collections.abc import Iterable
from math import lcm

from lstm_attn.sequences import SequenceData
from search.domains import Choice, FloatRange, IntRange
from search.records import Value
from search.spec.dimensions import Setting
from search.spec.heads import HEADS
from search.spec.limits import LIMITS

SEARCHED = (
    "heads",
    "layers",
    "hidden_size",
    "dropout",
    "ffn_width",
    "learning_rate",
    "weight_decay",
    "noise",
)
"""What varies where a file says nothing of it; the variant does too."""

_HIDDEN_STEP = 32
_LONGEST_ROW = 1024
"""The most steps of a row that are read by default: few rows may have one that is far longer."""


def values(data: SequenceData) -> dict[str, Value]:
    """Give the default of every setting that has one.

    Arguments:
        data: the data, encoded.
    """
    from lstm_attn.data import default_context

    match data.task.kind:
        case "language-modeling":
            tokenizer = data.encoding.tokenizer
            usual = _language(by_characters=tokenizer is not None and tokenizer.kind == "character")
        case "classification":
            usual = _classification(tokens=data.tokens)
        case "forecasting":
            usual = _forecasting()
    is_rows = data.task.kind == "classification"
    longest = _LONGEST_ROW if is_rows else int(LIMITS["context"].high)
    return {
        "heads": 4,
        "layers": 1,
        "weight_decay": 1e-2,
        "context": max(min(default_context(data), longest), 1),
        "clip": 1.0,
        "noise": 0.3,
        "validation_rows": 20_000,
        "patience": usual["epochs"],  # off is nearest to the largest
        **usual,
    }


def ranges(heads: Iterable[int], *, gpus: bool) -> dict[str, Setting]:
    """Give the domain of every setting of `SEARCHED`; a hidden size alone of its kind is fixed.

    Arguments:
        heads: the heads on offer, which the hidden sizes are multiples of.
        gpus: whether trials run on GPUs.
    """
    multiple = lcm(*heads)
    step = -(-_HIDDEN_STEP // multiple) * multiple
    most = max((512 if gpus else 256) // step, 1) * step
    sizes = IntRange(low=step, high=most, step=step) if most > step else step
    return {
        "heads": Choice(values=HEADS),
        "layers": IntRange(low=1, high=3 if gpus else 2),
        "hidden_size": sizes,
        "dropout": FloatRange(low=0.0, high=0.6),
        "ffn_width": IntRange(low=64, high=512, log=True),
        "learning_rate": FloatRange(low=3e-4, high=1e-2, log=True),
        "weight_decay": FloatRange(low=1e-6, high=1e-1, log=True),
        "noise": FloatRange(low=0.0, high=1.0),
    }


def _language(*, by_characters: bool) -> dict[str, Value]:
    return {
        "variant": "embed_ffn",
        "hidden_size": 128,
        "ffn_width": 256,
        "embedding_dim": 64 if by_characters else 128,
        "dropout": 0.1 if by_characters else 0.4,
        "learning_rate": 2e-3,
        "batch_size": 64,
        "epochs": 20,
    }


def _classification(*, tokens: bool) -> dict[str, Value]:
    return {
        "variant": "embed_ffn" if tokens else "ffn",
        "hidden_size": 64,
        "ffn_width": 128,
        "embedding_dim": 128,
        "dropout": 0.2,
        "learning_rate": 2e-3,
        "batch_size": 32,
        "epochs": 50,
    }


def _forecasting() -> dict[str, Value]:
    return {
        "variant": "ffn",
        "hidden_size": 64,
        "ffn_width": 128,
        "dropout": 0.1,
        "learning_rate": 1e-3,
        "batch_size": 64,
        "epochs": 40,
    }
