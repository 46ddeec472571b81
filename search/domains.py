"""The values a dimension may take: a choice, or a range of whole numbers or of floats."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from search.records import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of some listed values, of one type, each listed once."""

    values: tuple[Value, ...]
    """The values, in the order of the file; at least two."""

    @property
    def count(self) -> int:
        """How many values there are."""
        return len(self.values)

    @property
    def stepped(self) -> bool:
        """Whether the values can be listed in a grid: they are."""
        return True

    @property
    def smallest(self) -> Value:
        """The smallest number, or the first word."""
        return self.values[0] if isinstance(self.values[0], str) else min(self._numbers())

    @property
    def largest(self) -> Value:
        """The largest number, or the last word."""
        return self.values[-1] if isinstance(self.values[0], str) else max(self._numbers())

    def points(self) -> tuple[Value, ...]:
        """List the values."""
        return self.values

    def nearest(self, value: Value) -> Value:
        """Give the value itself where it is listed, else the nearest number or the first word."""
        if value in self.values or isinstance(value, str):
            return value if value in self.values else self.values[0]
        return min(self._numbers(), key=lambda option: (abs(option - value), option))

    def __contains__(self, value: object) -> bool:
        return value in self.values

    def to_json(self) -> dict[str, Any]:
        """Give the choice as values that JSON can hold."""
        return {"choice": list(self.values)}

    def __str__(self) -> str:
        return ", ".join(str(value) for value in self.values)

    def _numbers(self) -> list[float]:
        return [option for option in self.values if not isinstance(option, str)]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntRange:
    """Whole numbers from `low` to `high`, both included, `step` apart."""

    low: int
    """The smallest."""
    high: int
    """The largest; a whole number of steps above `low`."""
    step: int = 1
    """Distance of neighbours; 1 where `log`."""
    log: bool = False
    """Whether equal ratios, rather than equal distances, are equally likely."""

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return (self.high - self.low) // self.step + 1

    @property
    def stepped(self) -> bool:
        """Whether the values can be listed in a grid: not those of a logarithmic range."""
        return not self.log

    @property
    def smallest(self) -> int:
        """The smallest number."""
        return self.low

    @property
    def largest(self) -> int:
        """The largest number."""
        return self.high

    def points(self) -> tuple[Value, ...]:
        """List the numbers."""
        return tuple(range(self.low, self.high + 1, self.step))

    def nearest(self, value: Value) -> int:
        """Give the number nearest to a value."""
        steps = round((float(value) - self.low) / self.step)
        return self.low + min(max(steps, 0), self.count - 1) * self.step

    def __contains__(self, value: object) -> bool:
        return (
            isinstance(value, int)
            and self.low <= value <= self.high
            and (value - self.low) % self.step == 0
        )

    def to_json(self) -> dict[str, Any]:
        """Give the range as values that JSON can hold."""
        return {"int": asdict(self)}

    def __str__(self) -> str:
        steps = f" by {self.step}" if self.step > 1 else ""
        return f"{self.low} to {self.high}{steps}{', log' if self.log else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatRange:
    """Floats from `low` to `high`, both included; `step` apart where it is given."""

    low: float
    """The smallest; above 0 where `log`."""
    high: float
    """The largest; a whole number of steps above `low` where there is a step."""
    step: float | None = None
    """Distance of neighbours; None for a continuous range."""
    log: bool = False
    """Whether equal ratios, rather than equal distances, are equally likely; never with a step."""

    @property
    def count(self) -> int | None:
        """How many numbers there are; None for a continuous range."""
        return None if self.step is None else round((self.high - self.low) / self.step) + 1

    @property
    def stepped(self) -> bool:
        """Whether the values can be listed in a grid."""
        return self.step is not None

    @property
    def smallest(self) -> float:
        """The smallest number."""
        return self.low

    @property
    def largest(self) -> float:
        """The largest number, as steps reach it: 0.18 + 8 * 0.02 is not quite 0.34."""
        return self.nearest(self.high)

    def points(self) -> tuple[Value, ...]:
        """List the numbers of a stepped range.

        Raises:
            ValueError: the range is continuous.
        """
        if self.count is None:
            raise ValueError(f"a continuous range, {self.low} to {self.high}, cannot be listed")
        return tuple(self._at(steps) for steps in range(self.count))

    def nearest(self, value: Value) -> float:
        """Give the number nearest to a value."""
        if self.step is None or self.count is None:
            return min(max(float(value), self.low), self.high)
        steps = round((float(value) - self.low) / self.step)
        return self._at(min(max(steps, 0), self.count - 1))

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, float) or not self.low <= value <= self.high:
            return False
        return self.step is None or self.nearest(value) == value

    def to_json(self) -> dict[str, Any]:
        """Give the range as values that JSON can hold."""
        return {"float": asdict(self)}

    def __str__(self) -> str:
        steps = "" if self.step is None else f" by {self.step:g}"
        return f"{self.low:g} to {self.high:g}{steps}{', log' if self.log else ''}"

    def _at(self, steps: int) -> float:
        # As Optuna computes it, to the last bit; asking in another way would find other points.
        return min(steps * (self.step or 0.0) + self.low, self.high)


Domain = Choice | IntRange | FloatRange


def domain_from_json(stored: Mapping[str, Any]) -> Domain:
    """Take a domain back from what its `to_json` gave."""
    [(kind, fields)] = stored.items()
    if kind == "choice":
        return Choice(values=tuple(fields))
    return IntRange(**fields) if kind == "int" else FloatRange(**fields)
