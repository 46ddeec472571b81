"""A study file put together from what was looked at, and tried as `check` would."""

import re
from dataclasses import replace
from pathlib import Path

from lstm_attn.data import prepare
from lstm_attn.errors import DataError
from lstm_attn.sequences import SequenceData
from search import spec
from search.placing import check_free
from search.records import Draft
from search.starting import entries
from search.starting.examining import profile
from search.starting.files import Found, find, read
from search.starting.roles import Roles
from search.starting.sizes import sizes
from search.starting.tables import choose, text_roles

_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 60


def draft(
    data: Path, *, target: str | None, kind: str | None, to: Path | None, force: bool
) -> Draft:
    """Guess a study for data, and try it; see `starting.init`."""
    found = find(data)
    path = to or Path(f"{_name(found.stem)}.toml")
    check_free(path, force=force)
    roles, amount, looked = _look(found, target, kind)
    given = entries.data(found, roles, amount, path.resolve().parent)
    task = entries.task(roles, int(amount), given)
    made = Draft(
        path=path,
        name=_name(path.stem),
        title=entries.title(roles, found, task),
        sections={"data": given, "task": task},
        schema=spec.SCHEMA_BESIDE,
        looked=looked,
        reasons={},
    )
    made, prepared = _prepared(made)
    chosen = sizes(prepared, roles.largest)
    sections = {
        **made.sections,
        "space": entries.space(),
        "training": entries.training(chosen, prepared),
        "search": entries.search(chosen, prepared),
        "resources": entries.resources(),
    }
    reasons = {
        **roles.reasons,
        **_trained_on(found),
        **entries.reasons(made, chosen, prepared),
        **made.reasons,
    }
    made = replace(made, sections=sections, reasons=reasons)
    spec.resolve(spec.again(made.tree, path), prepared, gpus=False)
    return made


def _look(found: Found, target: str | None, kind: str | None) -> tuple[Roles, float, str]:
    """Choose task and columns; give rows, or characters of text, and what was looked at, too."""
    more = f", and {found.others} files more" if found.others else ""
    if found.data_format == "text":
        roles = text_roles(found.shown, found.note, target=target, kind=kind)
        size = found.first.stat().st_size * (found.others + 1)
        return (
            roles,
            size,
            f"{found.first.name}: text of {found.first.stat().st_size:,} bytes{more}",
        )
    table = read(found)
    profiles = profile(table, found.first)
    roles = choose(profiles, found.shown, target=target, kind=kind)
    rows = f"{table.num_rows:,} row{'s' if table.num_rows > 1 else ''}"
    looked = f"{found.first.name}: {rows} of {', '.join(one.name for one in profiles[:8])}{more}"
    amount: float = table.num_rows * (found.others + 1)
    if roles.kind == "language-modeling":
        amount *= next(one.characters for one in profiles if one.name in roles.inputs)
    return roles, amount, looked


def _trained_on(found: Found) -> dict[str, str]:
    if not found.held_out:
        return {}
    said = f"files that are for {found.held_out} by their names: there are no others"
    return {"trained on": said}


def _prepared(made: Draft) -> tuple[Draft, SequenceData]:
    """Read the data as a study would; files of test that don't go with the rest are left out."""
    file = spec.again(made.tree, made.path)
    try:
        return made, prepare(file.data, file.task)
    except DataError as error:
        test = made.sections["data"].get("test")
        if test is None or not isinstance(test.value, tuple):
            raise
        data = {key: entry for key, entry in made.sections["data"].items() if key != "test"}
        less = replace(made, sections={**made.sections, "data": data})
        file = spec.again(less.tree, made.path)
        prepared = prepare(file.data, file.task)
        left = f"left out, {error.problems[0]}"
        return replace(less, reasons={"test": left}), prepared


def _name(stem: str) -> str:
    """Give a name that studies and files may have, as near to the data's as can be."""
    return _UNFIT.sub("-", stem).strip("-._")[:_LONGEST] or "study"
