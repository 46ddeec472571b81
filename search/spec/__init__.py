"""A study file, from its TOML to a study in which nothing is left open.

`load` reads and checks the file alone, and `again` what such a file has said; `resolve` fills in,
from data and machine, what it leaves out, and checks the rest. A `StudySpec` is what a study keeps.
"""

from search.spec.editors import SCHEMA_BESIDE, schema_file
from search.spec.fields import is_name
from search.spec.file import SpecFile, again, load
from search.spec.resolve import resolve
from search.spec.study import StudySpec
from search.spec.terms import Resources
from search.spec.times import duration

__all__ = [
    "SCHEMA_BESIDE",
    "Resources",
    "SpecFile",
    "StudySpec",
    "again",
    "duration",
    "is_name",
    "load",
    "resolve",
    "schema_file",
]
