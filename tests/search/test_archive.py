import shutil
from collections.abc import Callable
from typing import NoReturn

import pytest

from search.archive import Archive
from search.errors import StoreError
from search.settings import Settings
from search.spec import StudySpec


def test_a_study_whose_checkpoints_cannot_be_deleted_is_there_still(
    settings: Settings, make_spec: Callable[..., StudySpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: object) -> NoReturn:
        raise PermissionError(13, "Permission denied", str(folder))

    archive = Archive(settings)
    study = archive.create(make_spec(), fingerprint="0" * 64, baselines=(), data_summary={})
    study.folder(settings).mkdir(parents=True)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", refuse)
        with pytest.raises(StoreError, match=r"cannot be deleted: .*Permission denied"):
            archive.delete(study)
    assert archive.find(study.name) is not None
    archive.delete(study)  # nobody holds it
    assert archive.find(study.name) is None
    assert not study.folder(settings).exists()
    archive.close()
