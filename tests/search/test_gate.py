"""Who gets to the dashboard, and who is sent away."""

import base64
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.dashboard.gate import Credentials, Gate
from search.errors import WrongUse

ME = Credentials("me", "pass:word")


def basic(said: bytes, scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(said).decode()}"


def ask(gate: Gate, **headers: str) -> str:
    """Give the status that a request gets."""
    got: list[str] = []

    def begin(status: str, _: Any) -> None:
        got.append(status)

    environment = {"REQUEST_METHOD": headers.pop("method", "GET"), "HTTP_HOST": "localhost:8080"}
    environment |= {f"HTTP_{name}": value for name, value in headers.items()}
    assert list(gate(environment, begin))
    return got[0]


def answer(_: Any, begin: Any) -> list[bytes]:
    begin("200 OK", [])
    return [b"in"]


@pytest.fixture
def gate() -> Gate:
    return Gate(answer, ME)


@pytest.fixture
def open_gate() -> Gate:
    return Gate(answer, None)


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_the_right_password_opens(scheme: str, gate: Gate) -> None:
    assert ask(gate, AUTHORIZATION=basic(b"me:pass:word", scheme)) == "200 OK"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ?",
        "Basic \u00e9",
        basic(b"me:pass:word", "Bearer"),
        basic(b"me:pass:word ") + "==",
        basic(b"me:pass"),
        basic(b"you:pass:word"),
        basic(b"me"),
        basic(b""),
    ],
)
def test_nothing_else_does(header: str, gate: Gate) -> None:
    assert ask(gate, AUTHORIZATION=header) == "401 Unauthorized"
    assert ask(gate) == "401 Unauthorized"


@given(said=st.binary())
def test_no_other_bytes_are_the_password(said: bytes) -> None:
    assert ME.are(basic(said)) == (said == b"me:pass:word")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize(
    "headers",
    [
        {"SEC_FETCH_SITE": "cross-site"},
        {"SEC_FETCH_SITE": "same-site"},
        {"ORIGIN": "http://evil.example"},
        {"ORIGIN": "http://localhost:9999"},
        {"ORIGIN": "null"},
    ],
)
def test_a_page_of_another_site_changes_nothing(
    method: str, headers: dict[str, str], gate: Gate, open_gate: Gate
) -> None:
    mine = basic(b"me:pass:word")
    assert ask(gate, method=method, AUTHORIZATION=mine, **headers) == "403 Forbidden"
    assert ask(open_gate, method=method, **headers) == "403 Forbidden"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"SEC_FETCH_SITE": "same-origin", "ORIGIN": "http://localhost:8080"},
        {"SEC_FETCH_SITE": "none"},
        {"ORIGIN": "http://localhost:8080"},
    ],
)
def test_the_dashboards_own_pages_do(headers: dict[str, str], open_gate: Gate) -> None:
    assert ask(open_gate, method="POST", **headers) == "200 OK"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "localhost", "[::1]:8080"])
def test_without_a_password_this_machine_is_let_in_by_its_own_names(
    host: str, open_gate: Gate
) -> None:
    assert ask(open_gate, HOST=host) == "200 OK"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:8080", "10.0.0.1", ""])
def test_and_a_name_that_somebody_has_pointed_here_is_not(host: str, open_gate: Gate) -> None:
    assert ask(open_gate, HOST=host) == "403 Forbidden"


def test_a_password_is_the_first_line_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("se cret\nand more\n")
    read = Credentials.read(f"me:{tmp_path}/file")
    assert read == Credentials("me", "se cret")
    assert "se cret" not in repr(read)


@pytest.mark.parametrize(
    ("given", "content", "said"),
    [
        ("me", None, "use USER:FILE"),
        (":FILE", None, "use USER:FILE"),
        ("me:", None, "use USER:FILE"),
        ("me:FILE", None, "No such file .* name a file"),
        ("me:FILE", b"", "no password in the first line"),
        ("me:FILE", b"\nsecret", "no password in the first line"),
        ("me:FILE", b"\xff", "it is no UTF-8 text"),
    ],
)
def test_what_is_no_password_is_told(
    given: str, content: bytes | None, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WrongUse, match=f"^--auth: .*{said}"):
        Credentials.read(given.replace("FILE", str(path)))
