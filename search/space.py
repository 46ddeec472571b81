"""What may vary in a study: domains, conditions, and every point a configuration that builds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, cast

from lstm_attn.config import (
    WITH_ATTENTION,
    WITH_FEEDFORWARD,
    ModelConfig,
    TaskKind,
    TrainingConfig,
    Variant,
    has_embedding,
)
from search.domains import Choice, Domain, FloatRange, IntRange, domain_from_json
from search.errors import SpecError
from search.records import Params, Value

__all__ = [
    "DIMENSIONS",
    "NEVER_VARY",
    "Choice",
    "Domain",
    "Facts",
    "FloatRange",
    "IntRange",
    "Space",
]

DIMENSIONS: tuple[str, ...] = (
    "variant",
    "heads",
    "layers",
    "hidden_size",
    "dropout",
    "ffn_width",
    "embedding_dim",
    "learning_rate",
    "weight_decay",
    "batch_size",
    "clip",
    "noise",
    "context",
    "patience",
)
"""Everything that may vary, in the order in which it is asked and shown."""
NEVER_VARY: tuple[str, ...] = ("epochs", "epoch_steps", "validation_rows")
"""Settings without which trials could not be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What data and task settle about a model, whatever the space."""

    kind: TaskKind
    """The task; all but classification are causal."""
    tokens: bool
    """Whether inputs are tokens rather than floats."""
    input_size: int
    """Features a step, or tokens in the vocabulary."""
    output_size: int
    """Outputs a step."""
    objective: str
    """The metric that ranks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """All configurations a study may try; each of its points builds."""

    facts: Facts
    """What data and task settle."""
    fixed: Mapping[str, Value]
    """Settings that do not vary, by name; one that is absent is off."""
    domains: Mapping[str, Domain]
    """Dimensions that vary, by name of `DIMENSIONS`, in that order."""
    usual: Mapping[str, Value]
    """Each dimension's default, which may lie outside its domain."""

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The variants listed; one where it is fixed."""
        domain = self.domains.get("variant")
        values = domain.points() if domain else (self.fixed["variant"],)
        return cast("tuple[Variant, ...]", values)

    def active(self, variant: Variant) -> tuple[str, ...]:
        """Name the dimensions that exist for a variant; `variant` is first where it varies."""
        return tuple(name for name in self.domains if self.has(name, variant))

    def has(self, name: str, variant: Variant) -> bool:
        """Tell whether a setting means anything to a variant on this study's inputs."""
        return exists(name, variant, tokens=self.facts.tokens)

    def default(self, name: str) -> Value:
        """Give a setting's fixed value, or the point of its domain nearest to the default."""
        if name in self.domains:
            return self.domains[name].nearest(self.usual[name])
        return self.fixed[name]

    def smallest(self, name: str) -> Value:
        """Give the smallest value of a setting that any point has."""
        return self.domains[name].smallest if name in self.domains else self.fixed[name]

    def largest(self, name: str) -> Value:
        """Give the largest value of a setting that any point has."""
        return self.domains[name].largest if name in self.domains else self.fixed[name]

    def point_count(self) -> int | None:
        """Count the distinct points; None where a range is continuous."""
        total = 0
        for variant in self.variants:
            counts = [self.domains[name].count for name in self._inner(variant)]
            known = [count for count in counts if count is not None]
            if len(known) < len(counts):
                return None
            total += prod(known)
        return total

    def defaults(self) -> tuple[Params, ...]:
        """List the points to begin with: one per variant, the task's default variant first."""
        variants = sorted(self.variants, key=lambda variant: variant != self.usual.get("variant"))
        return tuple(
            self._point(variant, {name: self.default(name) for name in self._inner(variant)})
            for variant in variants
        )

    def configure(self, params: Params) -> tuple[ModelConfig, TrainingConfig]:
        """Build the configuration of a point.

        Arguments:
            params: a value for every active dimension; what is inactive is passed over.
        """
        values = {**self.fixed, **params}
        variant = cast("Variant", values["variant"])

        def whole(name: str) -> int | None:
            return int(values[name]) if name in values and self.has(name, variant) else None

        model = ModelConfig(
            variant=variant,
            input_size=self.facts.input_size,
            output_size=self.facts.output_size,
            tokens=self.facts.tokens,
            causal=self.facts.kind != "classification",
            hidden_size=int(values["hidden_size"]),
            layers=int(values["layers"]),
            heads=whole("heads"),
            ffn_width=whole("ffn_width"),
            embedding_dim=whole("embedding_dim"),
            dropout=float(values["dropout"]),
        )
        training = TrainingConfig(
            epochs=int(values["epochs"]),
            batch_size=int(values["batch_size"]),
            learning_rate=float(values["learning_rate"]),
            weight_decay=float(values["weight_decay"]),
            objective=self.facts.objective,
            context=int(values["context"]),
            clip=float(values["clip"]),
            epoch_steps=whole("epoch_steps"),
            validation_rows=int(values["validation_rows"]),
            noise=float(values["noise"]) if "noise" in values else 0.0,
            patience=whole("patience"),
        )
        return model, training

    def corners(self) -> Iterator[Params]:
        """Yield, for each variant, the smallest point, each dimension at its largest, the largest.

        The smallest comes first and the largest last; between them one dimension at a time.
        """
        for variant in self.variants:
            names = self._inner(variant)
            small: dict[str, Value] = {name: self.domains[name].smallest for name in names}
            large: dict[str, Value] = {name: self.domains[name].largest for name in names}
            yield self._point(variant, small)
            if len(names) > 1:
                for name in names:
                    yield self._point(variant, {**small, name: large[name]})
            if names:
                yield self._point(variant, large)

    def grid(self) -> tuple[Params, ...]:
        """List all points in a fixed order, the last dimension changing fastest.

        Raises:
            SpecError: a range is continuous.
        """
        endless = [name for name, domain in self.domains.items() if domain.count is None]
        if endless:
            raise SpecError(f"space: {', '.join(endless)} cannot be listed - use lists or steps")
        return tuple(
            self._point(variant, dict(zip(names, values, strict=True)))
            for variant in self.variants
            for names in [self._inner(variant)]
            for values in product(*(self.domains[name].points() for name in names))
        )

    def to_json(self) -> dict[str, Any]:
        """Give the space as values that JSON can hold."""
        return {
            "facts": {name: getattr(self.facts, name) for name in Facts.__slots__},
            "fixed": dict(self.fixed),
            "domains": [[name, domain.to_json()] for name, domain in self.domains.items()],
            "usual": dict(self.usual),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Space":
        """Take a space back from what `to_json` gave."""
        return cls(
            facts=Facts(**stored["facts"]),
            fixed=stored["fixed"],
            domains={name: domain_from_json(domain) for name, domain in stored["domains"]},
            usual=stored["usual"],
        )

    def _inner(self, variant: Variant) -> tuple[str, ...]:
        return tuple(name for name in self.active(variant) if name != "variant")

    def _point(self, variant: Variant, values: Mapping[str, Value]) -> Params:
        return {"variant": variant, **values} if "variant" in self.domains else dict(values)


def exists(name: str, variant: Variant, *, tokens: bool) -> bool:
    """Tell whether a setting means anything to a variant on such inputs."""
    if name == "heads":
        return variant in WITH_ATTENTION
    if name == "ffn_width":
        return variant in WITH_FEEDFORWARD
    if name == "embedding_dim":
        return has_embedding(variant, tokens=tokens)
    if name == "noise":
        return not tokens
    return True
