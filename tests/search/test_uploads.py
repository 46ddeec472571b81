"""What the database knows of uploaded data."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from search.archive import Archive
from search.errors import StorageError
from search.settings import Settings
from search.uploads import FileCopy, Upload, Uploads, new_upload

HASH = "0123456789abcdef" * 4
PATHS = {"train": ("/home/a.csv", "/home/*.csv"), "tokenizer": ("/home/t.json",)}
FILES = {"/home/a.csv": FileCopy(real="/mnt/a.csv", hash=HASH)}


@pytest.fixture
def archive(each_database: Settings) -> Iterator[Archive]:
    archive = Archive(each_database)
    yield archive
    archive.close()


@pytest.fixture
def uploads(archive: Archive) -> Uploads:
    return Uploads(archive.storage.engine)


def test_what_was_kept_comes_back_and_is_replaced_and_forgotten(
    uploads: Uploads, archive: Archive
) -> None:
    assert uploads.find("moods") is None
    begun = new_upload("moods", None)
    other = new_upload("other", "s3://bucket/folder")
    uploads.keep(begun)
    uploads.keep(other)
    assert (uploads.find("moods"), uploads.find("other")) == (begun, other)
    whole = replace(begun, paths=PATHS, files=FILES)
    uploads.keep(whole)
    assert uploads.find("moods") == archive.upload("moods") == whole
    uploads.forget(whole)
    assert (uploads.find("moods"), uploads.find("other")) == (None, other)


def test_data_that_do_not_count_are_known_until_they_are_forgotten(uploads: Uploads) -> None:
    assert uploads.aside("moods") == []
    first, second, other = (new_upload("moods", place) for place in (None, "s3://b/f", None))
    uploads.put_aside(first)
    uploads.put_aside(first)
    assert (uploads.find("moods"), uploads.aside("moods")) == (None, [first])
    uploads.keep(replace(first, paths=PATHS, files=FILES))
    assert uploads.aside("moods") == []
    uploads.keep(second)
    uploads.keep(second)  # anew, in the same folder
    assert (uploads.find("moods"), uploads.aside("moods")) == (second, [first])
    uploads.keep(other)
    uploads.put_aside(other)
    assert uploads.find("moods") is None
    assert {one.folder for one in uploads.aside("moods")} == {
        one.folder for one in (first, second, other)
    }
    assert uploads.aside("other") == []
    uploads.forget(second)
    assert second not in uploads.aside("moods")
    assert len(uploads.aside("moods")) == 2


def test_no_two_uploads_share_a_folder() -> None:
    one, other = new_upload("moods", None), new_upload("moods", None)
    assert one.folder != other.folder


def test_an_upload_lies_where_it_was_put_or_beside_the_database(settings: Settings) -> None:
    beside = settings.storage.removeprefix("sqlite:///").replace("studies.db", "checkpoints")
    elsewhere = replace(settings, checkpoints="/elsewhere")
    assert new_upload("moods", None).address(elsewhere) == beside
    assert new_upload("moods", "/there").address(elsewhere) == "/there"


@pytest.mark.parametrize(
    ("column", "planted"),
    [
        ("folder", "../../other-data-0123456789abcdef"),
        ("folder", "other-data-0123456789abcdef"),
        ("folder", "moods-0123abcd"),
        ("place", "relative/folder"),
        ("place", "s3://bucket/folder?key=secret"),
        ("paths", '{"train": ["a.csv"]}'),
        ("paths", '{"format": ["/a.csv"]}'),
        ("paths", '["/a.csv"]'),
        ("files", '{"/a.csv": ["/a.csv", "../../0123456789abcdef"]}'),
        ("files", '{"/a.csv": ["a.csv", "' + HASH + '"]}'),
        ("files", '{"/a.csv": ["/a.csv"]}'),
        ("files", '{"/a\\u0000.csv": ["/a.csv", "' + HASH + '"]}'),
        ("files", "no JSON"),
    ],
)
def test_what_somebody_has_planted_is_refused(
    column: str, planted: str, settings: Settings, tmp_path: Path
) -> None:
    archive = Archive(settings)
    uploads = Uploads(archive.storage.engine)
    uploads.keep(Upload(study="moods", place=None, folder="moods-data-0123456789abcdef"))
    free = archive.storage.engine.execution_options(unfenced=True)
    with free.begin() as connection:
        change = f"UPDATE study_upload SET {column} = :planted"
        connection.execute(sa.text(change), {"planted": planted})
    with pytest.raises(StorageError, match="uploaded data of study 'moods' are not written as"):
        uploads.find("moods")
    archive.close()
