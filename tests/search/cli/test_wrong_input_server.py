"""What a database on a server that cannot be used gets; nothing of it is made or changed."""

import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import optuna
import pytest

from search import lease
from search.archive import Archive, opened
from search.settings import Settings
from search.submissions import Submissions
from tests.search.cli.test_wrong_input_places import FILES

LAUNCH = "launch study.toml --checkpoints store"
LINES = [LAUNCH, "list", "status small", "stop small", "delete small --yes", "dashboard"]


class Asked:
    """Tells what commands say about a URL, and that no password is in it."""

    def __init__(self, wrong: Any, secret: str) -> None:
        self.wrong = wrong
        self.secret = secret

    def tells(self, line: str, url: str, told: str, *, at_work: bool = False) -> None:
        self.wrong.tells(f"{line} --storage {url}", FILES, told, at_work=at_work)
        assert self.secret not in told


@pytest.fixture
def asked(wrong: Any, server: Any) -> Asked:
    from tests.postgresql import PASSWORD

    return Asked(wrong, PASSWORD)


@pytest.fixture
def database(make_database: Callable[..., Settings], make_spec: Any) -> Settings:
    """A database with a study, and a lease that nobody holds."""
    settings = make_database()
    archive = Archive(settings)
    archive.create(make_spec(), fingerprint="0" * 64, baselines=(), data_summary={})
    lease.acquire(archive.storage.engine, "small").release()
    archive.close()
    return settings


def name_of(settings: Settings) -> str:
    return settings.storage.rpartition("/")[2]


@pytest.mark.parametrize("line", LINES)
def test_a_wrong_password_is_told(line: str, database: Settings, asked: Asked, server: Any) -> None:
    url = server.url(name_of(database), password="wr0ng-S3cret")
    asked.tells(
        line,
        url,
        f"the database {database.shown} cannot be reached: password authentication failed for "
        'user "me" - check user and password in --storage, or in ~/.pgpass',
    )


@pytest.mark.parametrize("line", LINES)
def test_a_database_that_is_not_there_is_told(line: str, asked: Asked, server: Any) -> None:
    asked.tells(
        line,
        server.url("nothing"),
        f"the database postgresql://127.0.0.1:{server.port}/nothing cannot be reached: "
        'database "nothing" does not exist - create it, or name another with --storage',
    )


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as taken:  # bound and not listened to: nobody else gets it
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.parametrize("line", LINES)
def test_a_server_that_does_not_answer_is_told_at_once(
    line: str, closed_port: int, asked: Asked
) -> None:
    asked.tells(
        line,
        f"postgresql://me:{asked.secret}@127.0.0.1:{closed_port}/studies",
        f"the database postgresql://127.0.0.1:{closed_port}/studies cannot be reached: "
        "Connection refused - check host and port in --storage",
    )


def test_a_host_that_is_none_is_told(asked: Asked) -> None:
    asked.tells(
        "list",
        f"postgresql://me:{asked.secret}@nowhere.invalid/studies",
        "the database postgresql://nowhere.invalid/studies cannot be reached: failed to resolve "
        "host 'nowhere.invalid': ... - check host and port in --storage",
    )


@pytest.mark.parametrize("line", [LAUNCH, "list"])
def test_a_server_that_wants_tls_is_told(
    line: str, database: Settings, asked: Any, server: Any
) -> None:
    asked.tells(
        line,
        server.url(name_of(database), user="stranger"),
        f"the database {database.shown} cannot be reached: no pg_hba.conf entry for host ..., "
        "no encryption - add ?sslmode=require to the URL if the server asks for TLS",
    )


def test_a_server_without_tls_is_told(database: Settings, asked: Asked, server: Any) -> None:
    asked.tells(
        "list",
        f"{server.url(name_of(database))}?sslmode=require",
        f"the database {database.shown}?sslmode=require cannot be reached: server does not support "
        "SSL, but SSL was required - check sslmode in the URL, and the server's certificate",
    )


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (
            "?nonsense=1",
            "--storage: got a postgresql URL that cannot be read, invalid URI query ...",
        ),
        ("?sslmode=bla", 'the database ... cannot be reached: invalid sslmode value: "bla" - ...'),
    ],
)
def test_an_option_that_is_none_is_told(
    query: str, told: str, database: Settings, asked: Asked, server: Any
) -> None:
    asked.tells("list", server.url(name_of(database)) + query, told)


def test_a_url_that_cannot_be_read_is_told(asked: Asked) -> None:
    told = "--storage: got a postgresql URL that cannot be read - use postgresql://USER:..."
    asked.tells("list", f"postgresql://me:{asked.secret}/x@127.0.0.1/studies", told)


def test_who_may_not_make_tables_is_told(
    make_database: Callable[..., Settings], asked: Asked, server: Any
) -> None:
    empty = make_database(empty=False)
    url = server.url(name_of(empty), user="reader")
    asked.tells(
        LAUNCH,
        url,
        f"the database {empty.shown} cannot be used: permission denied for schema public - "
        "let its owner grant that, or name another with --storage",
    )
    with server.connect(name_of(empty)) as connection:
        assert connection.execute("SELECT FROM pg_tables WHERE schemaname = 'public'").rowcount == 0


@pytest.mark.parametrize(
    ("line", "table"),
    [
        (LAUNCH, "coordinator_lease"),
        ("delete small --yes", "coordinator_lease"),
    ],
)
def test_who_may_only_read_lists_and_is_told_of_more(
    line: str, table: str, database: Settings, asked: Asked, server: Any
) -> None:
    with server.connect(name_of(database)) as connection:
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    url = server.url(name_of(database), user="reader")
    small = FILES["study.toml"].replace('"small"', '"another"')
    asked.wrong.tells(
        f"{line} --storage {url}",
        {**FILES, "study.toml": small},
        f"the database {database.shown} cannot be used: permission denied for table {table} - "
        "let its owner grant that, or name another with --storage",
    )
    readable = Settings(storage=url, checkpoints=database.checkpoints, ray_address=None)
    archive = Archive(readable)
    assert [study.name for study in archive.studies()] == ["small"]
    archive.close()


def test_a_server_that_may_only_read_ends_at_once(
    database: Settings, asked: Asked, server: Any
) -> None:
    with opened(database) as archive:
        Submissions(archive.storage.engine).check_writable()
    with server.connect(name_of(database)) as connection:
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    asked.tells(
        "serve --port 0",
        server.url(name_of(database), user="reader"),
        f"the database {database.shown} cannot be used: permission denied for table "
        "study_submission - let its owner grant that, or name another with --storage",
    )


@pytest.mark.parametrize("line", [LAUNCH, "delete small --yes", "status small"])
def test_a_newer_schema_is_left_as_it_is(
    line: str, database: Settings, asked: Asked, server: Any
) -> None:
    with server.connect(name_of(database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'v9.9.9'")
    asked.tells(
        line,
        server.url(name_of(database)),
        f"the database {database.shown} has the schema of another Optuna than "
        f"{optuna.__version__} - use the version that wrote it, or another --storage",
    )


@pytest.mark.parametrize("line", [LAUNCH, "status small"])
def test_another_programs_database_is_left_as_it_is(
    line: str, make_database: Callable[..., Settings], asked: Asked, server: Any
) -> None:
    letters = make_database(empty=False)
    with server.connect(name_of(letters)) as connection:
        connection.execute("CREATE TABLE letters (text TEXT)")
    asked.tells(
        line,
        server.url(name_of(letters)),
        f"the database {letters.shown} is another program's, with letters in it - "
        "name another with --storage",
    )


@pytest.mark.parametrize("line", LINES[1:])
def test_no_command_but_launch_makes_tables(
    line: str, make_database: Callable[..., Settings], asked: Asked, server: Any
) -> None:
    empty = make_database(empty=False)
    asked.tells(
        line,
        server.url(name_of(empty)),
        f"no studies in the database {empty.shown} - launch a study first, or name another "
        "with --storage",
    )
    with server.connect(name_of(empty)) as connection:
        assert connection.execute("SELECT FROM pg_tables WHERE schemaname = 'public'").rowcount == 0


def test_a_missing_driver_is_told(wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("search.database.postgresql")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("search.database.postgresql", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    wrong.tells(
        "list --storage postgresql://me@host/db",
        {},
        "--storage: a postgresql URL takes psycopg, which cannot be loaded (...) - "
        "install it with: pip install 'psycopg[binary]>=3.2'",
    )
