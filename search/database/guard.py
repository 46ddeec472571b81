"""What holds for the writers of one study in a database that others write to."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from search.errors import StudyDeleted
from search.lease import UNFENCED

_NAME = sqlalchemy.text("SELECT study_name FROM studies WHERE study_id = :id")


def deleted(name: str) -> StudyDeleted:
    """Make the error that says that a study is there no more."""
    return StudyDeleted(f"study {name!r} was deleted from the database meanwhile")


@contextmanager
def unless_deleted(storage: RDBStorage, study_id: int, name: str) -> Iterator[None]:
    """Tell of what fails in a block whether that is because a study was deleted meanwhile.

    Arguments:
        storage: where it was.
        study_id: Optuna's.
        name: the study's.

    Raises:
        StudyDeleted: it was; else whatever has failed is raised.
    """
    try:
        yield
    except (KeyError, SQLAlchemyError, StorageInternalError) as error:
        try:
            with storage.engine.connect() as connection:
                found = connection.execute(_NAME, {"id": study_id}).scalar()
        except SQLAlchemyError:
            raise error from None  # which is the database's own trouble
        if found == name:
            raise
        raise deleted(name) from error


def refuse_once_deleted(storage: RDBStorage, study_id: int, name: str) -> None:
    """Refuse every further commit once a study is deleted: SQLite uses its id again.

    Arguments:
        storage: whose commits.
        study_id: Optuna's.
        name: the study's.
    """

    def is_there(connection: Connection) -> None:
        if connection.get_execution_options().get(UNFENCED):
            return
        if connection.execute(_NAME, {"id": study_id}).scalar() != name:
            raise deleted(name)

    sqlalchemy.event.listen(storage.engine, "commit", is_there)


def await_writers(storage: RDBStorage, study_id: int) -> None:
    """Wait until no trial of a study is being created any more, by a lost connection above all.

    Optuna creates one behind a lock on the study's row; SQLite has one writer at a time anyway.
    """
    if storage.engine.dialect.name != "postgresql":
        return
    query = sqlalchemy.text("SELECT study_id FROM studies WHERE study_id = :id FOR UPDATE")
    with storage.engine.connect() as connection:
        connection.execute(query, {"id": study_id})
