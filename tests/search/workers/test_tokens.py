"""Without the token that it is to show, a process is told so before Ray's core would end it."""

import io
import os
from pathlib import Path

import pytest

from search.errors import ClusterError
from search.server import serve
from search.settings import Settings
from search.workers import cluster
from search.workers.tokens import own_token

NAMES = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a home without a token, with nothing said of one."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in NAMES:
        monkeypatch.setenv(name, "")
    return tmp_path


@pytest.fixture
def connecting(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Connect to a cluster that nobody must ask for anything."""
    monkeypatch.setattr(cluster.ray, "is_initialized", lambda: False)

    def knock(_: str) -> None:
        raise ClusterError("knocked")

    monkeypatch.setattr(cluster, "knock", knock)
    return monkeypatch


def refused() -> str:
    with pytest.raises(ClusterError) as error:
        cluster.connect("h:1", slots=None, cpus=1)
    return str(error.value)


def test_a_cluster_is_not_asked_without_a_token_where_one_is_to_be_shown(
    connecting: pytest.MonkeyPatch, home: Path
) -> None:
    assert refused() == "knocked"
    connecting.setenv("RAY_AUTH_MODE", "Token")
    assert refused() == (
        "RAY_AUTH_MODE is token, and there is no token here - "
        "set RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH to the cluster's"
    )
    usual = home / ".ray" / "auth_token"
    usual.parent.mkdir()
    usual.write_text("7" * 64)
    assert refused() == "knocked"
    connecting.setenv("RAY_AUTH_TOKEN_PATH", f"{home}/none")
    for why in ("No such file or directory", "it is empty"):
        assert refused() == (
            f"RAY_AUTH_TOKEN_PATH: no token can be read from {home}/none, {why} - "
            "name a file that has one, or set RAY_AUTH_TOKEN"
        )
        (home / "none").write_text(" \n")
    connecting.setenv("RAY_AUTH_TOKEN", "7" * 64)
    assert refused() == "knocked"


def test_a_ray_of_our_own_leaves_no_token_in_a_file_either(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    own_token()
    assert len(os.environ["RAY_AUTH_TOKEN"]) == 64
    monkeypatch.setenv("RAY_AUTH_TOKEN", "")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", f"{home}/none")
    with pytest.raises(ClusterError, match=r"read from .*/none, No such file"):
        own_token()


@pytest.mark.parametrize("address", ["h", "h:", ":6379", "http://h:6379"])
def test_an_address_that_is_none_is_told_as_such(
    address: str, connecting: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ClusterError, match=f"reached at {address}: that is no HOST:PORT -"):
        cluster.connect(address, slots=None, cpus=1)


def test_the_address_of_a_ray_client_is_told_with_what_is_wanted_in_its_place(
    connecting: pytest.MonkeyPatch,
) -> None:
    told = "a launch is a node - give the head's own HOST:6379"
    with pytest.raises(ClusterError, match=told):
        cluster.connect("ray://h:10001", slots=None, cpus=1)


@pytest.mark.parametrize(
    ("address", "why"), [("h:1", "there is no token here"), ("h", "is no HOST:PORT")]
)
def test_a_server_does_not_begin_to_wait_for_what_no_time_brings(
    address: str, why: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    url, out = f"sqlite:///{home}/studies.db", io.StringIO()
    settings = Settings(storage=url, checkpoints=None, ray_address=address)
    with pytest.raises(ClusterError, match=why):
        serve(settings, studies=1, port=0, out=out)
    assert not out.getvalue()
    assert not list(home.iterdir())
