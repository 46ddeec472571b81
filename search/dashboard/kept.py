"""The checkpoints that a study keeps, as artifacts: a view of the store, never a copy.

Nothing is written down of them. What is listed is what the store has, so what retention deletes
is gone here as well.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from optuna.trial import FrozenTrial

from lstm_attn.errors import CheckpointError
from lstm_attn.headers import read_header
from search import summaries
from search.archive import Archive, StoredStudy
from search.checkpoints import Checkpoint, checkpoints
from search.errors import SearchError, StoreError

FRESH_SECONDS = 5.0
"""How long a list is good for."""
WAIT_SECONDS = 2.0
"""How long a page waits for a store; one that is slower is listed by the next."""
ATTRIBUTE = "artifacts:"
"""Study system attribute under which Optuna looks for an artifact, by id."""
_DESCRIPTION = "-d"
"""How the id of a checkpoint's description ends; ids are hexadecimal digits and dashes."""


class Gone(Exception):
    """There is no such checkpoint, or no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file to download."""

    name: str
    kind: str
    """Its MIME type."""
    content: bytes


@dataclass(slots=True)
class _Listed:
    """What is known of a study's place."""

    uid: str
    at: float
    attributes: dict[str, str]


class Kept:
    """Lists and opens the weights that studies keep.

    Arguments:
        archive: the studies.
        trials: gives a study's trials by Optuna's id.
        clock: gives seconds.
        wait: seconds a page waits for a store.
    """

    def __init__(
        self,
        archive: Archive,
        trials: Callable[[int], Sequence[FrozenTrial]],
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: float = WAIT_SECONDS,
    ) -> None:
        self._archive = archive
        self._trials = trials
        self._clock = clock
        self._wait = wait
        self._listed: dict[int, _Listed] = {}
        self._busy: set[int] = set()
        self._lock = threading.Lock()

    def known(self, study_id: int, uid: str) -> dict[str, str]:
        """Give what was last listed of a study, as Optuna's attributes of artifacts."""
        listed = self._listed.get(study_id)
        return listed.attributes if listed and listed.uid == uid else {}

    def look(self, study_id: int) -> None:
        """List what a study keeps, if that is long ago; a store that doesn't answer is let be."""
        listed = self._listed.get(study_id)
        if listed and self._clock() - listed.at < FRESH_SECONDS:
            return
        study = self._study(study_id)
        if study is None:
            return
        trials = self._trials(study_id)
        with self._lock:
            if study_id in self._busy:
                return
            self._busy.add(study_id)
        # A thread that is left alone at the end: a store out of reach may take minutes to say so.
        work = threading.Thread(target=self._list, args=(study, trials), daemon=True)
        work.start()
        work.join(self._wait)

    def open(self, study_id: int, artifact_id: str) -> File:
        """Read a checkpoint, or what it is.

        Raises:
            Gone: it isn't there.
            StoreError: it cannot be read.
            Outage: likewise, and waiting may help.
        """
        study = self._study(study_id)
        wanted = artifact_id.removesuffix(_DESCRIPTION)
        if study is None or not wanted.startswith(study.uid):
            raise Gone
        trials = self._trials(study_id)
        named = _named(study, _weights(study, self._archive), trials)
        for name, checkpoint in named.items():
            if _id(study, checkpoint) == wanted:
                try:
                    content = checkpoint.read()
                except FileNotFoundError as error:
                    raise Gone from error
                if artifact_id == wanted:
                    return File(name=f"{name}.safetensors", kind=_BYTES, content=content)
                return _described(study, checkpoint, name, content, trials)
        raise Gone

    def _study(self, study_id: int) -> StoredStudy | None:
        """Read a study; None where it is another program's, or gone."""
        storage = self._archive.storage
        with suppress(SearchError, KeyError):
            if summaries.STUDY in storage.get_study_user_attrs(study_id):
                return self._archive.find(storage.get_study_name_from_id(study_id))
        return None

    def _list(self, study: StoredStudy, trials: Sequence[FrozenTrial]) -> None:
        """List a study's place; one that cannot be listed has nothing to show."""
        attributes: dict[str, str] = {}
        try:
            with suppress(SearchError):
                named = _named(study, _weights(study, self._archive), trials)
                attributes = _attributes(study, named)
            self._listed[study.id] = _Listed(study.uid, self._clock(), attributes)
        finally:
            with self._lock:
                self._busy.discard(study.id)


_BYTES, _JSON = "application/octet-stream", "application/json"


def _weights(study: StoredStudy, archive: Archive) -> list[Checkpoint]:
    """List the newest weights of each trial that has some."""
    found = checkpoints(study.place(archive.settings))
    newest = {one.number: one for one in found if one.kind == "weights"}
    return list(newest.values())


def _named(
    study: StoredStudy, found: Sequence[Checkpoint], trials: Sequence[FrozenTrial]
) -> dict[str, Checkpoint]:
    """Name checkpoints by what is in them, the best first, also where names are ordered.

    As `1-trial-7-epoch-12-accuracy-0.9815`.
    """
    numbered = {trial.number: trial for trial in trials}

    def value(one: Checkpoint) -> float | None:
        trial = numbered.get(one.number)
        return trial.intermediate_values.get(one.epoch) if trial else None

    def order(one: Checkpoint) -> tuple[bool, tuple[float, float, int]]:
        key = summaries.rank(value(one) or 0.0, 0.0, one.number, study.spec.direction)
        return value(one) is None, key

    named = {}
    for rank, one in enumerate(sorted(found, key=order), start=1):
        worth = value(one)
        score = "" if worth is None else f"-{study.spec.objective}-{worth:.4g}"
        place = str(rank).zfill(len(str(len(found))))
        named[f"{place}-trial-{one.number}-epoch-{one.epoch}{score}"] = one
    return named


def _attributes(study: StoredStudy, named: Mapping[str, Checkpoint]) -> dict[str, str]:
    """Write of each checkpoint what Optuna would have written."""
    attributes = {}
    for name, checkpoint in named.items():
        wanted = _id(study, checkpoint)
        for artifact, ending, kind in (
            (wanted, "safetensors", _BYTES),
            (f"{wanted}{_DESCRIPTION}", "json", _JSON),
        ):
            said = {"artifact_id": artifact, "filename": f"{name}.{ending}", "mimetype": kind}
            attributes[f"{ATTRIBUTE}{artifact}"] = json.dumps({**said, "encoding": None})
    return attributes


def _described(
    study: StoredStudy,
    checkpoint: Checkpoint,
    name: str,
    content: bytes,
    trials: Sequence[FrozenTrial],
) -> File:
    """Say of a checkpoint what it is: configuration, scores, where it comes from."""
    try:
        header = read_header(content)
        told = {part: json.loads(header[part]) for part in ("metrics", "model", "training")}
    except (CheckpointError, KeyError, ValueError) as error:
        raise StoreError(f"the checkpoint {checkpoint} cannot be read: {error}") from error
    trial = next((one for one in trials if one.number == checkpoint.number), None)
    described = {
        "study": study.name,
        "trial": checkpoint.number,
        "state": trial.state.name.lower() if trial else None,
        "epoch": checkpoint.epoch,
        "objective": study.spec.objective,
        **told,
        "params": trial.params if trial else None,
        "device": header.get("device"),
        "threads": header.get("threads"),
        "weights": f"{name}.safetensors",
    }
    text = json.dumps(described, indent=2) + "\n"
    return File(name=f"{name}.json", kind=_JSON, content=text.encode())


def _id(study: StoredStudy, checkpoint: Checkpoint) -> str:
    return f"{study.uid}-{checkpoint.hash}"
