"""A study that is submitted with its data, and servers that have none of them."""

import io
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from lstm_attn.data import prepare
from lstm_attn.errors import DataError
from search import lease, operations
from search.archive import opened
from search.checkpoints import at
from search.checkpoints.bucket import Bucket
from search.checkpoints.folder import Folder
from search.errors import Outage, SpecChanged, StoreError, StudyElsewhere, StudyNotFound
from search.launch import same
from search.records import Ending, Launched
from search.server import coordinating
from search.server.coordinating import coordinate
from search.settings import Settings
from search.spec import load
from search.submissions import Submissions
from search.uploads import Upload, Uploads
from tests.search.moods import MOODS
from tests.search.server.stored import store_study, write

OTHERS = "text,mood\n" + "it was fine,up\nit was sad,down\n" * 10


@pytest.fixture(params=["folder", "beside", "memory"])
def there(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Settings:
    """Settings of who submits, for each sort of place."""
    places = {"folder": str(tmp_path / "c"), "beside": None, "memory": f"memory://{uuid4().hex}"}
    return replace(settings, checkpoints=places[request.param])


@pytest.fixture
def orders() -> Iterator[int]:
    reader, writer = os.pipe()
    os.close(writer)
    yield reader
    os.close(reader)


@pytest.fixture
def served(
    orders: int, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Settings], list[dict[str, Any]]]:
    """Have a server's coordinator read the data, as far as a launch needs no Ray."""

    def launch(file: Any, settings: Settings, *, read: Any, **_: Any) -> Launched:
        data = read(file.data, file.task)
        with opened(settings) as archive:
            if study := archive.find(file.name):
                same(file, study, data, archive)
            else:
                write(archive, file, data)
            summary = archive.summary(archive.get(file.name))
        return Launched(ending=Ending.SPENT, study=summary, fresh=True)

    monkeypatch.setattr(coordinating, "launch", launch)

    def serve(settings: Settings) -> list[dict[str, Any]]:
        out = io.StringIO()
        coordinate(settings, "moods", orders, out)
        return [json.loads(line) for line in out.getvalue().splitlines()]

    return serve


SPENT = [{"event": "ended", "ending": "spent"}]


def upload_of(settings: Settings) -> Upload | None:
    with opened(settings) as archive:
        return archive.upload("moods")


def aside_of(settings: Settings) -> list[Upload]:
    with opened(settings) as archive:
        return Uploads(archive.storage.engine).aside("moods")


def files_of(upload: Upload, settings: Settings) -> list[str]:
    return at(upload.address(settings)).inside(upload.folder).names()


def stored(settings: Settings) -> list[str]:
    """List the files that lie in the store of a study's data."""
    upload = upload_of(settings)
    assert upload is not None
    return files_of(upload, settings)


def test_a_server_without_the_data_reads_what_was_uploaded(
    there: Settings, study_file: Path, served: Any, tmp_path: Path
) -> None:
    named = load(study_file)
    fingerprint = prepare(named.data, named.task).fingerprint
    assert operations.submit(study_file, there, with_data=True).data_checked
    (tmp_path / "a.csv").unlink()
    server = replace(there, checkpoints=str(tmp_path / "of the server"))
    assert served(server) == SPENT
    with opened(there) as archive:
        study = archive.get("moods")
        assert study.fingerprint == fingerprint
        assert study.spec.data == named.data  # no path of a server's, nor of a store's
        assert [one.given for one in Submissions(archive.storage.engine).all()] == [named.given]
    assert served(server) == SPENT  # begun again, it is the same study


def test_without_its_data_a_server_says_what_is_missing(
    there: Settings, study_file: Path, served: Any, tmp_path: Path
) -> None:
    operations.submit(study_file, there)
    (tmp_path / "a.csv").unlink()
    [said] = served(there)
    assert (said["error"], len(said["problems"])) == ("DataError", 1)
    (tmp_path / "a.csv").write_text(MOODS)
    operations.submit(study_file, there, with_data=True)
    upload = upload_of(there)
    assert upload
    [name] = stored(there)
    place = at(upload.address(there)).inside(upload.folder)
    place.delete(name)
    [said] = served(there)
    line = f"{tmp_path}/a.csv was uploaded and is no longer in {place}"
    cure = "submit the study again with --with-data"
    assert said == {"event": "failed", "error": "UploadLost", "problems": [f"{line} - {cure}"]}
    operations.submit(study_file, there, with_data=True)
    assert served(there) == SPENT


def test_data_that_are_not_here_cannot_be_uploaded(settings: Settings, study_file: Path) -> None:
    with pytest.raises(DataError, match=r"no file '/of/the/server/a\.csv'"):
        operations.submit(
            study_file,
            settings,
            overrides=['data.train="/of/the/server/a.csv"'],
            with_data=True,
        )
    assert upload_of(settings) is None


def test_submitted_again_with_other_data_those_before_are_deleted(
    there: Settings, study_file: Path, served: Any, tmp_path: Path
) -> None:
    operations.submit(study_file, there, with_data=True)
    before = upload_of(there)
    [first] = stored(there)
    (tmp_path / "a.csv").write_text(OTHERS)
    operations.submit(study_file, there, with_data=True)
    after = upload_of(there)
    assert before
    assert after
    assert before.folder == after.folder
    [second] = stored(there)
    assert first != second
    (tmp_path / "a.csv").write_text(MOODS)  # the server's own are others
    assert served(there) == SPENT
    with pytest.raises(SpecChanged, match="data: its content has changed"):
        operations.submit(study_file, there, with_data=True)
    assert stored(there) == [second]


def test_submitted_to_another_place_the_data_move_there(
    settings: Settings, study_file: Path, tmp_path: Path, served: Any
) -> None:
    operations.submit(study_file, settings, with_data=True)
    old = upload_of(settings)
    assert old
    moved = replace(settings, checkpoints=f"memory://{uuid4().hex}")
    operations.submit(study_file, moved, with_data=True)
    new = upload_of(moved)
    assert new
    assert at(old.address(settings)).inside(old.folder).names() == []
    assert new.place == moved.checkpoints
    nowhere = replace(settings, checkpoints=None)
    operations.submit(study_file, nowhere, with_data=True)  # where they are already
    assert upload_of(nowhere) == new
    (tmp_path / "a.csv").unlink()
    assert served(nowhere) == SPENT


def test_data_that_move_count_where_they_were_until_all_are_where_they_go(
    settings: Settings, study_file: Path, tmp_path: Path, served: Any, monkeypatch: Any
) -> None:
    operations.submit(study_file, settings, with_data=True)
    old = upload_of(settings)
    assert old
    moved = replace(settings, checkpoints=f"memory://{uuid4().hex}")
    held = f"data.validation='{tmp_path}/held.csv'"
    (tmp_path / "held.csv").write_text(OTHERS)
    away = str(at(str(moved.checkpoints)))
    with monkeypatch.context() as broken:
        write, put = Bucket.write_whole, iter([None])

        def breaks_off(place: Bucket, name: str, content: bytes) -> None:
            for _ in put:
                return write(place, name, content)
            raise Outage("the store is full")

        broken.setattr(Bucket, "write_whole", breaks_off)
        with pytest.raises(Outage):
            operations.submit(study_file, moved, overrides=[held], with_data=True)
    (tmp_path / "a.csv").rename(tmp_path / "b.csv")
    assert served(settings) == SPENT  # as it was submitted first
    [begun] = aside_of(settings)
    assert (upload_of(settings), begun.place, len(files_of(begun, moved))) == (old, away, 1)
    (tmp_path / "b.csv").rename(tmp_path / "a.csv")
    operations.submit(study_file, moved, with_data=True)  # goes on with what is there
    now = upload_of(moved)
    assert now
    assert (now.folder, now.place, aside_of(moved)) == (begun.folder, away, [])
    assert files_of(old, settings) == []
    assert len(files_of(now, moved)) == 1


def test_a_move_that_broke_off_is_deleted_with_its_study(
    settings: Settings, study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    operations.submit(study_file, settings, with_data=True)
    old = upload_of(settings)
    moved = replace(settings, checkpoints=f"memory://{uuid4().hex}")
    keep = Uploads.keep

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Uploads, "keep", killed)
    with pytest.raises(KeyboardInterrupt):
        operations.submit(study_file, moved, with_data=True)
    monkeypatch.setattr(Uploads, "keep", keep)
    [begun] = aside_of(settings)
    assert old
    assert len(files_of(begun, settings)) == len(files_of(old, settings)) == 1
    operations.delete(settings, "moods")
    assert files_of(begun, settings) == files_of(old, settings) == aside_of(settings) == []


def submitted_bare(settings: Settings, study_file: Path) -> None:
    operations.submit(study_file, settings)


def submitted_with_others(settings: Settings, study_file: Path) -> None:
    (study_file.parent / "a.csv").write_text(OTHERS)
    operations.submit(study_file, settings, with_data=True)


def submitted_elsewhere(settings: Settings, study_file: Path) -> None:
    there = replace(settings, checkpoints=f"memory://{uuid4().hex}")
    operations.submit(study_file, there, with_data=True)


def deleted(settings: Settings, _: Path) -> None:
    operations.delete(settings, "moods")


@pytest.mark.parametrize(
    "change", [submitted_bare, submitted_with_others, submitted_elsewhere, deleted]
)
def test_data_that_somebody_else_has_deleted_meanwhile_do_not_count(
    change: Callable[[Settings, Path], None],
    settings: Settings,
    study_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    served: Any,
    tmp_path: Path,
) -> None:
    there = replace(settings, checkpoints=f"memory://{uuid4().hex}")
    (tmp_path / "held.csv").write_text(OTHERS + "it was so,up\n")
    over = [f"data.validation='{tmp_path}/held.csv'"]
    write, began = Bucket.write_whole, []

    def slow(place: Bucket, name: str, content: bytes) -> None:
        write(place, name, content)
        if not began:
            began.append(place)
            change(there, study_file)

    monkeypatch.setattr(Bucket, "write_whole", slow)
    with pytest.raises(StoreError, match="somebody else has just submitted or deleted it - submit"):
        operations.submit(study_file, there, overrides=over, with_data=True)
    now = upload_of(there)
    if now:
        wanted = {f"data-{one.hash}" for one in now.files.values()}
        assert wanted <= set(files_of(now, there))
    known = [*aside_of(there), *([now] if now else [])]
    assert any(str(began[0]).endswith(one.folder) for one in known) or not began[0].names()
    (tmp_path / "a.csv").write_text(MOODS)
    operations.submit(study_file, there, overrides=over, with_data=True)
    for name in ("a.csv", "held.csv"):
        (tmp_path / name).unlink()
    assert served(there) == SPENT


@pytest.mark.parametrize("with_data", [False, True])
def test_former_data_go_once_the_study_waits_anew_and_if_they_are_out_of_reach_later(
    with_data: bool, settings: Settings, study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    operations.submit(study_file, settings, with_data=True)
    old = upload_of(settings)
    assert old
    moved = replace(settings, checkpoints=f"memory://{uuid4().hex}")
    queued = []

    def away(folder: Folder, name: str) -> None:
        with opened(settings) as archive:
            queued.extend(Submissions(archive.storage.engine).all())
        raise Outage("the old store is away")

    with monkeypatch.context() as broken:
        broken.setattr(Folder, "delete", away)
        operations.submit(study_file, moved, with_data=with_data)
    assert [one.checkpoints for one in queued] == [moved.checkpoints]
    assert upload_of(settings) != old
    assert [one.folder for one in aside_of(settings)] == [old.folder]
    operations.submit(study_file, moved, with_data=with_data)
    assert (aside_of(settings), files_of(old, settings)) == ([], [])


def test_submitted_again_without_data_those_of_a_study_that_has_begun_still_count(
    settings: Settings, study_file: Path, served: Any, tmp_path: Path
) -> None:
    operations.submit(study_file, settings, with_data=True)
    store_study(settings, study_file)
    (tmp_path / "a.csv").unlink()
    with pytest.raises(DataError):  # its folder is here, and no data in it
        operations.submit(study_file, settings, trials=12)
    (tmp_path / "a.csv").write_text(MOODS)
    operations.submit(study_file, settings, trials=12)
    (tmp_path / "a.csv").unlink()
    assert len(stored(settings)) == 1
    assert served(settings) == SPENT


def test_submitted_again_without_data_those_of_a_study_that_only_waited_are_dropped(
    there: Settings, study_file: Path, served: Any, tmp_path: Path
) -> None:
    operations.submit(study_file, there, with_data=True)
    upload = upload_of(there)
    assert upload
    operations.submit(study_file, there)
    assert upload_of(there) is None
    assert at(upload.address(there)).inside(upload.folder).names() == []
    (tmp_path / "a.csv").unlink()
    assert served(there)[0]["error"] == "DataError"


def test_a_study_whose_file_names_other_data_now_does_not_get_those_that_were_uploaded(
    settings: Settings, study_file: Path, served: Any, tmp_path: Path
) -> None:
    operations.submit(study_file, settings, with_data=True)
    store_study(settings, study_file)
    away = ['data.train="/of/the/server/a.csv"']
    operations.submit(study_file, settings, overrides=away)
    [said] = served(settings)
    assert "no file '/of/the/server/a.csv'" in said["problems"][0]


@pytest.mark.parametrize("begun", [False, True])
def test_a_deleted_study_leaves_no_data(begun: bool, there: Settings, study_file: Path) -> None:
    operations.submit(study_file, there, with_data=True)
    upload = upload_of(there)
    assert upload
    if begun:
        store_study(there, study_file)
    operations.delete(there, "moods")
    assert upload_of(there) is None
    place = at(upload.address(there)).inside(upload.folder)
    assert place.names() == []
    assert not Path(str(place)).exists()
    with pytest.raises(StudyNotFound):
        operations.delete(there, "moods")


def test_a_study_that_runs_keeps_its_data(settings: Settings, study_file: Path) -> None:
    operations.submit(study_file, settings, with_data=True)
    store_study(settings, study_file)
    with opened(settings) as archive:
        held = lease.acquire(archive.storage.engine, "moods")
        held.renew()
        with pytest.raises(StudyElsewhere):
            operations.delete(settings, "moods")
        held.release()
    assert len(stored(settings)) == 1


def test_an_upload_that_broke_off_is_deleted_with_its_study_even_in_a_second_try(
    settings: Settings,
    study_file: Path,
    put: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    held = f"data.validation='{tmp_path}/held.csv'"
    (tmp_path / "held.csv").write_text(OTHERS)
    with pytest.raises(Outage):
        operations.submit(study_file, settings, overrides=[held], with_data=True)
    assert len(put) == 2
    with opened(settings) as archive:
        assert Submissions(archive.storage.engine).all() == []
    [upload] = aside_of(settings)
    assert upload_of(settings) is None
    assert len(files_of(upload, settings)) == 1
    with monkeypatch.context() as broken:

        def stuck(*_: Any) -> None:
            raise Outage("the store is away")

        broken.setattr(Folder, "delete", stuck)
        with pytest.raises(Outage):
            operations.delete(settings, "moods")
    assert len(files_of(upload, settings)) == 1
    operations.delete(settings, "moods")
    assert aside_of(settings) == []
    assert not (Path(upload.address(settings)) / upload.folder).exists()


def test_two_studies_of_one_store_do_not_delete_each_others_data(
    settings: Settings, study_file: Path
) -> None:
    for name in ("moods", "moods-data"):
        operations.submit(study_file, settings, name=name, with_data=True)
    operations.delete(settings, "moods-data")
    assert len(stored(settings)) == 1
    with opened(settings) as archive:
        assert Uploads(archive.storage.engine).find("moods-data") is None
