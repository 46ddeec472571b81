"""Which files of data studies have in the checkpoint store, in two tables of our own.

One has a row a study: the data that count. The other has a row for each folder that doesn't count
yet, or any more, from before its first file until its last is gone: so no files are ever lost.
"""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

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

_ASIDE = sa.Table(
    "study_upload_aside",
    sa.MetaData(),
    sa.Column("folder", sa.Text, primary_key=True),
    sa.Column("study", sa.String(100), nullable=False),
    sa.Column("place", sa.Text),
)
_MAKING = 5_403_982_117
"""Number of the lock behind which PostgreSQL makes the tables."""
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
        """Read which uploaded data of a study count; None where none do.

        Raises:
            StorageError: it isn't written as this version writes it.
        """
        found = self._read(_TABLE, study)
        return found[0] if found else None

    def aside(self, study: str) -> list[Upload]:
        """Read where other data of a study lie, or may lie.

        Raises:
            StorageError: it isn't written as this version writes it.
        """
        return self._read(_ASIDE, study)

    def put_aside(self, upload: Upload) -> None:
        """Write down data that do not count yet, or any more."""
        self._make()
        where = {"folder": upload.folder, "study": upload.study, "place": upload.place}
        with self._engine.begin() as connection:
            _forget(connection, upload)
            connection.execute(_ASIDE.insert().values(where))

    def keep(self, upload: Upload) -> None:
        """Let uploaded data of a study count; what counted before in another folder is put aside.

        Arguments:
            upload: all of it is in the store.
        """
        self._make()
        files = {path: [one.real, one.hash] for path, one in upload.files.items()}
        row = _TABLE.insert().values(
            study=upload.study,
            place=upload.place,
            folder=upload.folder,
            paths=json.dumps({key: list(paths) for key, paths in upload.paths.items()}),
            files=json.dumps(files),
        )
        counted = _TABLE.c.study == upload.study
        columns = (_TABLE.c.folder, _TABLE.c.study, _TABLE.c.place)
        former = sa.select(*columns).where(counted, _TABLE.c.folder != upload.folder)
        with self._engine.begin() as connection:
            connection.execute(_ASIDE.insert().from_select(["folder", "study", "place"], former))
            connection.execute(_TABLE.delete().where(counted))
            _forget(connection, upload)
            connection.execute(row)

    def forget(self, upload: Upload) -> None:
        """Know no more of a folder that is gone."""
        self._make()
        with self._engine.begin() as connection:
            _forget(connection, upload)

    def _make(self) -> None:
        for table in (_TABLE, _ASIDE):
            make_table(self._engine, table, lock=_MAKING)

    def _read(self, table: sa.Table, study: str) -> list[Upload]:
        if not sa.inspect(self._engine).has_table(table.name):
            return []
        mine = sa.select(table).where(table.c.study == study)
        with self._engine.connect() as connection:
            rows = [dict(row) for row in connection.execute(mine).mappings()]
        try:
            return [_read(row) for row in rows]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise StorageError(
                f"the uploaded data of study {study!r} are not written as this version writes "
                f"them ({error!r}) - use the version that wrote them, or submit under another name"
            ) from error


def _forget(connection: Connection, upload: Upload) -> None:
    for table in (_TABLE, _ASIDE):
        connection.execute(table.delete().where(table.c.folder == upload.folder))


def _read(row: Mapping[str, Any]) -> Upload:
    """Take back what was written; names, places and paths lead to files."""
    study, place = row["study"], row["place"]
    folder = _FOLDER.fullmatch(row["folder"])
    if not is_name(study) or not folder or folder["study"] != study:
        raise ValueError("it names no folder")
    if place is not None and not is_settled(place):
        raise ValueError("it names no place for checkpoints")
    paths, files = json.loads(row.get("paths", "{}")), json.loads(row.get("files", "{}"))
    if not _KEYS.issuperset(paths):
        raise ValueError("it names what holds no files")
    return Upload(
        study=study,
        place=place,
        folder=row["folder"],
        paths={key: tuple(map(_path, said)) for key, said in paths.items()},
        files={
            _path(path): FileCopy(real=_path(real), hash=_hash(said))
            for path, (real, said) in files.items()
        },
    )


def _path(said: str) -> str:
    path = PurePosixPath(said)
    if not path.is_absolute() or "\0" in said:
        raise ValueError("it names no file")
    return said


def _hash(said: str) -> str:
    if not _HASH.fullmatch(said):
        raise ValueError("it has no hash")
    return said
