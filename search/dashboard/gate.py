"""Who may speak to the dashboard: whoever knows the password, and no page of another site.

Basic authentication is RFC 7617, what browsers say of the sites behind a request is Fetch Metadata
(W3C) and the Origin header (RFC 6454).
"""

import base64
import binascii
import hmac
import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from search.errors import WrongUse

_READS = ("GET", "HEAD", "OPTIONS")

Environment = dict[str, Any]
Begin = Callable[..., Any]
App = Callable[[Environment, Begin], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user's name and password."""

    user: str
    password: str = field(repr=False)

    @classmethod
    def read(cls, given: str) -> "Credentials":
        """Read `USER:FILE`, where the password is the file's first line.

        Raises:
            WrongUse: it is none, or the file cannot be read or is empty.
        """
        user, colon, path = given.partition(":")
        if not (user and colon and path):
            raise WrongUse("--auth: no user and file in it - use USER:FILE, as me:password.txt")
        try:
            lines = Path(path).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no UTF-8 text"
            raise WrongUse(
                f"--auth: cannot read {path}: {why} - name a file with the password in it"
            ) from error
        if not lines or not lines[0]:
            raise WrongUse(f"--auth: no password in the first line of {path} - write one into it")
        return cls(user, lines[0])

    def are(self, header: str) -> bool:
        """Tell whether an Authorization header has them, in a time that tells nothing."""
        scheme, _, token = header.partition(" ")
        try:
            said = base64.b64decode(token.strip(), validate=True)
        except (binascii.Error, ValueError):
            return False
        known = f"{self.user}:{self.password}".encode()
        return hmac.compare_digest(said, known) and scheme.lower() == "basic"


@dataclass(frozen=True, slots=True)
class Gate:
    """A WSGI application that lets requests through to another, or answers them itself."""

    app: App
    credentials: Credentials | None
    """None lets in who names this machine's loopback as host, as no other site's name does."""

    def __call__(self, environment: Environment, begin: Begin) -> Iterable[bytes]:
        """Answer a request."""
        if self.credentials is None:
            if not is_loopback(_host(environment.get("HTTP_HOST", ""))):
                return _refuse(begin, "403 Forbidden", "ask for it as http://127.0.0.1")
        elif not self.credentials.are(environment.get("HTTP_AUTHORIZATION", "")):
            asks = ("WWW-Authenticate", 'Basic realm="lstm-search", charset="UTF-8"')
            return _refuse(begin, "401 Unauthorized", "a user and a password are needed", asks)
        if environment["REQUEST_METHOD"] not in _READS and _is_foreign(environment):
            return _refuse(begin, "403 Forbidden", "a page of another site may change nothing here")
        return self.app(environment, begin)


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, and reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_foreign(environment: Environment) -> bool:
    """Tell whether a browser says that a page of another site is behind a request."""
    if environment.get("HTTP_SEC_FETCH_SITE", "same-origin") not in ("same-origin", "none"):
        return True
    origin = environment.get("HTTP_ORIGIN")
    return origin is not None and urlsplit(origin).netloc != environment.get("HTTP_HOST")


def _host(header: str) -> str:
    """Give a Host header without its port, and an IPv6 address without its brackets."""
    name, colon, port = header.rpartition(":")
    return (name if colon and port.isdecimal() else header).removeprefix("[").removesuffix("]")


def _refuse(begin: Begin, status: str, why: str, *more: tuple[str, str]) -> list[bytes]:
    begin(status, [("Content-Type", "text/plain; charset=utf-8"), *more])
    return [f"{why}\n".encode()]
