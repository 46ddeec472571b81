"""What holds for the writers of one study in a database that others write to."""

import sqlalchemy
from optuna.storages import RDBStorage
from sqlalchemy.engine import Connection

from search.errors import StudyDeleted
from search.lease import UNFENCED


def refuse_once_deleted(storage: RDBStorage, study_id: int, name: str) -> None:
    """Refuse every further commit once a study is deleted: SQLite uses its id again.

    Arguments:
        storage: whose commits.
        study_id: Optuna's.
        name: the study's.
    """
    query = sqlalchemy.text("SELECT study_name FROM studies WHERE study_id = :id")

    def is_there(connection: Connection) -> None:
        if connection.get_execution_options().get(UNFENCED):
            return
        if connection.execute(query, {"id": study_id}).scalar() != name:
            raise StudyDeleted("the study was deleted from the database while it ran")

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
