"""What a shell completes while a command is typed: files of studies, and names of studies.

It has to answer before the next key is struck: a database in a file is read as it is, without the
libraries that studies need; one on a server isn't asked.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from search.errors import WrongUse
from search.settings import SQLITE, read

_SECONDS = 0.5
"""How long a database that is being written is waited for."""


def study_files(typed: str, folder: Path) -> list[str]:
    """Give study files, and folders in which some may be, that begin with what is typed.

    Arguments:
        typed: a path as far as it goes, seen from the folder.
        folder: the working folder.
    """
    head, slash, start = typed.rpartition("/")
    place = folder / (head + slash)
    try:
        entries = sorted(place.iterdir())
    except OSError:
        return []
    found = []
    for entry in entries:
        hidden = entry.name.startswith(".") and not start.startswith(".")
        if entry.name.startswith(start) and not hidden:
            if entry.is_dir():
                found.append(f"{head}{slash}{entry.name}/")
            elif entry.suffix == ".toml":
                found.append(f"{head}{slash}{entry.name}")
    return found


def study_names(
    typed: str, environment: Mapping[str, str], folder: Path, storage: str | None = None
) -> list[str]:
    """Give names of studies that begin with what is typed; none where they can't be had at once.

    Arguments:
        typed: a name as far as it goes.
        environment: environment variables.
        folder: the working folder.
        storage: `--storage`, where it was typed before.
    """
    try:
        settings = read(environment, folder=folder, storage=storage)
    except WrongUse:
        return []
    if not settings.storage.startswith(SQLITE):
        return []
    url = f"{settings.sqlite_file.as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(url, uri=True, timeout=_SECONDS)) as database:
            rows = database.execute("SELECT study_name FROM studies ORDER BY study_name").fetchall()
    except sqlite3.Error:
        return []
    return [str(name) for (name,) in rows if str(name).startswith(typed)]
