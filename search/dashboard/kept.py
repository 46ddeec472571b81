"""The checkpoints that a study keeps, as artifacts: a view of the store, never a copy.

Nothing is written down of them. What is listed is what the store has, so what retention deletes
is gone here as well.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from optuna.trial import FrozenTrial

from search import summaries
from search.archive import Archive
from search.checkpoints import Checkpoint, checkpoints
from search.dashboard import naming
from search.database import told
from search.errors import SearchError
from search.stored import StoredStudy

FRESH_SECONDS = 5.0
"""How long a list is good for."""
WAIT_SECONDS = 2.0
"""How long a page waits for a store; one that is slower is listed by the next."""


class Gone(Exception):
    """There is no such checkpoint, or no more."""


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
        trials: gives a study's trials as they are stored, by Optuna's id.
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
        with suppress(SearchError):  # of the database the page itself will tell
            if read := self.read(study_id):
                self._list_in_time(*read)

    def _list_in_time(self, study: StoredStudy, trials: Sequence[FrozenTrial]) -> None:
        with self._lock:
            if study.id in self._busy:
                return
            self._busy.add(study.id)
        # A thread that is left alone at the end: a store out of reach may take minutes to say so.
        work = threading.Thread(target=self._list, args=(study, trials), daemon=True)
        work.start()
        work.join(self._wait)

    def open(self, study_id: int, artifact_id: str) -> naming.File:
        """Read a checkpoint, or what it is.

        Raises:
            Gone: it isn't there.
            StoreError: it cannot be read.
            StorageError: nor can the database, or what it says of the study.
            Outage: likewise, and waiting may help.
        """
        read = self.read(study_id)
        wanted = artifact_id.removesuffix(naming.DESCRIPTION)
        if read is None or not wanted.startswith(read[0].uid):
            raise Gone
        study, trials = read
        named = naming.named(study, _weights(study, self._archive), trials)
        for name, checkpoint in named.items():
            if naming.artifact_id(study, checkpoint) == wanted:
                try:
                    content = checkpoint.read()
                except FileNotFoundError as error:
                    raise Gone from error
                if artifact_id == wanted:
                    return naming.File(
                        name=f"{name}.safetensors", kind=naming.BYTES, content=content
                    )
                return naming.described(study, checkpoint, name, content, trials)
        raise Gone

    def read(self, study_id: int) -> tuple[StoredStudy, Sequence[FrozenTrial]] | None:
        """Read a study with its trials; None where it is another program's, or gone.

        Arguments:
            study_id: Optuna's.

        Raises:
            StorageError: the database cannot be had, or what it says of the study cannot be read.
            Outage: likewise, and waiting may help.
        """
        storage = self._archive.storage
        with suppress(KeyError), told(self._archive.settings.storage):
            if summaries.STUDY in storage.get_study_user_attrs(study_id):
                study = self._archive.find(storage.get_study_name_from_id(study_id))
                return (study, self._trials(study_id)) if study else None
        return None

    def _list(self, study: StoredStudy, trials: Sequence[FrozenTrial]) -> None:
        """List a study's place; one that cannot be listed has nothing to show."""
        attributes: dict[str, str] = {}
        try:
            with suppress(SearchError):
                named = naming.named(study, _weights(study, self._archive), trials)
                attributes = naming.attributes(study, named)
            self._listed[study.id] = _Listed(study.uid, self._clock(), attributes)
        finally:
            with self._lock:
                self._busy.discard(study.id)


def _weights(study: StoredStudy, archive: Archive) -> list[Checkpoint]:
    """List the newest weights of each trial that has some."""
    found = checkpoints(study.place(archive.settings))
    newest = {one.number: one for one in found if one.kind == "weights"}
    return list(newest.values())
