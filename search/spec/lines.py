"""pydantic's errors as problem lines: the key, what was got, what would do."""

from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from search.spec.schema import SECTIONS, Range, Section, SpaceSection, StudyFile, TrainingSection
from search.spec.words import bare, listed, shorten


def lines(error: ValidationError, model: type[Section] = StudyFile, prefix: str = "") -> list[str]:
    """Write each of pydantic's errors as one line.

    Arguments:
        error: what validation raised.
        model: what was validated.
        prefix: where in the file it stands, with a dot at its end.
    """
    return [_line(item, model, prefix) for item in error.errors(include_url=False)]


def _line(item: ErrorDetails, model: type[Section], prefix: str) -> str:
    place = [part for part in item["loc"] if isinstance(part, str)]
    key = prefix + ".".join(bare(part) for part in place)
    key += "".join(f"[{part}]" for part in item["loc"] if isinstance(part, int))
    section = model
    if model is StudyFile and place[0] in SECTIONS and len(place) > 1:
        section = SECTIONS[place.pop(0)]
    if item["type"] == "extra_forbidden":
        return f"{key}: no such key{_advice(place[0], section)}"
    cause = str(item["ctx"]["error"]) if item["type"] == "value_error" else ""
    description = section.model_fields[place[0]].description
    return (
        f"{key}: {cause}" if cause else f"{key}: got {shorten(item['input'])} - use {description}"
    )


def _advice(key: str, section: type[Section]) -> str:
    if section is SpaceSection and key in TrainingSection.model_fields:
        return f" - {key} does not vary, set it in [training]"
    for name, other in SECTIONS.items():
        if section is not Range and key in other.model_fields:
            return f" here - it belongs in [{name}]"
    known = list(section.model_fields)
    if near := get_close_matches(key, known, n=1):
        return f" - did you mean {near[0]}?"
    return f" - use {listed(known)}"
