"""The loop of a study, and the workers that it needs."""

from search.coordinator.loop import Coordinator
from search.coordinator.port import Workers

__all__ = ["Coordinator", "Workers"]
