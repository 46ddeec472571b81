"""A study that is read for its report, from what the database holds."""

from typing import Any

import pytest

from search.archive import Archive
from search.errors import StudyDeleted, StudyNotFound, WrongUse
from search.report.reading import read
from tests.search.moods import submitted


def test_a_study_that_is_deleted_while_it_is_read_waits_for_no_server(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.open()
    summary = Archive.summary

    def delete_then(archive: Archive, study: Any, **named: Any) -> Any:
        found = summary(archive, study, **named)
        archive.storage.delete_study(study.id)
        return found

    def delete_before(archive: Archive, study: Any, **named: Any) -> Any:
        archive.storage.delete_study(study.id)
        return summary(archive, study, **named)

    monkeypatch.setattr(Archive, "summary", delete_then)
    assert read(desk.archive(), "small").study.name == "small"
    with pytest.raises(StudyNotFound, match="no study 'small'"):
        read(desk.archive(), "small")
    desk.close()
    desk.open()
    monkeypatch.setattr(Archive, "summary", delete_before)
    with pytest.raises(StudyDeleted, match="'small' was deleted from the database meanwhile"):
        read(desk.archive(), "small")


def test_a_study_that_has_only_been_submitted_is_not_reported(desk: Any, tmp_path: Any) -> None:
    submitted(desk.archive().storage.engine, tmp_path)
    with pytest.raises(WrongUse, match="'moods' waits for a server"):
        read(desk.archive(), "moods")
