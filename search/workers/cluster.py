"""The Ray cluster: joined or started, asked what it has, left."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import ray
from ray._raylet import InnerGcsClient  # type: ignore[attr-defined]  # no other has a time limit
from ray.exceptions import AuthenticationError, RayError

from search.workers.joining import CannotJoin, joined
from search.workers.refusals import check_form, is_slow_start, refusal, slow_start, unreachable
from search.workers.session import session
from search.workers.tokens import check_token, own_token

PATIENCE_SECONDS = 5.0
"""How long a cluster may take to answer; Ray itself asks again for minutes."""
WAITS_SECONDS = 3600
"""How long Ray looks for a cluster that is out of reach before it ends this very process; by
itself it does so after a minute, and we are more patient."""
_WAITS = "RAY_gcs_rpc_server_reconnect_timeout_s"
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
"""How a gRPC client begins (RFC 9113, 3.4): a preface, and settings without any in them."""
_SETTINGS = 4
"""The type of the frame with which a server answers, its fourth byte."""
_STDERR = 2
"""The number of the file that a process writes errors to."""
_nodes = ExitStack()
"""Holds the node of a cluster that this process has joined from a machine that was none."""


def connect(address: str | None, *, slots: int | None, cpus: float) -> None:
    """Join a Ray cluster, or start a Ray of our own on this machine; once is enough.

    Arguments:
        address: of the cluster; None starts one.
        slots: places asked for, so that our own Ray has as many CPUs; None takes all there are.
        cpus: CPUs a slot.

    Raises:
        ClusterError: the cluster cannot be reached, or the token for it cannot be had.
    """
    if ray.is_initialized():
        return
    os.environ.setdefault(_WAITS, str(WAITS_SECONDS))
    if address is None:
        own_token()
    else:
        check_named(address)
        knock(address)
        _greet(address)
        _join(address)
    logging.getLogger("ray").setLevel(logging.ERROR)
    # Otherwise Ray warns, on machines without a GPU, of how it will treat those with one.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    wanted = max(slots * cpus, os.cpu_count() or 1) if slots and address is None else None
    try:
        ray.init(
            address=address or "local",
            num_cpus=int(wanted) if wanted else None,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            configure_logging=False,
        )
    except (RayError, OSError, RuntimeError, ValueError) as error:
        disconnect()
        raise refusal(address or "this machine", error) from error
    except Exception as error:  # Ray has no other class for a node that starts too slowly
        disconnect()
        if not is_slow_start(error):
            raise
        raise slow_start() from error
    session.raylet = None if address else _own_raylet()


def check_named(address: str) -> None:
    """Refuse a cluster that no waiting makes one to be joined, without asking it.

    Raises:
        ClusterError: its address is none, or the token for it isn't here.
    """
    check_form(address)
    check_token()


def disconnect() -> None:
    """Leave the cluster; a Ray of our own ends with it, and a node that nobody needs now."""
    with session.leaving():
        ray.shutdown()
    _nodes.close()


def address() -> str:
    """Give the address at which others join the cluster, too."""
    found: str = ray.get_runtime_context().gcs_address
    return found


def has_gpus() -> bool:
    """Tell whether any node of the cluster has a GPU."""
    return resources().get("GPU", 0) > 0


def resources() -> dict[str, float]:
    """Tell what the cluster has, in use or not."""
    found: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return found


def share_token() -> None:
    """Let all processes that are started from now on know the token of a Ray of our own.

    For this process, which has loaded Ray already, it comes too late.
    """
    own_token()
    os.environ.setdefault("RAY_AUTH_MODE", "token")  # as Ray does where it starts


def _own_raylet() -> psutil.Process | None:
    """Find the process that is the one node of a Ray of our own."""
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):  # ended just now, or hidden
            if child.name() == "raylet":
                return child
    return None


def _join(address: str) -> None:
    """Be on a node of the cluster, where the address is one to be joined from anywhere.

    Raises:
        ClusterError: no node could be started here.
    """
    if address.rpartition(":")[2].isdecimal():
        try:
            _nodes.enter_context(joined(address))
        except CannotJoin as error:
            raise unreachable(address, f"no node of it could be started here, {error}") from error


def _greet(address: str) -> None:
    """Refuse a cluster whose token is another: Ray itself asks for 20 seconds, a line each.

    Raises:
        ClusterError: it does not let this process in.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        with _hushed():
            InnerGcsClient.standalone(address, None, int(1000 * PATIENCE_SECONDS))
    except AuthenticationError as error:
        raise refusal(address, error) from error
    except RayError:
        return  # joining it will tell why


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep from the terminal what Ray's core, which is no Python, writes there by itself."""
    kept = os.dup(_STDERR)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), _STDERR)
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)


def knock(address: str) -> None:
    """Refuse an address at which no gRPC server answers, as Ray's are.

    Raises:
        ClusterError: nothing answers there, or something else.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        return  # `auto`, which Ray looks up
    try:
        with socket.create_connection((host.strip("[]"), int(port)), PATIENCE_SECONDS) as link:
            if os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true"):
                return  # it would not answer in the clear
            link.sendall(_GREETING)
            answer = link.recv(_SETTINGS)
    except (OSError, OverflowError) as error:
        raise unreachable(address, getattr(error, "strerror", None) or str(error)) from error
    if len(answer) < _SETTINGS or answer[-1] != _SETTINGS:
        raise unreachable(address, "what answers there is no Ray")
