"""Renews a study's note as the launch goes on; what goes wrong with it stops nothing."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from optuna.storages import RDBStorage

from search import summaries
from search.database import Trials, told
from search.errors import SearchError
from search.noting import text
from search.records import Ending, Fact, Opened, Stopping, StudySummary, Unwritten
from search.spec import StudySpec

EVERY_SECONDS = 30.0
"""How often the note is renewed, at most; and once more at the end."""
_VERSION, _BODY = "dashboard:note_ver", "dashboard:note_str:"
"""Study system attributes of optuna-dashboard; the body stands in numbered pieces."""
_FAULTS = (SearchError, KeyError, ValueError)
"""What may go wrong; where it is the study's trouble too, its own next write will tell."""


class Noting:
    """Sees what happens in a launch, passes it on, and now and then renews the note.

    What it says is read from the database, each time only what may have changed. It is renewed only
    as long as it is as it was written, or empty: an edited one is the user's.

    Arguments:
        storage: the database; its commits are fenced by the lease that is held.
        study_id: the SQL study.
        spec: what is searched.
        data: what was read, by name.
        watch: sees what happens.
        clock: gives seconds.
    """

    def __init__(
        self,
        storage: RDBStorage,
        study_id: int,
        spec: StudySpec,
        data: Mapping[str, str | int | float],
        watch: Callable[[Fact], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._storage = storage
        self._study_id = study_id
        self._spec = spec
        self._data = data
        self._watch = watch
        self._clock = clock
        self._study: StudySummary | None = None
        """As it was opened."""
        self._trials = Trials(storage, study_id, note=summaries.NOTE)
        self._blocked = False
        self._due = -float("inf")

    def __call__(self, fact: Fact) -> None:
        """Take what has happened."""
        self._watch(fact)
        match fact:
            case Opened(study=study):
                self._study = study
            case Unwritten(reports=reports):
                self._blocked = reports > 0
            case Stopping(blocked=blocked) if blocked:
                self._blocked = True
            case _:
                pass
        if self._clock() >= self._due and not self._blocked:
            self._renew()

    def to_the_end(self, run: Callable[[], Ending]) -> Ending:
        """Run the study, and say in the note how that has ended, also where it is by an error.

        Raises:
            SearchError: what has ended it.
        """
        try:
            ending = run()
        except SearchError as error:  # what could not be written may not have been the database
            self._renew(ended=str(error).partition("\n")[0].rstrip(":."))
            raise
        if not self._blocked:
            self._renew(ended=ending.value)
        return ending

    def _renew(self, *, ended: str = "") -> None:
        """Write the note as the study stands, if it says anything new and is ours to write.

        Arguments:
            ended: why the launch has ended; empty while it goes on.
        """
        if self._study is None:
            return
        self._due = self._clock() + EVERY_SECONDS
        with suppress(*_FAULTS), told(self._storage.url):
            self._write(self._study, ended)

    def _write(self, study: StudySummary, ended: str) -> None:
        """Write it in one piece, which is one commit; the version stays.

        It is for what people edit in a browser meanwhile: theirs is not refused over ours.
        """
        known = self._storage.get_study_system_attrs(self._study_id)
        former = _whole(known)
        if not text.is_ours(former):
            return
        study = summaries.study_summary(
            study.name, self._spec, study.baselines, self._trials.read(), owner=None
        )
        note = text.write(study, self._spec, self._data, ended=ended)
        if note != former:
            self._storage.set_study_system_attr(self._study_id, f"{_BODY}0", note)
        if _VERSION not in known:
            self._storage.set_study_system_attr(self._study_id, _VERSION, 1)


def _whole(known: Mapping[str, object]) -> str:
    """Put a body together from its pieces, in their order."""
    keys = [key for key in known if key.startswith(_BODY)]
    pieces = {int(key.removeprefix(_BODY)): str(known[key]) for key in keys}
    return "".join(piece for _, piece in sorted(pieces.items()))
