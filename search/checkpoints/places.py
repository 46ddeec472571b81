"""Places for checkpoints: what each can do, and which there is under an address."""

from pathlib import Path
from typing import Protocol

from search.addresses import is_settled
from search.checkpoints.files import Files, checkpoints, is_ours
from search.checkpoints.folder import Folder
from search.errors import StoreError, WrongUse


class Place(Files, Protocol):
    """A place for files, whose name as a string is what a user is told.

    What goes wrong is a `StoreError`, or an `Outage` where waiting may help.
    """

    def inside(self, name: str) -> "Place":
        """Give a place of its own in here.

        Raises:
            StoreError: the name would lead elsewhere.
        """
        ...

    def check(self) -> None:
        """Refuse a place that cannot be used, before anything is made.

        Raises:
            WrongUse: says why.
            Outage: likewise, and waiting may help.
        """
        ...

    def reach(self) -> None:
        """Refuse a place that is not there, as on a disk that isn't mounted.

        Raises:
            StoreError: it isn't.
            Outage: likewise, and waiting may help.
        """
        ...

    def make(self) -> None:
        """Be there, for this user's eyes only."""
        ...

    def write_whole(self, name: str, content: bytes) -> None:
        """Write a file so that it is there whole or not at all, even when the power goes."""
        ...

    def delete(self, name: str) -> None:
        """Delete a file; one that has gone already is no trouble."""
        ...

    def remove(self) -> None:
        """Be there no more, unless there is something in it."""
        ...


def at(address: str) -> Place:
    """Give the place under an address.

    Arguments:
        address: an absolute path, or a URL, as `addresses.address` gives them.

    Raises:
        WrongUse: it is no such address, or what such a URL needs isn't installed.
        Outage: what it needs refuses to start for now.
    """
    if not is_settled(address):  # from the database, then
        raise WrongUse("--checkpoints: what is stored names no place for checkpoints - name one")
    if "://" not in address:
        return Folder(Path(address))
    from search.checkpoints.bucket import Bucket

    return Bucket.at(address)


def delete_all(place: Place) -> None:
    """Delete a study's checkpoints, and nothing else that may lie there.

    Raises:
        StoreError: one cannot be deleted.
        Outage: likewise, and waiting may help.
    """
    for name in place.names():
        if is_ours(name):
            place.delete(name)
    place.remove()


def check_move(study: str, old: Place, new: Place) -> None:
    """Refuse to go on with a study elsewhere than where its checkpoints are.

    Arguments:
        study: its name.
        old: where it has had them.
        new: where it is to have them.

    Raises:
        WrongUse: the old place holds some, or cannot be looked into.
        Outage: it cannot be looked into for now.
    """
    try:
        left = len(checkpoints(old))
    except StoreError as error:
        raise WrongUse(f"--checkpoints: names {new}, and {error}") from error
    if left:
        raise WrongUse(
            f"--checkpoints: names {new}, and study {study!r} has {left} checkpoints in {old} - "
            "leave the option out, or move them to the new place first"
        )
