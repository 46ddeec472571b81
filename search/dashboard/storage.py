"""The database as the dashboard sees it: trials in words, checkpoints beside, nothing stale."""

from collections.abc import Callable, Container, Sequence
from typing import Any

from optuna.storages import RDBStorage, _CachedStorage
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState

from search import summaries
from search.dashboard.shown import shown, study_attributes


class View(_CachedStorage):
    """Optuna's cache of finished trials, which notices a study that came in another's place.

    Only what is read by the page of a trial, the lists and the downloads is told in words.

    Arguments:
        backend: the database.
    """

    def __init__(self, backend: RDBStorage) -> None:
        super().__init__(backend)
        self.kept: Callable[[int, str], dict[str, str]] = lambda *_: {}
        """Gives what a study keeps as attributes of artifacts, by Optuna's id and ours."""
        self.when_changed: Callable[[], None] = lambda: None
        """Called where a study is gone, so that nobody keeps anything of it."""
        self._known: dict[int, str] = {}
        self._shown: dict[int, tuple[FrozenTrial, FrozenTrial]] = {}

    def get_all_studies(self) -> list[FrozenStudy]:
        """Read all studies, with their checkpoints; forget those that are gone."""
        studies = super().get_all_studies()
        names = self._notice(studies)
        for study in studies:
            study.system_attrs.update(self.kept(study._study_id, names[study._study_id]))  # noqa: SLF001
            study.user_attrs = study_attributes(study.user_attrs)
        return studies

    def _notice(self, studies: Sequence[FrozenStudy]) -> dict[int, str]:
        """Tell studies apart, by Optuna's id, and forget all where one has gone."""
        names = {study._study_id: _identity(study) for study in studies}  # noqa: SLF001
        former, self._known = self._known, names
        if any(names.get(study_id) != name for study_id, name in former.items()):
            self._forget()
        return names

    def _forget(self) -> None:
        """Forget all: SQLite uses the ids of studies and trials again."""
        with self._lock:
            self._studies.clear()
            self._trial_id_to_study_id_and_number.clear()
            self._study_id_and_number_to_trial_id.clear()
            self._shown.clear()
        self.when_changed()

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """Read a study's trials, told in words."""
        return [self._tell(one) for one in super().get_all_trials(study_id, deepcopy, states)]

    def stored_trials(self, study_id: int) -> list[FrozenTrial]:
        """Read a study's trials as they are stored, and none of one that was there before it."""
        self._notice(super().get_all_studies())
        return super().get_all_trials(study_id, deepcopy=False)

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """Read a trial, told in words."""
        return self._tell(super().get_trial(trial_id))

    def _tell(self, trial: FrozenTrial) -> FrozenTrial:
        trial_id = trial._trial_id  # noqa: SLF001 - Optuna names it nowhere else
        former = self._shown.get(trial_id)
        if former and former[0] is trial:
            return former[1]
        told = shown(trial)
        if trial.state.is_finished():
            self._shown[trial_id] = (trial, told)
        return told


def _identity(study: FrozenStudy) -> str:
    """Tell studies apart: by our own id, which no other ever has; another program's by name."""
    ours: Any = study.user_attrs.get(summaries.STUDY)
    return str(ours["uid"]) if isinstance(ours, dict) and "uid" in ours else study.study_name
