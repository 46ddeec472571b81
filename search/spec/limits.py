"""The numbers each setting may take, fixed or at the ends of a range."""

from dataclasses import dataclass

from search.spec.words import shorten


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The numbers one setting may take."""

    low: float
    """The smallest."""
    high: float
    """The largest; what lies above is surely a slip."""
    whole: bool = True
    """Whether only whole numbers will do."""
    above: bool = False
    """Whether `low` itself is too small."""
    below: bool = False
    """Whether `high` itself is too large."""

    @property
    def wanted(self) -> str:
        """What would do, in words."""
        kind = "a whole number" if self.whole else "a number"
        low = f"above {self.low:,g}" if self.above else f"from {self.low:,g}"
        high = f"below {self.high:,g}" if self.below else f"up to {self.high:,}"
        return f"{kind} {low} {'and' if self.below else ''} {high}".replace("  ", " ")

    def read(self, value: object) -> int | float:
        """Take a number of the right type, or refuse it.

        Raises:
            ValueError: it isn't one of those numbers; the text says what was got and would do.
        """
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.holds(value):
            raise ValueError(f"got {shorten(value)} - use {self.wanted}")
        return value if self.whole else float(value)

    def holds(self, value: float) -> bool:
        """Tell whether a number is of the right type and within the limits."""
        if self.whole and not isinstance(value, int):
            return False
        # Not a number compares false with everything.
        above = value > self.low if self.above else value >= self.low
        return above and (value < self.high if self.below else value <= self.high)


LIMITS: dict[str, Limit] = {
    "heads": Limit(low=1, high=128),
    "layers": Limit(low=1, high=16),
    "hidden_size": Limit(low=1, high=8192),
    "dropout": Limit(low=0, high=1, whole=False, below=True),
    "ffn_width": Limit(low=1, high=65_536),
    "embedding_dim": Limit(low=1, high=8192),
    "learning_rate": Limit(low=0, high=1, whole=False, above=True),
    "weight_decay": Limit(low=0, high=10, whole=False),
    "batch_size": Limit(low=1, high=65_536),
    "clip": Limit(low=0, high=1e6, whole=False, above=True),
    "noise": Limit(low=0, high=10, whole=False),
    "context": Limit(low=1, high=65_536),
    "patience": Limit(low=1, high=100_000),
    "epochs": Limit(low=1, high=100_000),
    "epoch_steps": Limit(low=1, high=1_000_000),
    "validation_rows": Limit(low=1, high=1_000_000_000),
}
"""By setting; the high ends are ours, far above what these models are trained with."""
