"""Data of a study, carried through the checkpoint store: up by who submits, down by who reads.

In the store a file's name is the hash of its content. Brought down, files stand in a private
folder as they stood at home, so that paths and globs mean there what they meant; the folder is
gone once they are read, and no path of it is told.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from glob import escape, has_magic
from pathlib import Path
from typing import Any

from lstm_attn.config import DataConfig, TaskConfig
from lstm_attn.data import prepare
from lstm_attn.errors import DataError, LstmAttnError
from lstm_attn.reading import find_files
from lstm_attn.sequences import SequenceData
from search.checkpoints import Place, at
from search.checkpoints.files import whole_of
from search.checkpoints.folder import make_private
from search.errors import SearchError, StoreError, UploadLost
from search.outages import outage
from search.scratch import scratch
from search.settings import Settings
from search.uploads import FileCopy, Upload

Read = Callable[[DataConfig, TaskConfig], SequenceData]
"""Reads and encodes the data of a study, as `lstm_attn.data.prepare` does."""
_NAME = re.compile("data-[0-9a-f]{64}")
"""Of a file in the store."""


def named_files(data: DataConfig) -> dict[str, tuple[str, ...]]:
    """Give the paths and globs that `[data]` names, by key."""
    found = {"train": data.train}
    for key in ("validation", "test"):
        value = getattr(data, key)
        if isinstance(value, tuple):
            found[key] = value
    if data.tokenizer is not None and data.tokenizer.endswith(".json"):
        found["tokenizer"] = (data.tokenizer,)
    return found


def carried(upload: Upload, data: DataConfig, settings: Settings) -> Upload:
    """Put the files of a study into the store, each content once, and tell what is there then.

    Arguments:
        upload: where; what it has whole there already is not written again.
        data: names the files, by absolute paths.
        settings: where checkpoints lie if nobody says.

    Raises:
        DataError: a file is not there, or cannot be read.
        StoreError: one cannot be written.
        Outage: likewise, and waiting may help.
    """
    place = _place(upload, settings)
    place.make()
    there, whole = set(place.names()), set[str]()
    paths = named_files(data)
    files: dict[str, FileCopy] = {}
    for key, patterns in paths.items():
        for path in find_files(patterns, key=f"data.{key}"):
            plain, real = os.path.normpath(path), str(path.resolve())
            if files.get(plain, FileCopy(real=real, hash="")).real != real:
                raise DataError(
                    f"data.{key}: {path} is another file than {plain}, by a linked folder - "
                    "name it without '..'"
                )
            content = _content(path, key)
            files[plain] = FileCopy(real=real, hash=hashlib.sha256(content).hexdigest())
            name = _name(files[plain])
            if name not in whole and not (name in there and _is_whole(files[plain], place)):
                place.write_whole(name, content)
            whole.add(name)
    return replace(upload, paths=paths, files=files)


def is_there(upload: Upload, settings: Settings) -> bool:
    """Tell whether all files of an upload are in the store, by their names.

    Raises:
        StoreError: it cannot be read.
        Outage: likewise, and waiting may help.
    """
    return {_name(one) for one in upload.files.values()} <= set(_place(upload, settings).names())


def sweep(upload: Upload, settings: Settings) -> None:
    """Delete from the store what an upload names no more; all of one that has no files.

    Raises:
        StoreError: a file cannot be deleted.
        Outage: likewise, and waiting may help.
    """
    place = _place(upload, settings)
    wanted = {_name(one) for one in upload.files.values()}
    for name in place.names():
        if _NAME.fullmatch(whole_of(name)) and name not in wanted:
            place.delete(name)
    place.remove()


def discard(upload: Upload, settings: Settings) -> None:
    """Delete from the store all that was uploaded of a study."""
    sweep(replace(upload, files={}), settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class AtHand:
    """Data of a study where they can be read now."""

    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What `[data]` named where they come from, by key."""
    folder: str = ""
    """What they stand under here as they stood there; empty where they are at home."""

    def moved(self, data: DataConfig) -> DataConfig:
        """Name the files where they are."""
        if not self.folder:
            return data
        moved: dict[str, Any] = {
            key: tuple(_as_named(self.folder, one) for one in said)
            for key, said in self.paths.items()
        }
        if "tokenizer" in moved:
            [moved["tokenizer"]] = moved["tokenizer"]
        return replace(data, **moved)

    def read(self, data: DataConfig, task: TaskConfig) -> SequenceData:
        """Read and encode them; what is said of them is said as at home."""
        prepared = prepare(self.moved(data), task)
        summary = {
            key: _at_home(said, self.folder) if isinstance(said, str) else said
            for key, said in prepared.summary.items()
        }
        return replace(prepared, summary=summary)


@contextmanager
def at_hand(upload: Upload | None, settings: Settings) -> Iterator[AtHand]:
    """Have a study's data at hand for a block: from the store, where they are whole there.

    Arguments:
        upload: what was uploaded of the study.
        settings: where checkpoints lie if nobody says.

    Raises:
        UploadLost: files have gone, or are not what was uploaded.
        StoreError: the store cannot be read.
        Outage: likewise, and waiting may help; or this machine's disk is full.
    """
    if upload is None or not upload.files:
        yield AtHand()
        return
    with scratch() as folder:
        _bring(upload, at(upload.address(settings)), folder)
        try:
            yield AtHand(paths=upload.paths, folder=str(folder))
        except (LstmAttnError, SearchError) as error:
            raise type(error)(*(_at_home(one, str(folder)) for one in error.problems)) from error


def reader(upload: Upload | None, settings: Settings) -> Read:
    """Give what reads a study's data, wherever they are; see `at_hand`."""

    def read(data: DataConfig, task: TaskConfig) -> SequenceData:
        with at_hand(upload, settings) as there:
            return there.read(data, task)

    return read


def _place(upload: Upload, settings: Settings) -> Place:
    return at(upload.address(settings)).inside(upload.folder)


def _name(one: FileCopy) -> str:
    return f"data-{one.hash}"


def _is_whole(one: FileCopy, place: Place) -> bool:
    try:
        content = place.read(_name(one))
    except FileNotFoundError:  # somebody has deleted it just now
        return False
    return hashlib.sha256(content).hexdigest() == one.hash


def _content(path: Path, key: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"data.{key}: {path} cannot be read, {error.strerror} - check its rights"
        ) from error


def _bring(upload: Upload, store: Place, folder: Path) -> None:
    """Bring all files of an upload into a folder, each under its own path there.

    Raises:
        UploadLost: files have gone, or are not what was uploaded.
        StoreError: the store cannot be read.
        Outage: likewise, and waiting may help; or this machine's disk is full.
    """
    place, missing = store.inside(upload.folder), []
    for path, one in upload.files.items():
        try:
            content = place.read(_name(one))
        except FileNotFoundError:
            missing.append(f"{path} was uploaded and is no longer in {place}")
            continue
        if hashlib.sha256(content).hexdigest() != one.hash:
            missing.append(f"{path} was uploaded and is damaged in {place}")
            continue
        real, linked = _inside(folder, one.real), _inside(folder, path)
        try:
            _stand(real, linked, content)
        except OSError as error:
            local = f"the folder {folder} for uploaded data"
            told = StoreError(f"{local} cannot be written: {error}")
            raise outage(local, error) or told from error
    if missing:
        store.reach()
        raise UploadLost(*(f"{one} - submit the study again with --with-data" for one in missing))


def _stand(real: Path, linked: Path, content: bytes) -> None:
    """Write a file, for nobody else's eyes, and what links to it."""
    make_private(real.parent)
    make_private(linked.parent)
    if not real.exists():
        with os.fdopen(os.open(real, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
    if linked != real:
        linked.symlink_to(real)


def _inside(folder: str | Path, path: str) -> Path:
    """Give a path's own place in a folder; no `..` leads out of it."""
    return Path(f"{folder}{os.path.normpath('/' + path.lstrip('/'))}")


def _as_named(folder: str, pattern: str) -> str:
    path = _inside(folder, pattern)
    is_pattern = has_magic(pattern) and not path.exists()
    return str(_inside(escape(folder), pattern)) if is_pattern else str(path)


def _at_home(said: str, folder: str) -> str:
    """Leave out the folder that stands before a path."""
    if not folder:
        return said
    return said.replace(folder, "").replace(escape(folder), "")
