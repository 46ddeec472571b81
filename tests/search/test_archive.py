from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from search.archive import Archive
from search.errors import StoreError
from search.settings import Settings
from search.spec import StudySpec


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
