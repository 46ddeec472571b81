"""The studies of a database: found, created, summed up and deleted, by whoever asks."""

import difflib
import itertools
import secrets
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

import optuna
from optuna.exceptions import DuplicatedStudyError
from optuna.storages import RDBStorage
from optuna.study import StudyDirection

from search import database, lease, summaries
from search.checkpoints import checkpoints, delete_all
from search.errors import StorageError, StudyDeleted, StudyNotFound, WrongUse
from search.records import BaselineScore, StudySummary
from search.settings import Settings
from search.spec import StudySpec
from search.stored import StoredStudy, stored
from search.uploads import Upload, Uploads
from search.versions import noted

TESTS = "test_scores"
"""The study's attribute of test scores, by trial number: scored once, shown again."""


class Archive:
    """The studies of one database.

    Arguments:
        settings: where the database is.
        create: whether to make it where there is none.

    Raises:
        StorageError: it cannot be had.
    """

    def __init__(self, settings: Settings, *, create: bool = False) -> None:
        self.settings = settings
        self.storage: RDBStorage = database.open_storage(settings.storage, create=create)

    def close(self) -> None:
        """Release the database's connections."""
        self.storage.remove_session()
        self.storage.engine.dispose()

    def studies(self) -> list[StoredStudy]:
        """Read our studies, the oldest first.

        Raises:
            StorageError: one is another version's.
        """
        return [
            self._read(study._study_id, study.study_name, known)  # noqa: SLF001 - Optuna's own id
            for study in self.storage.get_all_studies()
            if (known := study.user_attrs.get(summaries.STUDY))
        ]

    def free_name(self, name: str) -> str:
        """Give a name like this one that no study has."""
        taken = {study.study_name for study in self.storage.get_all_studies()}
        return next(f"{name}-{n}" for n in itertools.count(2) if f"{name}-{n}" not in taken)

    def find(self, name: str) -> StoredStudy | None:
        """Read a study; None where there is none of that name.

        Raises:
            WrongUse: a study of that name is there, but another program's.
            StorageError: another version's.
        """
        try:
            study_id = self.storage.get_study_id_from_name(name)
            attribute = self.storage.get_study_user_attrs(study_id).get(summaries.STUDY)
            if attribute is None and self._is_empty(study_id):
                return None  # its creation was cut short
        except KeyError:  # deleted meanwhile, if it was there
            return None
        if attribute is None:
            raise WrongUse(f"study {name!r} is another program's - take another name with --name")
        return self._read(study_id, name, attribute)

    def get(self, name: str) -> StoredStudy:
        """Read a study that must be there.

        Raises:
            StudyNotFound: it isn't; lists those that are.
        """
        if found := self.find(name):
            return found
        known = [study.name for study in self.studies()]
        near = difflib.get_close_matches(name, known, n=1)
        advice = f"did you mean {near[0]!r}? It has: " if near else "it has: "
        raise StudyNotFound(
            f"no study {name!r} in {self.settings.shown} - {advice}{', '.join(known) or 'none yet'}"
        )

    def create(
        self,
        spec: StudySpec,
        *,
        fingerprint: str,
        baselines: Sequence[BaselineScore],
        data_summary: Mapping[str, str | int | float],
    ) -> StoredStudy:
        """Write a new study; its lease is held, so nobody else does."""
        maximize = spec.direction == "maximize"
        direction = StudyDirection.MAXIMIZE if maximize else StudyDirection.MINIMIZE
        attribute = {
            "uid": secrets.token_hex(16),
            "spec": spec.to_json(),
            "fingerprint": fingerprint,
            "baselines": [asdict(baseline) for baseline in baselines],
            "data": dict(data_summary),
            "versions": noted(()),
            "checkpoints": self.settings.stored_checkpoints,
        }
        try:
            study_id = self.storage.create_new_study([direction], spec.name)
        except DuplicatedStudyError:
            former = self.storage.get_study_id_from_name(spec.name)
            if not self._is_empty(former):
                raise
            self.storage.delete_study(former)  # its creation was cut short
            study_id = self.storage.create_new_study([direction], spec.name)
        study = optuna.load_study(study_name=spec.name, storage=self.storage)
        with warnings.catch_warnings():
            # The dashboard's only way to learn the name; Optuna still calls it experimental.
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study.set_metric_names([spec.objective])
        # Last, so that a study with our attribute is whole.
        self.storage.set_study_user_attr(study_id, summaries.STUDY, attribute)
        return stored(study_id, spec.name, attribute)

    def update(self, study: StoredStudy) -> StoredStudy:
        """Write anew what may have changed: budget, keeping, resources; where checkpoints lie."""
        study = replace(study, checkpoints=self.settings.checkpoints or study.checkpoints)
        changed = {
            "spec": study.spec.to_json(),
            "checkpoints": study.checkpoints,
            "versions": noted(study.versions),
        }
        with database.unless_deleted(self.storage, study.id, study.name):
            attribute = self.storage.get_study_user_attrs(study.id)[summaries.STUDY] | changed
            self.storage.set_study_user_attr(study.id, summaries.STUDY, attribute)
        return study

    def update_budget(self, study: StoredStudy) -> None:
        """Write a study anew where its budget, or how many trials it keeps, has changed."""
        former = self.get(study.name).spec
        if (former.trials, former.keep) != (study.spec.trials, study.spec.keep):
            self.guard(study)
            self.update(study)

    def is_run(self, name: str) -> bool:
        """Tell whether somebody runs a study, by name: it may not be written yet."""
        return lease.holder(self.storage.engine, name) is not None

    def upload(self, name: str) -> Upload | None:
        """Read which data of a study are in the store; None where none were put there."""
        return Uploads(self.storage.engine).find(name)

    def guard(self, study: StoredStudy) -> None:
        """Refuse every further commit once the study is deleted."""
        database.refuse_once_deleted(self.storage, study.id, study.name)

    def summary(self, study: StoredStudy, *, curves: bool = True) -> StudySummary:
        """Sum a study up, with all its trials; without `curves` in a third of the time.

        Raises:
            StudyDeleted: it was, since it was read.
        """
        try:
            note = None if curves else summaries.NOTE
            trials = database.Trials(self.storage, study.id, note=note).read()
        except StudyDeleted as error:
            raise database.deleted(study.name) from error
        held = lease.holder(self.storage.engine, study.name)
        owner = str(held) if held else None
        return summaries.study_summary(study.name, study.spec, study.baselines, trials, owner=owner)

    def threads(self, study: StoredStudy, number: int) -> int:
        """Read how many CPU threads a trial was trained with."""
        with database.unless_deleted(self.storage, study.id, study.name):
            trial_id = self.storage.get_trial_id_from_study_id_trial_number(study.id, number)
            return int(self.storage.get_trial_user_attrs(trial_id)[summaries.THREADS])

    def test_scores(self, study: StoredStudy) -> dict[int, Any]:
        """Read the test scores known of a study's trials."""
        with database.unless_deleted(self.storage, study.id, study.name):
            known = self.storage.get_study_user_attrs(study.id).get(TESTS, {})
        return {int(number): scores for number, scores in known.items()}

    def keep_test_scores(self, study: StoredStudy, scores: Mapping[int, Any]) -> None:
        """Write test scores down, beside those that are known."""
        known = {**self.test_scores(study), **scores}
        plain = {str(number): score for number, score in known.items()}
        with database.unless_deleted(self.storage, study.id, study.name):
            self.storage.set_study_user_attr(study.id, TESTS, plain)

    def delete(self, study: StoredStudy) -> None:
        """Delete a study with its checkpoints; its lease is held, so nobody runs it.

        Raises:
            WrongUse: its checkpoints are elsewhere than the settings say.
            StoreError: the checkpoints cannot be deleted; the study is there still.
            Outage: likewise, and it may help to wait.
        """
        place = study.place(self.settings)
        if not checkpoints(place):  # they may lie where the study says, and would be left there
            study.check_place(self.settings)
        delete_all(place)
        self.storage.delete_study(study.id)

    def _read(self, study_id: int, name: str, attribute: Mapping[str, Any]) -> StoredStudy:
        try:
            return stored(study_id, name, attribute)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise StorageError(
                f"study {name!r} in {self.settings.shown} is not written as this version writes "
                f"studies ({error!r}) - use the version that wrote it, or another --storage"
            ) from error

    def _is_empty(self, study_id: int) -> bool:
        return not self.storage.get_all_trials(study_id, deepcopy=False)


@contextmanager
def opened(settings: Settings, *, create: bool = False) -> Iterator[Archive]:
    """Open the studies of a database for a block, and release them after it.

    Arguments:
        settings: where the database is.
        create: whether to make it where there is none.

    Raises:
        StorageError: it cannot be had, or fails inside the block.
    """
    archive = Archive(settings, create=create)
    try:
        with database.told(settings.storage):
            yield archive
    finally:
        archive.close()
