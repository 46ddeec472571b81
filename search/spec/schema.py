"""The sections of a study file as pydantic models: types, limits, known keys.

A field's description is what would do, and ends the line of whatever is wrong with it.
What needs more than one field, or what a list or table in `[space]` means, is checked elsewhere.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from lstm_attn.config import TaskKind
from search.spec.fields import LARGEST_SEED, Bytes, Held, Name, Seconds, Text, Texts
from search.spec.limits import LIMITS

SMALLEST_SHARE = 0.0001
"""The smallest share of a GPU that Ray can count."""
HELD = "a share such as 0.2, a number of rows, a date such as '2015-01-01', or files"
DURATION = "a time above 0 and up to 1000h, such as '30m', '1h30m' or a number of seconds"
MEMORY = "a size from 500MB up to 10TB, such as '4GB', '1.5GiB' or a number of bytes"
SEED = "a whole number from 0 up to 2**63 - 1"


class Section(BaseModel):
    """A table of the file; every key is optional here, and what is needed is checked later."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class DataSection(Section):
    """`[data]`: where rows come from."""

    format: Literal["csv", "json", "parquet", "text", "arrow"] | None = Field(
        default=None, description="csv, json, parquet, text or arrow"
    )
    train: Texts | None = Field(default=None, description="a path, a glob, or a list of them")
    validation: Held | None = Field(default=None, description=HELD)
    test: Held | None = Field(default=None, description=f"{HELD}; without it nothing is held out")
    seed: int | None = Field(default=None, ge=0, le=LARGEST_SEED, description=SEED)
    tokenizer: Text | None = Field(
        default=None, description="character, word, or the path of a tokenizer.json"
    )
    vocabulary: int | None = Field(
        default=None, ge=3, le=1_000_000, description="a whole number from 3 up to 1,000,000"
    )


class TaskSection(Section):
    """`[task]`: what is to be learned."""

    kind: TaskKind | None = Field(
        default=None, description="language-modeling, classification or forecasting"
    )
    inputs: Texts | None = Field(
        default=None, description="the name of a column, or a list of names"
    )
    target: Text | None = Field(default=None, description="the name of the column of labels")
    targets: Texts | None = Field(
        default=None, description="the name of a column, or a list of names"
    )
    time: Text | None = Field(default=None, description="the name of the column of time stamps")
    calendar: Texts | None = Field(
        default=None,
        description="a list of hour_of_day, day_of_week, day_of_month, month, day_of_year",
    )
    horizon: int | None = Field(
        default=None, ge=1, le=10_000, description="a whole number of rows from 1 up to 10,000"
    )
    season: int | None = Field(
        default=None, ge=1, le=100_000, description="a whole number of rows from 1 up to 100,000"
    )


class SpaceSection(Section):
    """`[space]`: what varies; a value is fixed, a list is a choice, a table is a range."""

    variant: Any = None
    heads: Any = None
    layers: Any = None
    hidden_size: Any = None
    dropout: Any = None
    ffn_width: Any = None
    embedding_dim: Any = None
    learning_rate: Any = None
    weight_decay: Any = None
    batch_size: Any = None
    clip: Any = None
    noise: Any = None
    context: Any = None
    patience: Any = None


class Range(Section):
    """A table in `[space]`: a range."""

    low: Any = None
    high: Any = None
    step: Any = None
    log: bool = Field(default=False, description="true or false")


class TrainingSection(Section):
    """`[training]`: what is fixed."""

    epochs: int | None = None
    batch_size: int | None = None
    embedding_dim: int | None = None
    context: int | None = None
    clip: float | None = None
    noise: float | None = None
    epoch_steps: int | None = None
    validation_rows: int | None = None
    patience: int | None = None

    @field_validator("*", mode="plain")
    @classmethod
    def _within_limits(cls, value: object, info: ValidationInfo) -> int | float:
        assert info.field_name is not None
        if isinstance(value, list | dict) and info.field_name in SpaceSection.model_fields:
            raise ValueError(f"what varies stands in [space] - move {info.field_name} there")
        return LIMITS[info.field_name].read(value)


class SearchSection(Section):
    """`[search]`: how long, and by which rules."""

    objective: Text | None = Field(default=None, description="a metric of the task")
    trials: int | None = Field(
        default=None, ge=1, le=1_000_000, description="a whole number from 1 up to 1,000,000"
    )
    timeout: Seconds | None = Field(default=None, description=DURATION)
    keep: int | None = Field(
        default=None, ge=1, le=1000, description="a whole number from 1 up to 1,000"
    )
    checkpoint_every: Seconds | None = Field(default=None, description=DURATION)
    sampler: Literal["tpe", "random", "grid"] | None = Field(
        default=None, description="tpe, random or grid"
    )
    pruner: Literal["halving", "median", "none"] | None = Field(
        default=None, description="halving, median or none"
    )
    seed: int | None = Field(default=None, ge=0, le=LARGEST_SEED, description=SEED)


class ResourcesSection(Section):
    """`[resources]`: what a trial gets."""

    slots: int | None = Field(
        default=None, ge=1, le=10_000, description="a whole number from 1 up to 10,000"
    )
    cpus_per_trial: int | None = Field(
        default=None, ge=1, le=1024, description="a whole number from 1 up to 1,024"
    )
    gpus_per_trial: float | None = Field(
        default=None,
        ge=SMALLEST_SHARE,
        le=1,
        description=f"a share of a GPU from {SMALLEST_SHARE} up to 1, such as 0.25",
    )
    trial_timeout: Seconds | None = Field(default=None, description=DURATION)
    trial_memory: Bytes | None = Field(default=None, description=MEMORY)


class StudyFile(Section):
    """The whole file."""

    name: Name | None = Field(
        default=None,
        description="letters, digits, dots, dashes and underscores, up to 100, a letter or digit "
        "first",
    )
    data: DataSection = Field(default_factory=DataSection, description="a table, [data]")
    task: TaskSection = Field(default_factory=TaskSection, description="a table, [task]")
    space: SpaceSection = Field(default_factory=SpaceSection, description="a table, [space]")
    training: TrainingSection = Field(
        default_factory=TrainingSection, description="a table, [training]"
    )
    search: SearchSection = Field(default_factory=SearchSection, description="a table, [search]")
    resources: ResourcesSection = Field(
        default_factory=ResourcesSection, description="a table, [resources]"
    )


SECTIONS: dict[str, type[Section]] = {
    "data": DataSection,
    "task": TaskSection,
    "space": SpaceSection,
    "training": TrainingSection,
    "search": SearchSection,
    "resources": ResourcesSection,
}
"""Tables of the file by name, in the order in which keys are looked for elsewhere."""


def said(section: Section) -> dict[str, Any]:
    """Give the keys that stand in a section, in the order above, with their values."""
    fields = type(section).model_fields
    return {name: getattr(section, name) for name in fields if name in section.model_fields_set}
