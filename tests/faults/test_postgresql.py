"""Studies on a PostgreSQL server that goes down, for real; and the password that nobody tells."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from typer.testing import CliRunner

from search.cli import app
from search.settings import Settings

pytestmark = pytest.mark.slow


class Served:
    """A bench whose studies are on a server; commands learn of it by their environment."""

    def __init__(self, bench: Any, settings: Settings) -> None:
        self.bench = bench
        bench.settings = settings
        bench.store = Path(str(settings.checkpoints))
        self.environment = {
            "LSTM_SEARCH_STORAGE": settings.storage,
            "LSTM_SEARCH_CHECKPOINTS": str(settings.checkpoints),
        }
        self.said = ""

    def launch(self, *options: str) -> Any:
        return self.bench.launch(*options)

    def finish(self, process: Any) -> tuple[int, str, str]:
        code, out, err = self.bench.finish(process)
        self.said += out + err
        return code, out, err

    def run(self, *words: str) -> int:
        """Run a command to its end, and keep what it says."""
        ended = CliRunner().invoke(app, words, prog_name="lstm-search")
        assert ended.exception is None or isinstance(ended.exception, SystemExit)
        self.said += ended.stdout + ended.stderr
        return ended.exit_code


@pytest.fixture
def served(
    bench: Any, on_postgresql: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Served]:
    made = Served(bench, on_postgresql)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(bench.folder)
    yield made
    bench.close()  # before its database is dropped


def planted_in(place: Path, secret: str) -> list[Path]:
    """List the files that have the password in them."""
    files = [path for path in place.rglob("*") if path.is_file()]
    return [path for path in files if secret.encode() in path.read_bytes()]


def command_lines(pid: int) -> list[str]:
    """List the words on the command lines of a process and of all that it has started."""
    words = []
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):  # one that has just ended
            words += process.cmdline()
    return words


def said_until(words: str, process: Any) -> list[str]:
    """Hear what a launch says until it says something."""
    said: list[str] = []
    for line in process.stderr:
        said.append(line)
        if words in line:
            return said
    raise AssertionError(said)


def dumped(server: Any, name: str) -> str:
    """Give everything that is in a database."""
    with server.connect(name) as connection:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        tables = [table for (table,) in connection.execute(query).fetchall()]
        assert "study_user_attributes" in tables
        return "".join(str(connection.execute(f"TABLE {one}").fetchall()) for one in tables)


def test_a_server_that_goes_down_costs_nothing_and_the_password_is_told_nowhere(
    served: Served, server: Any, tmp_path: Path
) -> None:
    from tests.postgresql import PASSWORD

    bench, settings = served.bench, served.bench.settings
    bench.write(trials=3, steps=120)
    impatient = served.launch("--storage", settings.storage, "--storage-patience", "3s")
    bench.wait_until(lambda: bench.epochs() >= 2, impatient)
    lines = command_lines(impatient.pid)
    (session,) = {word.partition("=")[2] for word in lines if word.startswith("--session-dir=")}
    assert not [word for word in lines if PASSWORD in word]
    with server.stopped():
        code, _, said = served.finish(impatient)
    assert code == 1, said
    assert said.count("; waiting up to 3 s: running trials train on") == 1
    assert "is out of reach" in said.splitlines()[-1]
    assert "launch again: the study goes on from its last states" in said.splitlines()[-1]
    assert planted_in(Path(session) / "logs", PASSWORD) == []
    running = [trial for trial in bench.trials() if not trial.state.is_finished()]
    assert running

    patient = served.launch()
    recorded = bench.epochs()
    bench.wait_until(lambda: bench.epochs() > recorded, patient)
    with server.stopped():
        told = said_until("waiting up to 10 min", patient)
        assert f"127.0.0.1:{server.port}" in told[-1]
    code, _, said = served.finish(patient)
    assert code == 0, said
    assert said.count("all is well again after") == 1
    bench.check_whole(3)
    bench.check_replays([running[0].number])

    assert served.run("list", "--json") == 0
    assert served.run("status", "short", "--json") == 0
    assert served.run("best", "short") == 0
    assert served.run("export", "short", "--to", "out") == 0
    assert served.run("stop", "short") == 0
    assert served.run("launch", "short.toml", "--trials", "2", "--storage", settings.storage) == 0
    assert served.run("status", "nothing") == 2
    with server.stopped():
        assert served.run("status", "short") == 2
        assert served.run("launch", "short.toml") == 2
    assert "Traceback" not in served.said
    assert PASSWORD not in served.said + str(told)
    assert PASSWORD not in dumped(server, settings.storage.rpartition("/")[2])
    assert planted_in(tmp_path, PASSWORD) == []
    assert served.run("delete", "short", "--yes") == 0
    assert list(Path(settings.checkpoints).iterdir()) == []
