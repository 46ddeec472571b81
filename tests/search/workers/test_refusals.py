"""A Ray that cannot be used says why, what was got, and what would do."""

import pytest
from ray.exceptions import AuthenticationError, RayError

from search.workers.refusals import no_start, refusal

MISMATCH = (
    "Version mismatch: The cluster was started with:\n    Ray: 2.9.0\n    Python: 3.10.1\n"
    "This process on node 10.0.0.2 was started with:\n    Ray: 2.60.0\n    Python: 3.11.7\n"
)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            RuntimeError(MISMATCH),
            (
                "Ray at h:1 is of another version: it has Ray 2.9.0 with Python 3.10.1, and here "
                "is Ray 2.60.0 with Python 3.11.7 - install the same on both"
            ),
        ),
        (
            AuthenticationError("Token authentication is enabled but no authentication token was"),
            (
                "Ray at h:1 asks for a token, and there is none here - set RAY_AUTH_MODE=token, "
                "and RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH to the cluster's"
            ),
        ),
        (
            AuthenticationError("InvalidAuthToken: RAY_AUTH_MODE is currently 'disabled'"),
            (
                "Ray at h:1 asks for a token, and there is none here - set RAY_AUTH_MODE=token, "
                "and RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH to the cluster's"
            ),
        ),
        (
            ConnectionError("Failed to connect to Ray cluster at h:1"),
            (
                "Ray at h:1 answers and does not let this process in: its token is another, or "
                "it has just started - set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN or "
                "RAY_AUTH_TOKEN_PATH to the cluster's"
            ),
        ),
        (
            ValueError("no port given\nand more"),
            (
                "Ray cannot be reached at h:1: no port given - check RAY_ADDRESS, or unset it to "
                "start a Ray of our own"
            ),
        ),
    ],
)
def test_a_cluster_that_cannot_be_joined_says_why(error: Exception, line: str) -> None:
    assert str(refusal("h:1", error)) == line


def test_a_token_that_is_another_is_told_as_such() -> None:
    class Refused(AuthenticationError):
        """As where a token was shown: Ray's own adds what this process lacks."""

        def __str__(self) -> str:
            return "InvalidAuthToken: Authentication token is missing or incorrect"

    assert str(refusal("h:1", Refused("a token"))) == (
        "Ray at h:1 does not let this process in: its token is another - set "
        "RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH to the cluster's"
    )


def test_workers_without_this_package_say_what_to_install() -> None:
    error = RayError("ModuleNotFoundError: No module named 'search'")
    assert no_start(error, "the last line") == (
        "workers cannot start: a node has no module 'search' - install this package, of this very "
        "version, on every node of the cluster"
    )
    other = no_start(RayError("killed"), "the last line")
    assert other.startswith("workers cannot start: the last line - see that")


def test_workers_whose_head_has_gone_are_not_told_to_be_too_large() -> None:
    line = "The actor never ran - it was cancelled before it started running."
    said = no_start(RayError(f"The actor died.\n{line}"), line)
    assert said.endswith("- see that the cluster's head and nodes stay up")
