"""A folder in an object store as a place for checkpoints, through fsspec.

A file is one PUT: it is there whole or not at all, and there is nothing to rename or to sweep. A
listing is asked for anew each time.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import fsspec

from search.checkpoints import drivers
from search.checkpoints.folder import one_part
from search.errors import Outage, StoreError, WrongUse

_EXTRAS = ("s3", "gs")
"""Kinds of URLs whose driver comes with an extra of that name."""
ANSWER_SECONDS = 30.0
"""How long a listing may take; drivers by themselves ask again for many minutes, or for ever."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A folder in a bucket; `Place` says what it can do."""

    url: str
    files: Any
    """fsspec's file system."""

    @classmethod
    def at(cls, url: str) -> "Bucket":
        """Give the folder under a URL.

        Raises:
            WrongUse: its driver isn't installed, or refuses to start.
            Outage: likewise, and waiting may help.
        """
        kind = url.partition("://")[0]
        try:
            # A listing that was kept would not show what other processes write.
            return cls(url, fsspec.filesystem(kind, use_listings_cache=False))
        except ImportError as error:
            extra = f"pip install 'lstm-attn-search[{kind}]'"
            cure = extra if kind in _EXTRAS else str(error)
            raise WrongUse(
                f"--checkpoints: what {kind}:// needs isn't installed - {cure}"
            ) from error
        except drivers.known() as error:
            told = drivers.trouble(url, "used", error)
            if isinstance(told, Outage):
                raise told from error
            raise WrongUse(f"--checkpoints: {told}") from error

    def __str__(self) -> str:
        return self.url

    def inside(self, name: str) -> "Bucket":
        """Give a folder in this one."""
        return replace(self, url=f"{self.url}/{one_part(name)}")

    def check(self) -> None:
        """Refuse it where it cannot be listed; writing is not tried."""
        try:
            self.names()
        except StoreError as error:
            raise WrongUse(f"--checkpoints: {error}") from error

    def reach(self) -> None:
        """Refuse a bucket that is not there; a folder in it need not be."""
        self.names()

    def make(self) -> None:
        """Do nothing: a folder is there with the first file in it."""

    def names(self) -> list[str]:
        """List its files; an absent folder has none."""
        with self._told("read"):
            self.files.invalidate_cache()
            try:
                found = _in_time(partial(self.files.ls, self.url, detail=True))
            except FileNotFoundError as error:
                if drivers.lacks_bucket(error):
                    raise
                return []
            return [one["name"].rpartition("/")[2] for one in found if one["type"] == "file"]

    def read(self, name: str) -> bytes:
        """Read a file, or raise `FileNotFoundError`."""
        try:
            return bytes(self.files.cat_file(f"{self.url}/{name}"))
        except FileNotFoundError:
            raise
        except drivers.known() as error:
            raise drivers.trouble(self.url, "read", error) from error

    def write_whole(self, name: str, content: bytes) -> None:
        """Put a file; put again, it is the same one."""
        with self._told("written"):
            self.files.pipe_file(f"{self.url}/{name}", content)

    def delete(self, name: str) -> None:
        """Delete a file, if it is there."""
        with self._told("deleted from"), suppress(FileNotFoundError):
            self.files.rm_file(f"{self.url}/{name}")

    def remove(self) -> None:
        """Do nothing: a folder has gone with the last file in it."""

    @contextmanager
    def _told(self, done: str) -> Iterator[None]:
        try:
            yield
        except drivers.known() as error:
            raise drivers.trouble(self.url, done, error) from error


def _in_time(ask: Callable[[], T]) -> T:
    """Ask a store something; one that doesn't answer is left to itself.

    Raises:
        TimeoutError: there was no answer in time.
    """
    answer: Future[T] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except drivers.known() as error:
            answer.set_exception(error)
        finally:
            answer.cancel()  # where it is neither there nor known what is wrong

    threading.Thread(target=run, name="listing", daemon=True).start()
    if not wait([answer], ANSWER_SECONDS).done:
        raise TimeoutError(f"no answer in {ANSWER_SECONDS:g} s")
    return answer.result()
