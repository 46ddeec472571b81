"""What holds for all tests: steady properties, and one PostgreSQL server, started when needed."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from search.archive import Archive
from search.settings import Settings

if TYPE_CHECKING:
    from tests.postgresql import Server

CLUSTERS = tuple(
    f"tests/faults/test_{name}.py" for name in ("drill", "nodes", "postgresql", "server")
)
ONE_AT_A_TIME = {
    "clusters": (*CLUSTERS, "tests/search/workers/test_cluster.py"),
    "kills": ("tests/faults/",),
}
"""Tests that bring up several nodes, or kill in the midst of work: never two of a group at once."""

LONG = (
    "tests/faults/",
    "tests/test_readme.py",
    "tests/test_docs.py",
    "tests/test_journeys.py",
    "tests/search/kills/",
    "tests/search/workers/test_cluster.py",
    "tests/search/test_dashboard_browser.py",
    "tests/test_watching.py",
)
"""Tests that begin first, so that at the end no process waits for another's minutes."""

settings.register_profile("steady", deadline=None)  # a slow machine fails no test
settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, where several share the work; long ones first."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))
    for item in items:
        file = item.nodeid.partition("::")[0]
        groups = (group for group, files in ONE_AT_A_TIME.items() if file.startswith(files))
        group = next(groups, file)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def server() -> Iterator["Server"]:
    """A PostgreSQL server; whoever stops it starts it again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells where it puts its files, if that is unusual
        from tests.postgresql import Server
    made = Server()
    yield made
    made.close()


@pytest.fixture(scope="session")
def empty_on_server(server: "Server", tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with its tables, to be copied."""
    name = server.create()
    Archive(on_server(server, name, tmp_path_factory.mktemp("none")), create=True).close()
    return name


@pytest.fixture
def make_database(
    server: "Server", empty_on_server: str, tmp_path: Path
) -> Iterator[Callable[..., Settings]]:
    """Make databases on the server, with tables of studies or without any."""
    made: list[str] = []

    def make(*, empty: bool = True) -> Settings:
        made.append(server.create(empty_on_server) if empty else server.create())
        return on_server(server, made[-1], tmp_path)

    yield make
    for name in made:
        server.drop(name)


@pytest.fixture
def on_postgresql(make_database: Callable[..., Settings]) -> Settings:
    return make_database()


def on_server(server: "Server", name: str, folder: Path) -> Settings:
    url = server.url(name).replace("postgresql://", "postgresql+psycopg://")
    return Settings(storage=url, checkpoints=str(folder / "checkpoints"), ray_address=None)
