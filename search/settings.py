"""Where studies, checkpoints and Ray are: read once, at the edge."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from search.addresses import address
from search.errors import WrongUse

SQLITE = "sqlite:///"
FOLDER = ".lstm-search"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Places a command works with."""

    storage: str
    """Database URL, as SQLAlchemy takes it."""
    checkpoints: str | None
    """Where checkpoints lie, as it was given: an absolute path or a URL; None where it wasn't."""
    ray_address: str | None
    """Ray to join; None starts one of our own."""

    @property
    def sqlite_file(self) -> Path:
        """The database's file."""
        return Path(self.storage.removeprefix(SQLITE))

    def environment(self) -> dict[str, str]:
        """Give the variables by which another process finds the same places."""
        places = {
            "LSTM_SEARCH_STORAGE": self.storage,
            "LSTM_SEARCH_CHECKPOINTS": self.checkpoints,
            "RAY_ADDRESS": self.ray_address,
        }
        return {name: place for name, place in places.items() if place}

    @property
    def beside_database(self) -> str | None:
        """The usual place of checkpoints; None beside a database that is in no file."""
        is_file = self.storage.startswith(SQLITE)
        return str(self.sqlite_file.parent / "checkpoints") if is_file else None

    def checkpoints_of(self, stored: str | None) -> str:
        """Tell where a study's checkpoints lie: as given, as stored with it, or as is usual.

        Arguments:
            stored: what the study says; None where it says nothing, or isn't there yet.

        Raises:
            WrongUse: nowhere.
        """
        if place := self.checkpoints or stored or self.beside_database:
            return place
        raise WrongUse(
            "--checkpoints: a database on a server has no folder beside it - "
            "name a folder, or s3://BUCKET/FOLDER"
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
        WrongUse: a database of another kind than SQLite, or one in memory; checkpoints in a place
            that is none for them.
    """
    url = (
        storage or environment.get("LSTM_SEARCH_STORAGE") or f"{SQLITE}{folder}/{FOLDER}/studies.db"
    )
    path = url.removeprefix(SQLITE)
    if not url.startswith(SQLITE) or path in ("", ":memory:"):
        # What stands behind the kind of a URL may be a password.
        got = f"a {url.partition(':')[0]} URL" if "://" in url else repr(url)
        raise WrongUse(f"--storage: got {got} - use sqlite:///FILE, a database in a file")
    file = (folder / path).resolve()
    place = checkpoints or environment.get("LSTM_SEARCH_CHECKPOINTS")
    return Settings(
        storage=f"{SQLITE}{file}",
        checkpoints=address(place, folder) if place else None,
        ray_address=environment.get("RAY_ADDRESS") or None,
    )
