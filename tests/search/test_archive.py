from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import pytest
from optuna.storages import RDBStorage
from optuna.study import StudyDirection

from search.archive import Archive
from search.errors import StoreError, StudyDeleted
from search.settings import Settings
from search.spec import StudySpec
from search.versions import PACKAGES


def delete_before(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """Let another delete the study just before the database is asked something."""
    asked = getattr(RDBStorage, method)

    def ask(storage: RDBStorage, study_id: int, *given: Any, **named: Any) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(RDBStorage, method, asked)
            storage.delete_study(study_id)
            return asked(storage, study_id, *given, **named)

    monkeypatch.setattr(RDBStorage, method, ask)


@pytest.mark.parametrize("method", ["get_study_user_attrs", "get_all_trials"])
def test_a_study_that_is_deleted_while_it_is_looked_up_is_not_there(
    method: str, desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.open()
    archive = desk.archive()
    if method == "get_all_trials":  # of one whose creation was cut short
        archive.storage.create_new_study([StudyDirection.MINIMIZE], "cut-short")
    name = "cut-short" if method == "get_all_trials" else "small"
    delete_before(monkeypatch, method)
    assert archive.find(name) is None


def test_a_study_remembers_each_version_it_was_launched_with(
    settings: Settings, make_spec: Callable[..., StudySpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive(settings)
    study = archive.create(make_spec(), fingerprint="0" * 64, baselines=(), data_summary={})
    archive.update(study)
    first = archive.get(study.name).versions
    assert [one["torch"] for one in first] == [version("torch")]
    assert set(first[0]) == {"python", *PACKAGES}
    monkeypatch.setattr("platform.python_version", lambda: "4.0")
    archive.update(archive.get(study.name))
    assert archive.get(study.name).versions == (*first, {**first[0], "python": "4.0"})


def test_a_study_whose_checkpoints_cannot_be_deleted_is_there_still(
    settings: Settings, make_spec: Callable[..., StudySpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    archive = Archive(settings)
    study = archive.create(make_spec(), fingerprint="0" * 64, baselines=(), data_summary={})
    place = study.place(settings)
    place.make()
    state = "state-00000-00001-000000-g0001-0123456789abcdef.pt"
    place.write_whole(state, b"")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        with pytest.raises(StoreError, match=r"cannot be deleted from: .*Permission denied"):
            archive.delete(study)
    assert archive.find(study.name) is not None
    archive.delete(study)
    assert archive.find(study.name) is None
    assert not Path(str(place)).exists()
    archive.close()


@pytest.mark.parametrize(
    "use",
    [
        lambda archive, study: archive.update(study),
        lambda archive, study: archive.summary(study),
        lambda archive, study: archive.threads(study, 0),
        lambda archive, study: archive.test_scores(study),
        lambda archive, study: archive.keep_test_scores(study, {0: 1.0}),
    ],
)
def test_a_study_that_was_deleted_meanwhile_is_said_to_be(use: Any, desk: Any) -> None:
    desk.open().ask()
    archive, study = desk.archive(), desk.stored()
    archive.storage.delete_study(study.id)
    with pytest.raises(
        StudyDeleted, match=r"^study 'small' was deleted from the database meanwhile$"
    ):
        use(archive, study)


def test_test_scores_of_a_study_that_is_deleted_while_they_are_kept_are_told_so(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.open()
    archive, study = desk.archive(), desk.stored()
    read = Archive.test_scores

    def delete_then(archive: Archive, study: Any) -> Any:
        found = read(archive, study)
        archive.storage.delete_study(study.id)
        return found

    monkeypatch.setattr(Archive, "test_scores", delete_then)
    with pytest.raises(StudyDeleted, match="'small' was deleted"):
        archive.keep_test_scores(study, {0: 1.0})
