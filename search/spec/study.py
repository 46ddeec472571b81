"""A study with nothing left open: kept as JSON, and compared with what a file says later."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, TypedDict, Unpack

from lstm_attn.config import DataConfig, TaskConfig
from search.domains import Choice, FloatRange, IntRange
from search.records import Value
from search.space import DIMENSIONS, NEVER_VARY, Space
from search.spec.defaults import SEARCHED
from search.spec.dimensions import Setting
from search.spec.terms import Resources, Terms, frozen
from search.spec.times import is_datelike
from search.spec.words import shorten

_RULES = ("objective", "sampler", "pruner", "seed")


class Budget(TypedDict, total=False):
    """What may change in a study; see `Terms`."""

    trials: int
    timeout: float | None
    keep: int
    checkpoint_every: float
    resources: Resources


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySpec(Terms):
    """A study's data, task, rules and space, all resolved."""

    space: Space
    """What may be tried."""

    @property
    def epochs(self) -> int:
        """The most epochs a trial gets."""
        return int(self.space.fixed["epochs"])

    @property
    def validation_rows(self) -> int:
        """The most validation rows that rank an epoch."""
        return int(self.space.fixed["validation_rows"])

    @property
    def largest_context(self) -> int:
        """The most steps of a window on offer, which the baselines get."""
        return int(self.space.largest("context"))

    def with_budget(self, **changes: Unpack[Budget]) -> "StudySpec":
        """Change what may change in a study."""
        return replace(self, **changes)

    def differences(self, other: "StudySpec") -> list[str]:
        """List what makes another spec another search: key, was, is.

        What both files leave out is no difference, and holds as it was resolved first. Paths are
        none either: whether the data are the same is told by their fingerprint.

        Arguments:
            other: the spec of the same study as a file gives it now.
        """
        mine, others = _comparable(self), _comparable(other)
        changed = []
        for key, was in mine.items():
            now = others[key]
            named = _names(self.given, key) or _names(other.given, key)
            if named and was != now:
                section, _, name = key.partition(".")
                section = home(other.given, name) if section == "space" else section
                changed.append(f"{section}.{name}: was {_show(was)}, is {_show(now)}")
        return changed

    def to_json(self) -> dict[str, Any]:
        """Give the study as values that JSON can hold."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        return plain | {
            "data": _listed(asdict(self.data)),
            "task": _listed(asdict(self.task)),
            "resources": asdict(self.resources),
            "space": self.space.to_json(),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "StudySpec":
        """Take a study back from what `to_json` gave."""
        return cls(
            **{
                **stored,
                "data": DataConfig(**frozen(stored["data"])),
                "task": TaskConfig(**frozen(stored["task"])),
                "resources": Resources(**stored["resources"]),
                "space": Space.from_json(stored["space"]),
            }
        )


def home(given: Mapping[str, Any], name: str) -> str:
    """Name the section in which a setting stands, or would stand by default."""
    for section in ("space", "training"):
        if name in given[section]:
            return section
    return "space" if name in ("variant", *SEARCHED) else "training"


def _names(given: Mapping[str, Any], key: str) -> bool:
    section, _, name = key.partition(".")
    if section == "space":
        return name in given["space"] or name in given["training"]
    if key == "task.targets" and "target" in given["task"]:
        return True
    return name in given[section]


def _comparable(spec: StudySpec) -> dict[str, Any]:
    values: dict[str, Any] = {
        f"data.{key}": _pathless(value)
        for key, value in asdict(spec.data).items()
        if key != "train"
    }
    values |= {f"task.{key}": value for key, value in asdict(spec.task).items()}
    values |= {f"space.{name}": _setting(spec.space, name) for name in (*DIMENSIONS, *NEVER_VARY)}
    return values | {f"search.{name}": getattr(spec, name) for name in _RULES}


def _pathless(value: object) -> object:
    if isinstance(value, tuple):
        return "files"
    if isinstance(value, str) and value.endswith(".json") and not is_datelike(value):
        return "a file"
    return value


def _setting(space: Space, name: str) -> Setting | None:
    domain = space.domains.get(name)
    if isinstance(domain, Choice):
        return Choice(values=tuple(sorted(domain.values, key=_order)))  # in any order it's the same
    return domain if domain is not None else space.fixed.get(name)


def _order(value: Value) -> tuple[str, float]:
    return (value, 0.0) if isinstance(value, str) else ("", value)


def _show(value: object) -> str:
    if value is None:
        return "left out"
    if isinstance(value, str | Choice | IntRange | FloatRange):
        return str(value)
    return shorten(value)


def _listed(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(item) if isinstance(item, tuple) else item for key, item in plain.items()}
