"""Where studies, checkpoints and Ray are: read once, at the edge."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from search.addresses import address
from search.errors import WrongUse
from search.urls import is_postgresql, postgresql, shown

SQLITE = "sqlite:///"
FOLDER = ".lstm-search"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Places a command works with."""

    storage: str = field(repr=False)
    """Database URL, as SQLAlchemy takes it; with its password, so it is `shown` instead."""
    checkpoints: str | None
    """Where checkpoints lie, as it was given: an absolute path or a URL; None where it wasn't."""
    ray_address: str | None
    """Ray to join; None starts one of our own."""
    folder: Path = Path(FOLDER)
    """Of what is given no other place."""

    @property
    def shown(self) -> str:
        """The database's URL without who asks: `postgresql://HOST:PORT/NAME?sslmode=require`."""
        return shown(self.storage)

    @property
    def sqlite_file(self) -> Path:
        """The database's file, if it is in one."""
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
    def usual_checkpoints(self) -> str:
        """Where checkpoints lie if nobody says: beside the database, or in the working folder."""
        is_file = self.storage.startswith(SQLITE)
        folder = self.sqlite_file.parent if is_file else self.folder
        return str(folder.resolve() / "checkpoints")

    def checkpoints_of(self, stored: str | None) -> str:
        """Tell where a study's checkpoints lie: as given, as stored with it, or as is usual."""
        return self.checkpoints or stored or self.usual_checkpoints

    @property
    def stored_checkpoints(self) -> str | None:
        """What a study that is launched with these settings says of its checkpoints' place."""
        beside = self.storage.startswith(SQLITE)  # and goes where the database goes
        return self.checkpoints or (None if beside else self.usual_checkpoints)


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
        WrongUse: a database of another kind, one in memory, or a URL that cannot be read;
            checkpoints in a place that is none for them; an option with nothing in it.
    """
    for option, given in {"--storage": storage, "--checkpoints": checkpoints}.items():
        if given == "":  # of a variable that is not set, say
            raise WrongUse(f"{option}: got nothing - name a place, or leave the option out")
    url = (
        storage or environment.get("LSTM_SEARCH_STORAGE") or f"{SQLITE}{folder}/{FOLDER}/studies.db"
    )
    url = postgresql(url) if is_postgresql(url) else f"{SQLITE}{_file(url, folder)}"
    place = checkpoints or environment.get("LSTM_SEARCH_CHECKPOINTS")
    ray = environment.get("RAY_ADDRESS", "")
    return Settings(
        storage=url,
        checkpoints=_text(address(place, folder)) if place else None,
        folder=(folder / FOLDER).resolve(),
        ray_address=None if ray in ("", "local") else ray,
    )


def _text(place: str) -> str:
    """Refuse a place for checkpoints that no database could hold."""
    try:
        place.encode()
    except UnicodeEncodeError as error:
        shown = place.encode(errors="backslashreplace").decode()
        raise WrongUse(
            f"--checkpoints: {shown} has bytes that are no UTF-8 - name another folder"
        ) from error
    return place


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
