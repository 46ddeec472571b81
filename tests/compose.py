"""docker-compose.yml as Compose reads it: variables put in, services with all that they say."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docker-compose.yml"
NEEDED = {
    "POSTGRES_PASSWORD": "a-secret-of-postgres",
    "RAY_AUTH_TOKEN": "a-secret-of-ray-that-is-long-enough",
    "DASHBOARD_PASSWORD": "a-secret-of-the-dashboard",
}
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[?-])(?P<rest>[^}]*))?\}")


class Missing(Exception):
    """A variable has no value and must have one."""


def interpolated(values: Mapping[str, str]) -> str:
    """Put variables into the file's text: `${A}`, `${A:-default}`, `${A:?what is missing}`."""

    def value(found: re.Match[str]) -> str:
        given = values.get(found["name"], "")
        if not given and found["kind"] == "?":
            raise Missing(found["name"])
        return given or (found["rest"] if found["kind"] == "-" else "")

    lines = FILE.read_text(encoding="utf-8").splitlines()
    return "\n".join(_VARIABLE.sub(value, line) for line in lines)


def read(values: Mapping[str, str] = NEEDED) -> dict[str, Any]:
    """Give the whole file, anchors and merges resolved."""
    found: dict[str, Any] = yaml.safe_load(interpolated(values))
    return found
