"""Why a Ray that answers cannot be joined, in words that say what would do."""

import re

from ray.exceptions import AuthenticationError, RayError

from search.errors import ClusterError

_VERSIONS = re.compile(r"Ray: (\S+)\s+Python: (\S+)")
_MISSING = re.compile(r"No module named '([\w.]+)'")
_NEVER_RAN = "The actor never ran"
"""What Ray says of a worker whose head, or node, has gone before it started."""
_SLOW_START = "The current node timed out during startup."
_ADVICE = "set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH to the cluster's"
_NO_TOKEN = ("no authentication token", "'disabled'")
"""What Ray says where this process has none, or is not told to show it."""


def refusal(address: str, error: Exception) -> ClusterError:
    """Tell why a cluster could not be joined although something answers there.

    Arguments:
        address: of the cluster.
        error: as Ray raised it.
    """
    text = str(error)
    versions = _VERSIONS.findall(text)
    if text.startswith("Version mismatch") and len(versions) == 2:  # noqa: PLR2004 - theirs, ours
        (ray, python), (our_ray, our_python) = versions
        return ClusterError(
            f"Ray at {address} is of another version: it has Ray {ray} with Python {python}, "
            f"and here is Ray {our_ray} with Python {our_python} - install the same on both"
        )
    if isinstance(error, AuthenticationError) and any(said in text for said in _NO_TOKEN):
        return ClusterError(
            f"Ray at {address} asks for a token, and there is none here - {_ADVICE}"
        )
    if isinstance(error, AuthenticationError):
        return ClusterError(
            f"Ray at {address} does not let this process in: its token is another - {_ADVICE}"
        )
    if isinstance(error, ConnectionError):
        return ClusterError(
            f"Ray at {address} answers and does not let this process in: its token is another, or "
            f"it has just started - {_ADVICE}"
        )
    said, _, _ = text.partition("\n")
    return unreachable(address, said)


def is_slow_start(error: Exception) -> bool:
    """Tell whether Ray says that a node was not there in time, for which it has no class."""
    return type(error) is Exception and str(error).startswith(_SLOW_START)


def slow_start() -> ClusterError:
    """Make the error that says that a Ray of our own was too slow."""
    return ClusterError(
        "Ray has not started on this machine within 30 seconds, as where others keep it busy - "
        "launch again, or set RAY_ADDRESS to a Ray that runs"
    )


def check_form(address: str) -> None:
    """Refuse an address that is of no cluster, or of one that a launch cannot be a node of.

    Raises:
        ClusterError: it is neither `auto` nor `HOST:PORT`.
    """
    if address.startswith("ray://"):
        why = "that is a Ray Client's, and a launch is a node - give the head's own HOST:6379"
        raise ClusterError(f"Ray cannot be joined at {address}: {why}")
    host, _, port = address.rpartition(":")
    if address != "auto" and (not host or "/" in host or not port.isdecimal()):
        raise unreachable(address, "that is no HOST:PORT")


def unreachable(address: str, why: str) -> ClusterError:
    """Make the error that says that nothing can be had at an address."""
    return ClusterError(
        f"Ray cannot be reached at {address}: {why} - "
        "check RAY_ADDRESS, or unset it to start a Ray of our own"
    )


def no_start(error: RayError, said: str) -> str:
    """Say why workers cannot start, and what would do.

    Arguments:
        error: as Ray raised it.
        said: its last line.
    """
    if missing := _MISSING.search(str(error)):
        return (
            f"workers cannot start: a node has no module {missing[1]!r} - install this package, "
            "of this very version, on every node of the cluster"
        )
    if _NEVER_RAN in str(error):
        return f"workers cannot start: {said} - see that the cluster's head and nodes stay up"
    return (
        f"workers cannot start: {said} - "
        "see that this package and its data fit into a worker's memory"
    )
