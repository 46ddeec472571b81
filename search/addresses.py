"""Where checkpoints may lie, as it is given: a folder, or the URL of one in an object store."""

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
    if not is_url or kind == "file":
        return str((folder / (rest or given)).resolve())
    store = _STORES.get(kind.lower())
    if store is None:
        raise WrongUse(
            f"--checkpoints: got a {kind[:20]!r} URL - use a folder, s3://BUCKET/FOLDER, "
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
