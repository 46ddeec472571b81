"""Ray: workers in their slots, trials sent to them, what they say, and their loss.

A worker is an actor that imports torch once and trains many trials.
"""

import os

# Where its node has died, Ray ends a process whose parent is the system's first one, as in many a
# container, unless it is told of another process that lives. It reads this when it is imported.
os.environ.setdefault("RAY_RAYLET_PID", "1")

from search.workers.cluster import (
    address,
    check_named,
    connect,
    disconnect,
    has_gpus,
    share_token,
)
from search.workers.slots import RayWorkers

__all__ = [
    "RayWorkers",
    "address",
    "check_named",
    "connect",
    "disconnect",
    "has_gpus",
    "share_token",
]
