"""optuna-dashboard over a study, asked through its HTTP API in a process of its own."""

import base64
import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import optuna
import optuna_dashboard
import pytest

from search import dashboard
from search.dashboard import serving
from search.database import open_storage
from search.errors import StorageError, WrongUse
from search.settings import Settings

PROGRAM = """
import sys
from search.dashboard import Credentials, serve
from search.settings import Settings

settings = Settings(storage=sys.argv[1], checkpoints=None, ray_address=None)
host, auth = (*sys.argv[2:], "127.0.0.1", None)[:2]
credentials = Credentials.read(auth) if auth else None
say = lambda url: print(url, flush=True)
serve(settings, port=0, ready=say, host=host, credentials=credentials)
print("ended", flush=True)
"""

MEETING = f"""
import threading
from search.dashboard import serving

pages = threading.Barrier(2)

def application(_, begin):
    begin("200 OK", [("Content-Type", "text/plain")])
    try:
        pages.wait(20)
    except threading.BrokenBarrierError:
        return [b"alone"]
    return [b"met"]

serving._application = lambda _: application
{PROGRAM}"""
"""Here a page is there once another was asked for, too."""


@pytest.fixture(params=["sqlite"])
def finished(request: pytest.FixtureRequest) -> Settings:
    settings: Settings = request.getfixturevalue(f"on_{request.param}")
    storage = open_storage(settings.storage, create=False)
    study = optuna.create_study(storage=storage, study_name="vowels", direction="maximize")
    with pytest.warns(optuna.exceptions.ExperimentalWarning):
        study.set_metric_names(["accuracy"])
    for value in (0.5, 0.75):
        trial = study.ask()
        trial.suggest_int("heads", 1, 8)
        trial.report(value / 2, 1)
        trial.report(value, 2)
        study.tell(trial, value)
    storage.remove_session()
    storage.engine.dispose()
    return settings


@contextmanager
def served(
    settings: Settings, *more: str, program: str = PROGRAM
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen(
        [sys.executable, "-c", program, settings.storage, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            yield process, url
        finally:
            if process.poll() is None:
                process.kill()


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)


@pytest.mark.parametrize("finished", ["sqlite", "postgresql"], indirect=True)
def test_a_finished_study_is_there_with_trials_curves_parameters_and_metric(
    finished: Settings,
) -> None:
    with served(finished) as (process, page):
        with urllib.request.urlopen(page, timeout=60) as answer:
            assert b"<html" in answer.read().lower()
        base = page.removesuffix("/dashboard")
        [study] = get(f"{base}/api/studies")["study_summaries"]
        assert study["study_name"] == "vowels"
        detail = get(f"{base}/api/studies/{study['study_id']}?after=0")
        assert detail["objective_names"] == ["accuracy"]
        assert [trial["state"] for trial in detail["trials"]] == ["Complete", "Complete"]
        assert [trial["values"] for trial in detail["trials"]] == [[0.5], [0.75]]
        assert detail["trials"][1]["intermediate_values"] == [
            {"step": 1, "value": 0.375},
            {"step": 2, "value": 0.75},
        ]
        assert [param["name"] for param in detail["trials"][0]["params"]] == ["heads"]
        process.send_signal(signal.SIGINT)
        process.wait(60)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(number: signal.Signals, finished: Settings) -> None:
    with served(finished) as (process, page):
        get(f"{page.removesuffix('/dashboard')}/api/studies")
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "ended\n", "")


def test_it_listens_on_this_machine_alone(finished: Settings) -> None:
    with served(finished) as (process, page):
        port = int(page.split(":")[2].split("/")[0])
        assert page.startswith("http://127.0.0.1:")
        with (
            pytest.raises(ConnectionRefusedError),
            socket.create_connection(("127.0.0.2", port), timeout=60),
        ):
            pass
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def test_on_any_address_who_has_the_password_comes_in_and_nobody_else(
    finished: Settings, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("p:\u00e4ss\n")
    with served(finished, "0.0.0.0", f"me:{tmp_path}/password") as (process, page):
        port = page.split(":")[2].split("/")[0]
        request = urllib.request.Request(f"http://127.0.0.2:{port}/api/studies")
        with pytest.raises(urllib.error.HTTPError, match="401") as refused:
            urllib.request.urlopen(request, timeout=60)
        assert refused.value.headers["WWW-Authenticate"].startswith("Basic ")
        refused.value.close()
        large = urllib.request.Request(request.full_url, data=bytes(2**21), method="POST")
        with pytest.raises((urllib.error.HTTPError, ConnectionError, urllib.error.URLError)) as why:
            urllib.request.urlopen(large, timeout=60)
        if isinstance(why.value, urllib.error.HTTPError):
            assert why.value.code == 413
            why.value.close()
        token = base64.b64encode("me:p:\u00e4ss".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert len(json.load(answer)["study_summaries"]) == 1
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=60) == ("ended\n", "")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org"])
def test_where_others_come_in_there_has_to_be_a_password(host: str, finished: Settings) -> None:
    with pytest.raises(WrongUse, match=f"--host: on {host} others reach .* use --auth USER:FILE"):
        dashboard.serve(finished, port=0, ready=lambda _: None, host=host)


def test_a_host_that_is_not_this_machine_is_wrong_use(finished: Settings) -> None:
    me = dashboard.Credentials("me", "x")
    for host, said in (("192.0.2.7", "Cannot assign"), ("no such host", "no address of this")):
        with pytest.raises(WrongUse, match=said):
            dashboard.serve(finished, port=0, ready=lambda _: None, host=host, credentials=me)


def test_finished_trials_are_read_once(finished: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    monkeypatch.setattr(optuna_dashboard, "wsgi", lambda storage, **_: given.append(storage))
    monkeypatch.setattr(serving, "Memory", lambda _: SimpleNamespace(forget=None, settle=None))
    monkeypatch.setattr(serving, "_listening", _refuse)
    with pytest.raises(WrongUse, match="enough"):
        dashboard.serve(finished, port=0, ready=lambda _: None)
    assert isinstance(given[0], optuna.storages._CachedStorage)


def _refuse(*_: Any) -> Any:
    raise WrongUse("enough")


def test_a_port_that_is_taken_is_wrong_use(finished: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(WrongUse, match=f"cannot listen on port {port} of .*: .* - use another"):
            dashboard.serve(finished, port=port, ready=lambda _: None)


def test_without_a_database_nothing_is_served_or_made(tmp_path: Path) -> None:
    settings = Settings(storage=f"sqlite:///{tmp_path}/none.db", checkpoints=None, ray_address=None)
    with pytest.raises(StorageError, match="no database at"):
        dashboard.serve(settings, port=0, ready=lambda _: None)
    assert not (tmp_path / "none.db").exists()


def test_pages_are_answered_side_by_side(finished: Settings) -> None:
    def ask(page: str) -> str:
        with urllib.request.urlopen(url.replace("dashboard", page), timeout=60) as answer:
            return str(answer.read().decode())

    with served(finished, program=MEETING) as (_, url), ThreadPoolExecutor(2) as threads:
        assert list(threads.map(ask, "ab")) == ["met", "met"]
