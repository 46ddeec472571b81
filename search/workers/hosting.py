"""A Ray of our own in a process of its own, for whoever has started it.

It says where its Ray is, as a line of JSON, and ends with it: when stdin closes, or as soon as a
part of that Ray has died.
"""

import json
import select
import sys
from typing import Any, TextIO

from search.errors import ClusterError
from search.workers.cluster import address, connect, disconnect, knock
from search.workers.session import session

LOOK_SECONDS = 0.5
"""How often it is looked whether all of that Ray lives."""


def host(orders: int, out: TextIO) -> None:
    """Start a Ray, say where it is or why it isn't, and have it as long as it is wanted and lives.

    Arguments:
        orders: a descriptor that is closed once nobody wants it.
        out: where to say so.
    """

    def say(**said: Any) -> None:  # noqa: ANN401 - what JSON holds has no narrower type
        out.write(f"{json.dumps(said)}\n")
        out.flush()

    try:
        connect(None, slots=None, cpus=1)
    except ClusterError as error:
        say(event="failed", problems=error.problems)
        return
    where = address()
    say(event="ready", address=where)
    while not select.select([orders], [], [], LOOK_SECONDS)[0]:
        if not _lives(where):
            say(event="failed", problems=["the head or the node of the server's own Ray has died"])
            break
    disconnect()


def _lives(where: str) -> bool:
    """Tell whether node and head are there; a head that is slow to answer is."""
    if session.node_has_died:
        return False
    try:
        knock(where)
    except ClusterError as error:
        return isinstance(error.__cause__, TimeoutError)
    return True


if __name__ == "__main__":
    host(sys.stdin.fileno(), sys.stdout)
