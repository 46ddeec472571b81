"""The services of docker-compose.yml as processes of this machine: their own commands, their own
environment, with this machine's addresses and folders for the containers'.
"""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.compose import NEEDED, read
from tests.ports import free_port

pytestmark = pytest.mark.slow


class Host:
    """Runs services, each word of a container's world put into this machine's."""

    def __init__(self, folder: Path, words: Mapping[str, str]) -> None:
        self.folder = folder
        self.words = words
        self.services = read({**NEEDED, "RAY_WORKER_CPUS": "1"})["services"]
        self.running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def here(self, text: str) -> str:
        for there, here in self.words.items():
            text = text.replace(there, here)
        return text

    def environment(self, name: str) -> dict[str, str]:
        given = {key: self.here(value) for key, value in self.services[name]["environment"].items()}
        path = f"{Path(sys.executable).parent}:/bin:/usr/bin"
        return {"HOME": os.environ["HOME"], "PATH": path, **given}

    def up(self, name: str) -> subprocess.Popen[bytes]:
        """Start a service, and wait until its own health check says that it is well."""
        log = self.folder / f"{name}-{len(self.running)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [self.here(word) for word in self.services[name]["command"]],
                cwd=self.folder,
                env=self.environment(name),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self.running.append((name, process))
        check = [self.here(word) for word in self.services[name]["healthcheck"]["test"][1:]]
        while subprocess.run(
            check, env=self.environment(name), capture_output=True, timeout=60, check=False
        ).returncode:
            assert process.poll() is None, log.read_text()
            time.sleep(0.2)
        # Of two workers on one machine, each is well as soon as either is.
        while name == "ray-worker" and "Ray runtime started" not in log.read_text():
            assert process.poll() is None, log.read_text()
            time.sleep(0.2)
        return process

    def stop(self, process: subprocess.Popen[bytes], name: str) -> None:
        """Stop a service as Compose does: it is told, has its time, and is killed."""
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=int(self.services[name]["stop_grace_period"].removesuffix("s")))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def said(self, event: str) -> set[str]:
        """Read of which studies the server has logged an event so far."""
        (log,) = self.folder.glob("server-*.log")
        whole = log.read_text().rpartition("\n")[0]
        lines = [json.loads(line) for line in whole.splitlines()]
        return {line["study"] for line in lines if line["event"] == event}

    def run(self, *arguments: str) -> str:
        """Run the command line, as `docker compose run --rm search` does."""
        done = self.ran(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ran(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command line to any end."""
        return subprocess.run(
            [*self.services["search"]["entrypoint"], *arguments],
            cwd=self.folder,
            env={**self.environment("search"), **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def down(self) -> None:
        """Stop all services as Compose does, the last first."""
        for name, process in reversed(self.running):
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=90)
            assert code == 0 or name.startswith("ray"), (name, code)


@pytest.fixture
def host(server: Any, bench: Any, tmp_path: Path) -> Iterator[Host]:
    password = NEEDED["POSTGRES_PASSWORD"]
    with server.connect() as connection:
        connection.execute(f"CREATE ROLE search LOGIN PASSWORD '{password}'")
        connection.execute("CREATE DATABASE studies OWNER search")
    (tmp_path / "password").write_text(NEEDED["DASHBOARD_PASSWORD"])
    bench.write(trials=2, steps=300)
    (tmp_path / "studies").mkdir()
    for file in ("text.txt", "short.toml"):
        shutil.move(tmp_path / file, tmp_path / "studies" / file)
    ray, dashboard, figures = (str(free_port()) for _ in range(3))
    made = Host(
        tmp_path,
        {
            "ray-head:6379": f"127.0.0.1:{ray}",
            "127.0.0.1:6379": f"127.0.0.1:{ray}",
            "--port=6379": f"--port={ray}",
            "postgres:5432": f"127.0.0.1:{server.port}",
            "/run/secrets/dashboard_password": str(tmp_path / "password"),
            "/checkpoints": str(tmp_path / "checkpoints"),
            "8080": dashboard,
            "9464": figures,
        },
    )
    made.dashboard = f"http://127.0.0.1:{dashboard}"  # type: ignore[attr-defined]
    yield made
    for _, process in made.running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    server.drop("studies")


def wait_until(holds: Callable[[], bool], service: subprocess.Popen[bytes]) -> None:
    """Look five times a second; a server that ends meanwhile is an error."""
    while not holds():
        assert service.poll() is None
        time.sleep(0.2)


def test_two_studies_are_submitted_run_watched_and_exported(host: Any, tmp_path: Path) -> None:
    host.up("ray-head")
    service = host.up("server")
    host.up("dashboard")
    for name in ("one", "two"):
        said = host.run("submit", "studies/short.toml", "--name", name)
        assert said.startswith(f"{name}: submitted")
    wait_until(lambda: host.said("opened") == {"one", "two"}, service)
    refused = host.ran("launch", "studies/short.toml", RAY_AUTH_TOKEN="another")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert re.fullmatch(r"Ray at \S+ does not let this process in: .*\n", refused.stderr)
    workers = [host.up("ray-worker") for _ in range(2)]
    wait_until(lambda: host.said("epoch") == {"one", "two"}, service)
    host.stop(workers.pop(), "ray-worker")  # on each of the two one study is in its first trial
    wait_until(lambda: host.said("gone") == {"one", "two"}, service)
    studies = json.loads(host.run("list", "--json"))
    assert [study["finished"] for study in studies] == [2, 2]
    assert [study["name"] for study in studies] == ["one", "two"]
    assert [study["running"] for study in studies] == [0, 0]
    assert host.said("trial handed in")
    assert not host.said("trial lost")
    host.run("export", "one", "--to", "exports/one")
    exported = json.loads((tmp_path / "exports" / "one" / "metrics.json").read_text())
    assert exported["trial"] == studies[0]["best"]["number"]

    request = urllib.request.Request(f"{host.dashboard}/api/studies")
    with pytest.raises(urllib.error.HTTPError, match="401") as refused:
        urllib.request.urlopen(request, timeout=60)
    refused.value.close()
    token = base64.b64encode(f"search:{NEEDED['DASHBOARD_PASSWORD']}".encode()).decode()
    request.add_header("Authorization", f"Basic {token}")
    with urllib.request.urlopen(request, timeout=60) as answer:
        shown = json.load(answer)["study_summaries"]
    assert [one["study_name"] for one in shown] == ["one", "two"]
    assert [worker.poll() for worker in workers] == [None]
    host.down()
    logs = b"".join(path.read_bytes() for path in tmp_path.glob("*.log"))
    assert not [secret for secret in NEEDED.values() if secret.encode() in logs]
