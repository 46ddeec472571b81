"""Where checkpoints may lie, as it is given: a folder, or the URL of one in an object store."""

import re
from pathlib import Path

from search.errors import WrongUse

_STORES = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gs",
    "gcs": "gs",
    "az": "az",
    "abfs": "az",
    "memory": "memory",
}
"""Kinds of URLs by the names they go under: stores in which a file is there whole or not at all."""
_KIND = re.compile("[A-Za-z0-9+.-]{1,20}")
_SECRETIVE = frozenset("@:?#")
"""What only a URL with a user, a password, a key or the like has behind its kind."""


def address(given: str, folder: Path) -> str:
    """Settle where checkpoints lie: an absolute path, or a URL that holds no secret.

    Arguments:
        given: a path, or a URL.
        folder: what a path is relative to.

    Raises:
        WrongUse: it is no place for checkpoints, or holds more than a place; no secret is told.
    """
    kind, is_url, rest = given.partition("://")
    if not is_url and given.partition(":")[0].lower() in _STORES:
        raise WrongUse("--checkpoints: got a URL without its // - use s3://BUCKET/FOLDER")
    if not is_url or kind == "file":
        return str((folder / (rest or given)).resolve())
    store = _STORES.get(kind.lower())
    if store is None:
        what = f"a {kind!r} URL" if _KIND.fullmatch(kind) else "a URL of no kind that is known"
        raise WrongUse(
            f"--checkpoints: got {what} - use a folder, s3://BUCKET/FOLDER, "
            "gs://BUCKET/FOLDER or az://CONTAINER/FOLDER"
        )
    if _SECRETIVE & set(rest):
        raise WrongUse(
            f"--checkpoints: got more than a bucket and a folder behind {store}:// - "
            f"give credentials by environment, and {store}://BUCKET/FOLDER alone"
        )
    bucket, *parts = rest.split("/")
    if not bucket or {".", ".."} & {bucket, *parts}:
        raise WrongUse(f"--checkpoints: got {given!r} - use {store}://BUCKET/FOLDER")
    return f"{store}://{'/'.join([bucket, *filter(None, parts)])}"


def is_settled(given: str) -> bool:
    """Tell whether something is an address as `address` gives them, wherever it was given.

    A path only has to be absolute: a folder may have become a link since.
    """
    if "://" not in given:
        return Path(given).is_absolute()
    try:
        return address(given, Path("/")) == given
    except WrongUse:
        return False


def same(one: str, other: str) -> bool:
    """Tell whether two settled addresses are of one place: a path may have become a link since."""
    return address(one, Path("/")) == address(other, Path("/"))
