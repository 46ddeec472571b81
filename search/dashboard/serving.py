"""optuna-dashboard served: whoever gets through the gate can end trials and delete studies."""

import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from types import FrameType
from typing import NoReturn

import optuna_dashboard
import waitress

from search.archive import Archive
from search.dashboard.downloads import Downloads, NoUploads
from search.dashboard.gate import App, Credentials, Gate, is_loopback
from search.dashboard.importances import Importances
from search.dashboard.kept import Kept
from search.dashboard.memory import Memory
from search.dashboard.storage import View
from search.errors import WrongUse
from search.settings import Settings

LOOPBACK = "127.0.0.1"
THREADS = 8
"""Requests answered at a time; a browser makes six."""
MOST_BYTES = 1 << 20
"""Of a request: it is read whole before the gate sees who has sent it."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(
    settings: Settings,
    *,
    port: int,
    ready: Callable[[str], None],
    host: str = LOOPBACK,
    credentials: Credentials | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; in the main thread.

    Arguments:
        settings: where the database is.
        port: 0 for any that is free.
        ready: called with the address once it answers.
        host: the address to listen on.
        credentials: what to ask for; only a loopback address may do without.

    Raises:
        StorageError: there is no database, or it cannot be had.
        WrongUse: anybody could come in; or host or port cannot be had.
    """
    if credentials is None and not is_loopback(host):
        raise WrongUse(
            f"--host: on {host} others reach the dashboard, and whoever does can delete studies - "
            "use --auth USER:FILE as well"
        )
    # A request that waits for a thread, or is cut short at the end, is not worth a line.
    logging.getLogger("waitress").setLevel(logging.ERROR)
    with closing(Archive(settings)) as archive:
        gate = Gate(_application(archive), credentials)
        with _listening(host, port) as taken, _until_signalled():
            server = waitress.create_server(
                gate, sockets=[taken], threads=THREADS, max_request_body_size=MOST_BYTES
            )
            with closing(server):
                ready(f"http://{_in_url(host)}:{taken.getsockname()[1]}/dashboard")
                server.run()


def _application(archive: Archive) -> App:
    """Put the dashboard together with what it shows beside trials."""
    # Finished trials are kept in memory; given a URL, each poll reads all of a study again.
    storage = View(archive.storage)
    kept = Kept(archive, storage.stored_trials)
    storage.kept = kept.known
    app = optuna_dashboard.wsgi(storage, artifact_store=NoUploads())
    memory = Memory(app)
    storage.when_changed = memory.forget
    return Downloads(Importances(app, kept), kept, memory.settle)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.getaddrinfo(host, port, family)
        return socket.create_server((host, port), family=family)
    except socket.gaierror as error:
        raise WrongUse(
            f"--host: {host!r} is no address of this machine - use 127.0.0.1 or 0.0.0.0"
        ) from error
    except OSError as error:
        raise WrongUse(
            f"--port: cannot listen on port {port} of {host}: {os.strerror(error.errno or 0)} - "
            "use another, such as --port 8081, or 0 for any that is free"
        ) from error


@contextmanager
def _until_signalled() -> Iterator[None]:
    """Let both signals end what is inside, also where a shell has us ignore the first."""
    former = {number: signal.signal(number, _interrupt) for number in _SIGNALS}
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
