"""The database of studies: opened in one place, its troubles told in our words."""

from search.database.guard import await_writers, deleted, refuse_once_deleted, unless_deleted
from search.database.opening import is_there, open_storage
from search.database.trials import Trials
from search.database.troubles import named, told

__all__ = [
    "Trials",
    "await_writers",
    "deleted",
    "is_there",
    "named",
    "open_storage",
    "refuse_once_deleted",
    "told",
    "unless_deleted",
]
