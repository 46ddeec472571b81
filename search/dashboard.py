"""optuna-dashboard over the database of studies, on this machine's loopback alone.

It knows no passwords: whoever reaches it can end trials and delete studies.
"""

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
from optuna.storages import get_storage

from search.database import open_storage
from search.errors import WrongUse
from search.settings import Settings

LOOPBACK = "127.0.0.1"
THREADS = 8
"""Requests answered at a time; a browser makes six."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(settings: Settings, *, port: int, ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; in the main thread.

    Arguments:
        settings: where the database is.
        port: on the loopback address; 0 for any that is free.
        ready: called with the address once it answers.

    Raises:
        StorageError: there is no database, or it cannot be had.
        WrongUse: the port is taken, or not ours to take.
    """
    # A request that waits for a thread for a moment is not worth a line.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    storage = open_storage(settings.storage, create=False)
    try:
        # Wrapped as here, finished trials are kept in memory; given as a URL, each poll of a
        # large study reads all of them again.
        app = optuna_dashboard.wsgi(get_storage(storage))
        with _listening(port) as taken, _until_signalled():
            server = waitress.create_server(app, sockets=[taken], threads=THREADS)
            with closing(server):
                ready(f"http://{LOOPBACK}:{taken.getsockname()[1]}/dashboard")
                server.run()
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise WrongUse(
            f"--port: cannot listen on port {port}: {os.strerror(error.errno or 0)} - "
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
