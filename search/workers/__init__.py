"""Ray: workers in their slots, trials sent to them, what they say, and their loss.

A worker is an actor that imports torch once and trains many trials.
"""

from search.workers.cluster import address, connect, disconnect, has_gpus
from search.workers.slots import RayWorkers

__all__ = ["RayWorkers", "address", "connect", "disconnect", "has_gpus"]
