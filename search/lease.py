"""Who runs a study now: one row a study, compared and set with the database's own clock.

An owner renews its row every few seconds. Whoever wants the study waits until the row has run
out, or takes it at once when the owner ran on this machine and is gone. Each change of owner
raises the generation, which stands in the names of checkpoints.
"""

import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from search.errors import LeaseLost, Outage, StudyElsewhere

TTL_SECONDS = 15.0
"""A row that hasn't been renewed for so long may be taken."""
RENEW_SECONDS = 2.0
"""How often it is renewed, and a wish to stop is read."""
CLOCK_SLACK_SECONDS = 5.0
"""How far two readings of one process's start may lie apart."""

_TABLE = sa.Table(
    "coordinator_lease",
    sa.MetaData(),
    sa.Column("study", sa.String(100), primary_key=True),
    sa.Column("owner", sa.String(64), nullable=False),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("process", sa.Integer, nullable=False),
    sa.Column("process_start", sa.Float, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("expires", sa.Float, nullable=False),
    sa.Column("stop_asked", sa.Boolean, nullable=False),
)
_CLOCKS = {
    "sqlite": sa.literal_column("((julianday('now') - 2440587.5) * 86400.0)", sa.Float),
    "postgresql": sa.literal_column("extract(epoch from clock_timestamp())", sa.Float),
}
"""Seconds since 1970 by the database's clock, which moves inside a transaction too."""
_MAKING = 5_403_982_115
"""Number of the lock behind which PostgreSQL makes the table."""
UNFENCED = "unfenced"
"""Execution option of the lease's own transactions, which compare and set for themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who a lease's row names."""

    owner: str
    host: str
    process: int
    process_start: float
    expires: float
    """When the row runs out, by the database's clock, in seconds since 1970."""
    seconds_left: float
    """Until then; negative once it has."""

    @property
    def is_gone(self) -> bool:
        """Whether the owner ran on this machine and runs no more."""
        if self.host != _host():
            return False
        try:
            process = psutil.Process(self.process)
            start, status = _start(process), process.status()
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:  # another user's, who is hidden: by its expiry, then
            return False
        # A parent that doesn't wait for its children, as in some containers, keeps dead ones.
        is_dead = status in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
        return is_dead or abs(start - self.process_start) > CLOCK_SLACK_SECONDS

    @property
    def may_be_replaced(self) -> bool:
        """Whether the row is free to take."""
        return self.seconds_left <= 0 or self.is_gone

    def __str__(self) -> str:
        return f"{self.host.partition('/')[0]}, process {self.process}"


def holder(engine: Engine, study: str) -> Holder | None:
    """Read who holds a study's lease; None where nobody does or has run out of it."""
    found = _read(engine, study)
    return found if found and not found.may_be_replaced else None


def ask_to_stop(engine: Engine, study: str) -> bool:
    """Ask a study's owner to end as by Ctrl-C; tell whether there is one to ask."""
    if holder(engine, study) is None:
        return False
    with engine.begin() as connection:
        connection.execute(_TABLE.update().where(_TABLE.c.study == study).values(stop_asked=True))
    return True


class Lease:
    """A study's lease, held from `acquire` to `release` and renewed by a thread meanwhile.

    As long as it is held, every commit through its engine is fenced.
    """

    def __init__(self, engine: Engine, study: str, owner: str, generation: int) -> None:
        self.generation = generation
        """How often the study has changed owners; stands in checkpoint names."""
        self._engine = engine.execution_options(**{UNFENCED: True})
        self._fenced = engine
        self._study = study
        self._owner = owner
        query = sa.select(_TABLE.c.owner).where(_TABLE.c.study == study)
        is_postgresql = engine.dialect.name == "postgresql"
        self._asks_owner = query.with_for_update(read=True) if is_postgresql else query
        sa.event.listen(engine, "commit", self.fence)
        self._held_until = time.monotonic() + TTL_SECONDS
        self._stop_asked = False
        self._lost = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        self._thread.start()

    @property
    def stop_asked(self) -> bool:
        """Whether someone has asked this owner to end as by Ctrl-C."""
        return self._stop_asked

    @property
    def lost(self) -> bool:
        """Whether another owner has taken the study over."""
        return self._lost

    def surely_held(self) -> bool:
        """Tell, by this machine's clock alone, that nobody can have taken the study over."""
        return not self._lost and time.monotonic() < self._held_until

    def fence(self, connection: Connection) -> None:
        """Refuse a commit of an owner that is one no more; called inside the transaction.

        Raises:
            LeaseLost: another owner has taken the study over.
        """
        if connection.get_execution_options().get(UNFENCED):
            return
        if connection.execute(self._asks_owner).scalar() != self._owner:
            self._lost = True
            raise LeaseLost("another coordinator has taken this study over - this one stands down")

    def renew(self) -> None:
        """Put the row's end off by `TTL_SECONDS`, if it is still ours."""
        before = time.monotonic()
        with self._engine.begin() as connection:
            mine = sa.and_(_TABLE.c.study == self._study, _TABLE.c.owner == self._owner)
            until = _CLOCKS[connection.dialect.name] + TTL_SECONDS
            row = connection.execute(
                _TABLE.update().where(mine).values(expires=until).returning(_TABLE.c.stop_asked)
            ).first()
        if row is None:
            self._lost = True
        else:
            self._held_until = before + TTL_SECONDS
            self._stop_asked = self._stop_asked or bool(row.stop_asked)

    def try_to_renew(self) -> None:
        """Renew; where the database is busy, lost or full, the row holds until it runs out."""
        with suppress(sa.exc.SQLAlchemyError, Outage):
            self.renew()

    def release(self) -> None:
        """Give the study free at once; where the database fails, the row runs out by itself."""
        self._closing.set()
        self._thread.join()
        sa.event.remove(self._fenced, "commit", self.fence)
        with suppress(sa.exc.SQLAlchemyError, Outage), self._engine.begin() as connection:
            connection.execute(
                _TABLE.update()
                .where(_TABLE.c.study == self._study, _TABLE.c.owner == self._owner)
                .values(expires=0.0, stop_asked=False)
            )

    def _keep(self) -> None:
        while not self._lost and not self._closing.wait(RENEW_SECONDS):
            self.try_to_renew()


def acquire(
    engine: Engine, study: str, *, waiting: Callable[[Holder], None] = lambda _: None
) -> Lease:
    """Take a study's lease, waiting for a silent owner's row to run out.

    Arguments:
        engine: the database of studies.
        study: the study's name.
        waiting: called about once a second with the silent owner that is waited for.

    Raises:
        StudyElsewhere: the owner has renewed its row meanwhile, so it lives.
    """
    make_table(engine, _TABLE, lock=_MAKING)
    first: Holder | None = None
    while True:
        found = _read(engine, study)
        if found is None or found.may_be_replaced:
            lease = _take(engine, study, found)
            if lease:
                return lease
            continue
        first = first or found
        if found.owner != first.owner or found.expires > first.expires:
            raise StudyElsewhere(
                f"the study is being run by {found} - wait for it, or end it with `stop`"
            )
        waiting(found)
        time.sleep(min(1.0, found.seconds_left))


def make_table(engine: Engine, table: sa.Table, *, lock: int) -> None:
    """Make a table where there is none; asked first, since making takes a right of its own.

    Arguments:
        engine: the database; in PostgreSQL two that make it at once would get an error.
        table: what it is to be like.
        lock: number of the lock behind which it is made there.
    """
    if sa.inspect(engine).has_table(table.name):
        return
    with engine.execution_options(**{UNFENCED: True}).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))
        connection.execute(sa.schema.CreateTable(table, if_not_exists=True))


def _take(engine: Engine, study: str, found: Holder | None) -> Lease | None:
    """Set the row to ourselves if it is still as it was found; None if another was faster."""
    owner = secrets.token_hex(16)
    me = psutil.Process()
    clock = _CLOCKS[engine.dialect.name]
    values = {
        "owner": owner,
        "host": _host(),
        "process": me.pid,
        "process_start": _start(me),
        "expires": clock + TTL_SECONDS,
        "stop_asked": False,
    }
    change: sa.Insert | sa.Update
    if found is None:
        change = _TABLE.insert().values(study=study, generation=1, **values)
    else:
        unchanged = sa.and_(_TABLE.c.owner == found.owner, _TABLE.c.expires == found.expires)
        change = (
            _TABLE.update()
            .where(_TABLE.c.study == study, unchanged)
            .values(generation=_TABLE.c.generation + 1, **values)
        )
    try:
        with engine.begin() as connection:
            generation = connection.execute(change.returning(_TABLE.c.generation)).scalar()
    except sa.exc.IntegrityError:
        return None
    return Lease(engine, study, owner, generation) if generation else None


def _read(engine: Engine, study: str) -> Holder | None:
    if not sa.inspect(engine).has_table(_TABLE.name):
        return None
    with engine.connect() as connection:
        left = _TABLE.c.expires - _CLOCKS[connection.dialect.name]
        row = connection.execute(
            sa.select(_TABLE, left.label("left")).where(_TABLE.c.study == study)
        ).first()
    if row is None:
        return None
    return Holder(
        owner=row.owner,
        host=row.host,
        process=row.process,
        process_start=row.process_start,
        expires=row.expires,
        seconds_left=float(row.left),
    )


def _start(process: psutil.Process) -> float:
    """Give when a process began, in seconds after the machine; no setting of clocks moves it."""
    return process.create_time() - psutil.boot_time()


def _host() -> str:
    """Name this machine, its last start, and whose process numbers hold: containers differ."""
    boot, numbers = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    start = boot.read_text().strip() if boot.exists() else ""
    return f"{socket.gethostname()}/{start}/{numbers.readlink() if numbers.exists() else ''}"
