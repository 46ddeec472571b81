"""Versions of what results depend on, as a study was launched with."""

import importlib.metadata
import platform
from collections.abc import Mapping, Sequence

PACKAGES = ("lstm-attn-search", "torch", "optuna", "ray", "datasets", "numpy")
"""Packages on which results depend."""

Versions = Mapping[str, str]
"""By name, Python among them."""


def here() -> Versions:
    """Give those of this installation."""
    packages = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {"python": platform.python_version(), **packages}


def noted(known: Sequence[Versions]) -> list[Versions]:
    """Add those of this installation to those of former launches, unless the last had the same."""
    now = here()
    return [*known] if known and known[-1] == now else [*known, now]
