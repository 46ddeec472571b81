"""Ports for servers that start later, or again: none that the system hands out meanwhile."""

import socket
from contextlib import suppress
from random import SystemRandom

ALONE = range(20_000, 32_768)
"""Above those that Ray gives its workers, below those that Linux gives whoever asks for any."""


def free_port() -> int:
    """Find a port of this machine's loopback that nobody listens on."""
    while True:
        port = SystemRandom().choice(ALONE)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
