"""Which files of data studies have in the checkpoint store: a row a study in a table of our own."""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from search.addresses import is_settled
from search.errors import StorageError
from search.lease import UNFENCED, make_table
from search.settings import Settings
from search.spec import is_name

_TABLE = sa.Table(
    "study_upload",
    sa.MetaData(),
    sa.Column("study", sa.String(100), primary_key=True),
    sa.Column("place", sa.Text),
    sa.Column("folder", sa.Text, nullable=False),
    sa.Column("paths", sa.Text, nullable=False),
    sa.Column("files", sa.Text, nullable=False),
)

_MAKING = 5_403_982_117
"""Number of the lock behind which PostgreSQL makes the table."""
_KEYS = {"train", "validation", "test", "tokenizer"}
_FOLDER = re.compile("(?P<study>.*)-data-[0-9a-f]{16}")
_HASH = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCopy:
    """One file that was uploaded."""

    real: str
    """The path behind all links: two of the same are one file."""
    hash: str
    """SHA-256 of its content, hexadecimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """The data of a study, as far as they are in the store."""

    study: str
    """Its name."""
    place: str | None
    """Where checkpoints lie; None: beside the database."""
    folder: str
    """The data's own, in that place."""
    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What `[data]` names, by key: absolute paths and globs, as `spec` settles them."""
    files: Mapping[str, FileCopy] = field(default_factory=dict)
    """By absolute path without `..`; none until all are there."""

    def address(self, settings: Settings) -> str:
        """Tell where checkpoints lie, as `checkpoints.at` takes it."""
        return self.place or settings.usual_checkpoints


def new_upload(study: str, place: str | None) -> Upload:
    """Give an upload of nothing yet, in a folder that no other has."""
    return Upload(study=study, place=place, folder=f"{study}-data-{secrets.token_hex(8)}")


class Uploads:
    """What one database knows of uploaded data.

    Arguments:
        engine: the database of studies.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(**{UNFENCED: True})

    def find(self, study: str) -> Upload | None:
        """Read what was uploaded of a study; None where nothing was.

        Raises:
            StorageError: it isn't written as this version writes it.
        """
        if not sa.inspect(self._engine).has_table(_TABLE.name):
            return None
        mine = sa.select(_TABLE).where(_TABLE.c.study == study)
        with self._engine.connect() as connection:
            row = connection.execute(mine).mappings().one_or_none()
        if row is None:
            return None
        try:
            return _read(dict(row))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise StorageError(
                f"the uploaded data of study {study!r} are not written as this version writes "
                f"them ({error!r}) - use the version that wrote them, or submit under another name"
            ) from error

    def keep(self, upload: Upload) -> None:
        """Write what was uploaded of a study, in the place of what was written before."""
        make_table(self._engine, _TABLE, lock=_MAKING)
        files = {path: [one.real, one.hash] for path, one in upload.files.items()}
        values = {
            "place": upload.place,
            "folder": upload.folder,
            "paths": json.dumps({key: list(paths) for key, paths in upload.paths.items()}),
            "files": json.dumps(files),
        }
        mine = _TABLE.update().where(_TABLE.c.study == upload.study).values(values)
        with self._engine.begin() as connection:
            if not connection.execute(mine).rowcount:
                connection.execute(_TABLE.insert().values(study=upload.study, **values))

    def forget(self, study: str) -> None:
        """Know no more of a study."""
        if sa.inspect(self._engine).has_table(_TABLE.name):
            with self._engine.begin() as connection:
                connection.execute(_TABLE.delete().where(_TABLE.c.study == study))


def _read(row: Mapping[str, Any]) -> Upload:
    """Take back what was written; names, places and paths lead to files."""
    study, place = row["study"], row["place"]
    folder = _FOLDER.fullmatch(row["folder"])
    if not is_name(study) or not folder or folder["study"] != study:
        raise ValueError("it names no folder")
    if place is not None and not is_settled(place):
        raise ValueError("it names no place for checkpoints")
    paths = {key: tuple(map(_path, said)) for key, said in json.loads(row["paths"]).items()}
    if not _KEYS.issuperset(paths):
        raise ValueError("it names what holds no files")
    files = {
        _path(path): FileCopy(real=_path(real), hash=_hash(said))
        for path, (real, said) in json.loads(row["files"]).items()
    }
    return Upload(study=study, place=place, folder=row["folder"], paths=paths, files=files)


def _path(said: str) -> str:
    path = PurePosixPath(said)
    if not path.is_absolute() or "\0" in said:
        raise ValueError("it names no file")
    return said


def _hash(said: str) -> str:
    if not _HASH.fullmatch(said):
        raise ValueError("it has no hash")
    return said
