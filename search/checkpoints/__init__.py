"""The checkpoint store of a study: it keeps little and never lies.

`at` gives a place, a folder or one in an object store; `Store` writes and deletes there for the
coordinator; `checkpoints` and `newest_intact` read, for whoever asks.
"""

from search.checkpoints.files import Checkpoint, Kind, checkpoints, newest_intact
from search.checkpoints.places import Place, at, check_move, delete_all
from search.checkpoints.store import Store

__all__ = [
    "Checkpoint",
    "Kind",
    "Place",
    "Store",
    "at",
    "check_move",
    "checkpoints",
    "delete_all",
    "newest_intact",
]
