"""Studies that were submitted: what a server is to run, first come first served.

A row a study in a table of our own. Whether one runs is not written here: its lease says that.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from search.lease import UNFENCED, make_table
from search.records import SubmissionState

_TABLE = sa.Table(
    "study_submission",
    sa.MetaData(),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("study", sa.String(100), nullable=False, unique=True),
    sa.Column("nonce", sa.String(32), nullable=False),
    sa.Column("given", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("checkpoints", sa.Text),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)

_MAKING = 5_403_982_116
"""Number of the lock behind which PostgreSQL makes the table."""
MOST_CHARACTERS = 10_000
"""Of a text that is for readers only; the queue is read every few seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A study that was submitted."""

    place: int
    """In the queue: the lower, the earlier. A study that is submitted again gets a new one."""
    study: str
    nonce: str
    """Another each time it is submitted: a place may come again, and an end be told late."""
    given: Mapping[str, Any]
    """What its file says, checked, its paths absolute: `SpecFile.given`."""
    path: str
    """Where the file was read, for messages."""
    checkpoints: str | None
    """Where its checkpoints shall be; None: wherever the server keeps them."""
    state: SubmissionState
    reason: str
    """Why it has ended, or why it doesn't get on; empty where there is nothing to say."""


class Submissions:
    """The queue of one database.

    Arguments:
        engine: the database of studies.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(**{UNFENCED: True})

    def add(
        self, *, study: str, given: Mapping[str, Any], path: str, checkpoints: str | None
    ) -> Submission:
        """Put a study at the end of the queue; one that is there already is replaced."""
        nonce = secrets.token_hex(16)
        last = sa.select(sa.func.coalesce(sa.func.max(_TABLE.c.place), 0) + 1).scalar_subquery()
        row = _TABLE.insert().values(
            place=last,
            study=study,
            nonce=nonce,
            given=json.dumps(given),
            path=storable(path),
            checkpoints=checkpoints,
            state="waiting",
            reason="",
        )
        make_table(self._engine, _TABLE, lock=_MAKING)
        while True:
            try:
                with self._engine.begin() as connection:
                    connection.execute(_TABLE.delete().where(_TABLE.c.study == study))
                    place = connection.execute(row.returning(_TABLE.c.place)).scalar_one()
            except sa.exc.IntegrityError:  # another has just taken that place
                continue
            break
        return Submission(
            place=place,
            study=study,
            nonce=nonce,
            given=given,
            path=storable(path),
            checkpoints=checkpoints,
            state="waiting",
            reason="",
        )

    def check_writable(self) -> None:
        """Have the queue's table, and find that it may be written, before anybody counts on it.

        Raises:
            SQLAlchemyError: it may not, or there can be none.
        """
        make_table(self._engine, _TABLE, lock=_MAKING)
        nowhere = _TABLE.c.place < 0
        with self._engine.begin() as connection:
            connection.execute(_TABLE.update().where(nowhere).values(state=_TABLE.c.state))

    def all(self) -> list[Submission]:
        """List what was submitted, the earliest first."""
        if not sa.inspect(self._engine).has_table(_TABLE.name):
            return []
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(_TABLE).order_by(_TABLE.c.place)).mappings()
            return [_read(row) for row in rows]

    def find(self, study: str) -> Submission | None:
        """Read a study's submission; None where it was never submitted."""
        return next((one for one in self.all() if one.study == study), None)

    def settle(self, one: Submission, state: SubmissionState, reason: str) -> bool:
        """Write how a submission stands; tell whether it waited still.

        Arguments:
            one: as it was read; what was ended or submitted again meanwhile stays as it is.
            state: how it stands.
            reason: why.
        """
        waits = sa.and_(
            _TABLE.c.study == one.study,
            _TABLE.c.nonce == one.nonce,
            _TABLE.c.state == "waiting",
        )
        with self._engine.begin() as connection:
            changed = connection.execute(
                _TABLE.update().where(waits).values(state=state, reason=storable(reason))
            )
        return bool(changed.rowcount)

    def forget(self, study: str) -> bool:
        """Take a study off the queue; tell whether it was on it."""
        if not sa.inspect(self._engine).has_table(_TABLE.name):
            return False
        with self._engine.begin() as connection:
            gone = connection.execute(_TABLE.delete().where(_TABLE.c.study == study))
        return bool(gone.rowcount)


def _read(row: sa.RowMapping) -> Submission:
    """Read a row; one that another version has written must not keep the others from their turn."""
    read: dict[str, Any] = {**row}
    try:
        given = json.loads(row["given"])
    except ValueError:
        given = {}
    read["given"] = given if isinstance(given, dict) else {}
    if row["state"] not in get_args(SubmissionState):
        what = f"it stands as {row['state']!r}, which this version does not know - submit it again"
        read |= {"state": "ended", "reason": what}
    return Submission(**read)


def storable(text: str) -> str:
    """Write a text for readers so that every database takes it: no NUL, no byte that is no UTF-8.

    Arguments:
        text: of any length, which may come from the names of files.
    """
    plain = text[:MOST_CHARACTERS].encode(errors="backslashreplace").decode()
    cut = " ..." if len(text) > MOST_CHARACTERS else ""
    return plain.replace("\0", "\\x00") + cut
