"""Where studies, checkpoints and Ray are: read once, at the edge."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from search.errors import WrongUse
from search.urls import is_postgresql, postgresql, shown

SQLITE = "sqlite:///"
FOLDER = ".lstm-search"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Places a command works with."""

    storage: str = field(repr=False)
    """Database URL, as SQLAlchemy takes it; with its password, so it is `shown` instead."""
    checkpoints: Path
    """Folder of the checkpoint store."""
    ray_address: str | None
    """Ray to join; None starts one of our own."""

    @property
    def shown(self) -> str:
        """The database's URL without who asks: `postgresql://HOST:PORT/NAME`."""
        return shown(self.storage)

    @property
    def sqlite_file(self) -> Path:
        """The database's file, if it is in one."""
        return Path(self.storage.removeprefix(SQLITE))

    def check_checkpoints(self) -> None:
        """Refuse a place where no folder of checkpoints can be.

        Raises:
            WrongUse: a file is in its way, or a folder that nothing can be written into.
        """
        way = (self.checkpoints, *self.checkpoints.parents)
        nearest = next(place for place in way if os.access(place, os.F_OK))
        if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
            return
        why = "cannot be written into" if nearest.is_dir() else "is a file"
        raise WrongUse(
            f"--checkpoints: no folder {self.checkpoints} can be used, {nearest} {why} - "
            "name another"
        )


def read(
    environment: Mapping[str, str],
    *,
    folder: Path,
    storage: str | None = None,
    checkpoints: str | None = None,
) -> Settings:
    """Settle the places from options, then the environment, then what is usual.

    Arguments:
        environment: environment variables.
        folder: the working folder; `.lstm-search/` is in it.
        storage: `--storage`, over `LSTM_SEARCH_STORAGE`.
        checkpoints: `--checkpoints`, over `LSTM_SEARCH_CHECKPOINTS`.

    Raises:
        WrongUse: a database of another kind, one in memory, or a URL that cannot be read.
    """
    url = (
        storage or environment.get("LSTM_SEARCH_STORAGE") or f"{SQLITE}{folder}/{FOLDER}/studies.db"
    )
    if is_postgresql(url):
        url, beside = postgresql(url), folder / FOLDER
    else:
        file = _file(url, folder)
        url, beside = f"{SQLITE}{file}", file.parent
    place = checkpoints or environment.get("LSTM_SEARCH_CHECKPOINTS")
    return Settings(
        storage=url,
        checkpoints=(folder / place).resolve() if place else beside / "checkpoints",
        ray_address=environment.get("RAY_ADDRESS") or None,
    )


def _file(url: str, folder: Path) -> Path:
    path = url.removeprefix(SQLITE)
    if not url.startswith(SQLITE) or path in ("", ":memory:"):
        # What stands in a URL may be a password.
        got = f"a {url.partition(':')[0]} URL" if "://" in url or "@" in url else repr(url)
        raise WrongUse(
            f"--storage: got {got} - use sqlite:///FILE, a database in a file, or a "
            "postgresql:// URL"
        )
    return (folder / path).resolve()
