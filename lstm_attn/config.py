"""What is trained on what, and how: frozen values, checked, without torch.

`DataConfig` and `TaskConfig` say where rows come from and what is to be learned from them;
`ModelConfig` and `TrainingConfig` describe one configuration of a search.
"""

import math
from dataclasses import dataclass
from typing import Literal

from lstm_attn.errors import ModelError

TaskKind = Literal["language-modeling", "classification", "forecasting"]
TASK_KINDS: tuple[TaskKind, ...] = ("language-modeling", "classification", "forecasting")

Variant = Literal["attention", "embed", "ffn", "embed_ffn", "lstm"]
VARIANTS: tuple[Variant, ...] = ("attention", "embed", "ffn", "embed_ffn", "lstm")

WITH_ATTENTION: frozenset[Variant] = frozenset({"attention", "embed", "ffn", "embed_ffn"})
WITH_FEEDFORWARD: frozenset[Variant] = frozenset({"ffn", "embed_ffn"})
TOKENS_ONLY: frozenset[Variant] = frozenset({"embed", "embed_ffn"})
ONE_HOT: frozenset[Variant] = frozenset({"attention", "ffn"})
"""Variants that take tokens as one-hot vectors; others embed them."""
ONE_HOT_LIMIT = 1024
"""The largest vocabulary, in tokens, that is given to a model as one-hot vectors."""

Direction = Literal["minimize", "maximize"]
METRICS: dict[TaskKind, dict[str, Direction]] = {
    "language-modeling": {
        "cross_entropy": "minimize",
        "perplexity": "minimize",
        "bits_per_character": "minimize",
    },
    "classification": {
        "accuracy": "maximize",
        "balanced_accuracy": "maximize",
        "macro_f1": "maximize",
        "cross_entropy": "minimize",
    },
    "forecasting": {
        "mae": "minimize",
        "rmse": "minimize",
        "smape": "minimize",
        "mase": "minimize",
    },
}
"""Metrics of each task with their direction; the first is the default objective."""

CALENDAR: tuple[str, ...] = (
    "hour_of_day",
    "day_of_week",
    "day_of_month",
    "month",
    "day_of_year",
)
"""Calendar inputs a forecasting task may name, each given to the model as sine and cosine."""

WARM_UP = 0.05
"""Share of a trial's steps over which the learning rate rises."""

Held = float | int | str | tuple[str, ...]
"""Rows held out: a share below 1, a number of rows, an ISO date (from then on), or files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """Where rows come from and how they are divided."""

    format: str
    """A `datasets` builder: csv, json, parquet, text or arrow."""
    train: tuple[str, ...]
    """Paths or globs of the training files."""
    validation: Held = 0.2
    """Rows held out of training to rank trials."""
    test: Held | None = None
    """Rows never ranked by; nothing is held out without."""
    seed: int = 0
    """Seed of the splits."""
    tokenizer: str | None = None
    """`character`, `word`, or the path of a tokenizer.json; by the task where None."""
    vocabulary: int = 10_000
    """The most tokens of a `word` tokenizer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskConfig:
    """What is to be learned from the rows."""

    kind: TaskKind
    """One of `TASK_KINDS`."""
    inputs: tuple[str, ...]
    """Input columns: one for text and sequences, one or more for forecasting."""
    targets: tuple[str, ...] = ()
    """Target columns: the label, or the series to forecast; none for language-modeling."""
    time: str | None = None
    """Forecasting: the column of time stamps; row order where None."""
    calendar: tuple[str, ...] = ()
    """Forecasting: calendar inputs, of `CALENDAR`."""
    horizon: int = 1
    """Forecasting: steps ahead, in rows."""
    season: int | None = None
    """Forecasting: rows in a season; by the series' frequency where None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """The numbers a model is built from.

    Raises:
        ModelError: numbers no model can be built from.
    """

    variant: Variant
    """One of `VARIANTS`."""
    input_size: int
    """Features a step, or tokens in the vocabulary."""
    output_size: int
    """Outputs a step."""
    tokens: bool
    """Whether inputs are tokens rather than floats."""
    causal: bool
    """Whether a step may attend to itself and earlier steps only."""
    hidden_size: int
    """Width of the LSTM and of the attention on it."""
    layers: int = 1
    """LSTM layers."""
    heads: int | None = None
    """Attention heads; None for `lstm`."""
    ffn_width: int | None = None
    """Hidden units of the feed-forward readout; None for variants without."""
    embedding_dim: int | None = None
    """Width of the token embedding; None for variants without."""
    dropout: float = 0.1
    """Dropout between LSTM layers and before the readout."""

    def __post_init__(self) -> None:
        problems = _model_problems(self)
        if problems:
            raise ModelError(*problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """How one configuration is trained."""

    epochs: int
    """The most epochs a trial gets."""
    batch_size: int
    """Rows a training step."""
    learning_rate: float
    """Peak learning rate of AdamW."""
    weight_decay: float
    """Decoupled weight decay, not on biases, norms and embeddings."""
    objective: str
    """The metric that decides which epoch is the best; its direction is in `METRICS`."""
    context: int
    """Steps of a training window; for classification the most steps of a sequence."""
    clip: float = 1.0
    """Largest norm of a gradient."""
    epoch_steps: int | None = None
    """Optimizer steps an epoch; None: whole passes up to at least 25 steps, at most 2,000."""
    validation_rows: int = 20_000
    """The most validation rows scored each epoch (tokens, for text); always the same ones."""
    noise: float = 0.0
    """Deviation of the Gaussian noise on training inputs, in deviations of theirs; floats only."""
    patience: int | None = None
    """Epochs without a better one after which training ends; None: never."""


def has_embedding(variant: Variant, *, tokens: bool) -> bool:
    """Tell whether a variant embeds its inputs; `lstm` does so for tokens only."""
    return variant in TOKENS_ONLY or (variant == "lstm" and tokens)


def is_better(kind: TaskKind, metric: str, value: float, than: float) -> bool:
    """Tell whether `value` of a task's metric is strictly better than `than`."""
    return value > than if METRICS[kind][metric] == "maximize" else value < than


def loss_metric(kind: TaskKind, objective: str) -> str:
    """Name the metric that is the task's loss: equal values of the objective are ordered by it."""
    if kind == "forecasting":
        return "rmse" if objective == "rmse" else "mae"
    return "cross_entropy"


def _model_problems(config: ModelConfig) -> list[str]:
    if config.variant not in VARIANTS:
        return [f"variant: no {config.variant!r} - use one of {', '.join(VARIANTS)}"]
    problems = [
        f"{name}: got {getattr(config, name)} - use 1 or more"
        for name in ("input_size", "output_size", "hidden_size", "layers")
        if getattr(config, name) < 1
    ]
    if not 0.0 <= config.dropout < 1.0:
        problems.append(f"dropout: got {config.dropout} - use 0 up to, not including, 1")
    needed = {
        "heads": config.variant in WITH_ATTENTION,
        "ffn_width": config.variant in WITH_FEEDFORWARD,
        "embedding_dim": has_embedding(config.variant, tokens=config.tokens),
    }
    for name, is_needed in needed.items():
        value = getattr(config, name)
        if is_needed and (value is None or value < 1):
            problems.append(f"{name}: {config.variant} needs it, got {value} - use 1 or more")
        if not is_needed and value is not None:
            problems.append(f"{name}: {config.variant} has none, got {value} - leave it out")
    if config.heads and config.hidden_size % config.heads:
        problems.append(
            f"heads: {config.heads} does not divide hidden_size {config.hidden_size} - use one of "
            f"its divisors, as {math.gcd(config.heads, config.hidden_size)}"
        )
    if config.variant in TOKENS_ONLY and not config.tokens:
        problems.append(
            f"variant: {config.variant} takes tokens, not floats - use attention, ffn or lstm"
        )
    if config.variant in ONE_HOT and config.tokens and config.input_size > ONE_HOT_LIMIT:
        problems.append(
            f"variant: {config.variant} takes tokens as one-hot up to {ONE_HOT_LIMIT}, "
            f"got {config.input_size} - use embed, embed_ffn or lstm"
        )
    return problems
