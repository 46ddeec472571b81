"""A folder of this machine as a place for checkpoints."""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from search.checkpoints.files import part_of
from search.errors import StoreError, WrongUse
from search.outages import outage

_LONGEST = 255
"""Bytes in the name of a file or folder, on every system that this runs on."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder; `Place` says what it can do."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def inside(self, name: str) -> "Folder":
        """Give a folder in this one."""
        return Folder(self.path / one_part(name))

    def check(self) -> None:
        """Refuse it where a file is in its way, or nothing can be written into it."""
        if any(len(os.fsencode(part)) > _LONGEST for part in self.path.parts):
            raise WrongUse(f"--checkpoints: no folder has so long a name as {self} - name another")
        way = (self.path, *self.path.parents)
        nearest = next(place for place in way if os.access(place, os.F_OK))
        if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
            return
        why = "cannot be written into" if nearest.is_dir() else "is a file"
        raise WrongUse(
            f"--checkpoints: no folder {self} can be used, {nearest} {why} - name another"
        )

    def reach(self) -> None:
        """Refuse a folder that is not there, as on a disk that isn't mounted."""
        with self._told("read"):
            os.scandir(self.path).close()

    def make(self) -> None:
        """Make it with those above it; nobody else may look in."""
        with self._told("written"):
            make_private(self.path)

    def names(self) -> list[str]:
        """List its files; an absent folder has none."""
        with self._told("read"), suppress(FileNotFoundError), os.scandir(self.path) as found:
            return [one.name for one in found if one.is_file()]
        return []

    def read(self, name: str) -> bytes:
        """Read a file, or raise `FileNotFoundError`."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise self._trouble("read", error) from error

    def write_whole(self, name: str, content: bytes) -> None:
        """Write under a temporary name, flush to the disk, rename."""
        with self._told("written"):
            write_whole(self.path / name, content)

    def delete(self, name: str) -> None:
        """Delete a file, if it is there."""
        with self._told("deleted from"):
            (self.path / name).unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the folder, if it is there and empty."""
        with self._told("deleted"):
            if self.path.is_dir() and not any(self.path.iterdir()):
                self.path.rmdir()

    @contextmanager
    def _told(self, done: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._trouble(done, error) from error

    def _trouble(self, done: str, error: OSError) -> Exception:
        place = f"the checkpoint store {self}"
        return outage(place, error) or StoreError(f"{place} cannot be {done}: {error}")


def one_part(name: str) -> str:
    """Refuse a name of a place in another that would lead out of it, or is none.

    Raises:
        StoreError: it does.
    """
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise StoreError(f"{name!r} is no name for a place in the checkpoint store - take another")
    return name


def make_private(path: Path) -> None:
    """Make a folder with those above it, as far as they aren't there; nobody else may look in."""
    missing = list(itertools.takewhile(lambda one: not one.is_dir(), (path, *path.parents)))
    for folder in reversed(missing):  # `parents=True` would leave those above it open
        folder.mkdir(exist_ok=True, mode=0o700)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, even when the power goes."""
    temporary = path.with_name(part_of(path.name))
    try:
        with temporary.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)  # half of it is in the way where the disk is full
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
