"""An object store: what its drivers raise is told in our words, and a study lives in it."""

import errno
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from search import operations
from search.addresses import address
from search.archive import opened
from search.checkpoints import at, checkpoints, drivers
from search.checkpoints.bucket import Bucket
from search.checkpoints.files import name_of
from search.errors import Outage, StoreError, WrongUse
from search.records import Blocked, Fact, Unblocked
from search.settings import Settings, read
from tests.search.moods import MOODS, STUDY


class ClientError(Exception):
    """As botocore raises it."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(f"An error occurred ({code})\nand more")
        self.response = {
            "Error": {"Code": code},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }


class HttpError(Exception):
    """As gcsfs raises it."""

    def __init__(self, code: int) -> None:
        super().__init__(f"status {code}")
        self.code = code


class NoCredentialsError(Exception):
    """As botocore raises it."""


class EndpointConnectionError(Exception):
    """As botocore raises it."""


NoCredentialsError.__module__ = "botocore.exceptions"
EndpointConnectionError.__module__ = "botocore.exceptions"
EndpointConnectionError.__qualname__ = "ConnectionError"


def caused(outer: Exception, inner: Exception) -> Exception:
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("error", "kind", "advice"),
    [
        (OSError(errno.ENOSPC, "full"), Outage, "make room in it"),
        (ClientError("QuotaExceeded", 403), Outage, "make room in it"),
        (HttpError(507), Outage, "make room in it"),
        (TimeoutError("slow"), Outage, "see that it is up"),
        (ConnectionResetError("reset"), Outage, "see that it is up"),
        (OSError(errno.EBUSY, "slow down"), Outage, "see that it is up"),
        (ClientError("SlowDown", 503), Outage, "see that it is up"),
        (HttpError(429), Outage, "see that it is up"),
        (EndpointConnectionError("no answer"), Outage, "see that it is up"),
        (caused(OSError(errno.EIO, "input"), ClientError("X", 500)), Outage, "see that it is up"),
        (ClientError("NoSuchBucket", 404), StoreError, "see that the bucket is there"),
        (FileNotFoundError("no bucket"), StoreError, "see that the bucket is there"),
        (PermissionError("Access Denied"), StoreError, "check the credentials"),
        (ClientError("AccessDenied", 403), StoreError, "check the credentials"),
        (NoCredentialsError("none"), StoreError, "check the credentials"),
        (ValueError("odd"), StoreError, "name another place"),
    ],
)
def test_an_error_is_waited_for_where_it_may_go_away_by_itself(
    error: Exception, kind: type[Exception], advice: str
) -> None:
    told = drivers.trouble("s3://mine/of", "written", error)
    assert type(told) is kind
    assert str(told).startswith("the checkpoint store s3://mine/of cannot be written: ")
    assert f" - {advice}" in str(told)
    assert "\n" not in str(told)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("cannot connect to http://me:s3cret@proxy:80/x", "to http://proxy:80/x"),
        ("no answer from https://a/b?X-Amz-Signature=s3cret&x=1 yet", "from https://a/b yet"),
    ],
)
def test_what_opens_a_url_in_a_drivers_words_is_not_told(said: str, told: str) -> None:
    line = str(drivers.trouble("s3://mine", "read", OSError(said)))
    assert told in line
    assert "s3cret" not in line


@pytest.mark.parametrize("kind", ["s3", "gs"])
def test_what_is_not_installed_is_told_with_its_cure(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacks(*_: Any, **__: Any) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec, "filesystem", lacks)
    cure = rf"{kind}:// needs isn't installed - pip install 'lstm-attn-search\[{kind}\]'"
    with pytest.raises(WrongUse, match=cure):
        at(f"{kind}://mine")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            TimeoutError("no answer"),
            (Outage, "the checkpoint store s3://mine cannot be .*: no ans"),
        ),
        (PermissionError("denied"), (WrongUse, "--checkpoints: the checkpoint store .*: denied")),
    ],
)
def test_a_store_that_cannot_be_listed_or_loaded_is_told_as_what_may_go_away_or_may_not(
    error: Exception, told: tuple[type[Exception], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        def invalidate_cache(self) -> None:
            pass

        def ls(self, *_: Any, **__: Any) -> None:
            raise error

    def refuses(*_: Any, **__: Any) -> None:
        raise error

    kind, line = told
    with pytest.raises(kind, match=line):
        Bucket("s3://mine", Away()).check()
    monkeypatch.setattr(fsspec, "filesystem", refuses)
    with pytest.raises(kind, match=line):
        at("s3://mine")


@pytest.mark.parametrize(
    ("given", "settled"),
    [
        ("c", "/here/c"),
        ("/c/../d", "/d"),
        ("file:///c", "/c"),
        ("s3://mine", "s3://mine"),
        ("S3A://mine//of/me/", "s3://mine/of/me"),
        ("gcs://mine/of", "gs://mine/of"),
        ("abfs://mine/of", "az://mine/of"),
    ],
)
def test_a_place_is_settled_where_it_is_given(given: str, settled: str) -> None:
    assert address(given, Path("/here")) == settled
    assert read({}, folder=Path("/here"), checkpoints=given).checkpoints == settled
    assert read({"LSTM_SEARCH_CHECKPOINTS": given}, folder=Path("/here")).checkpoints == settled


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("ftp://mine", "got a 'ftp' URL"),
        ("http://mine/of", "got a 'http' URL"),
        ("key:s3cret@s3://mine", "got a URL of no kind that is known"),
        ("s3:/mine/s3cret", "got a URL without its //"),
        ("S3:mine", "got a URL without its //"),
        ("s3://", "use s3://BUCKET/FOLDER"),
        ("s3:///of", "use s3://BUCKET/FOLDER"),
        ("s3://mine/../of", "use s3://BUCKET/FOLDER"),
        ("s3://key:s3cret@mine", "give credentials by environment"),
        ("s3://mine?secret=s3cret", "give credentials by environment"),
        ("gs://mine#s3cret", "give credentials by environment"),
    ],
)
def test_what_is_no_place_is_refused_and_no_secret_told(given: str, said: str) -> None:
    with pytest.raises(WrongUse, match=f"^--checkpoints: .*{said}") as refused:
        address(given, Path("/here"))
    assert "s3cret" not in str(refused.value)


def test_a_place_that_no_database_could_hold_is_refused() -> None:
    with pytest.raises(WrongUse, match=r"^--checkpoints: /here/o\\udcff has bytes that are no"):
        read({}, folder=Path("/here"), checkpoints="o\udcff")


@pytest.mark.parametrize(
    "planted",
    ["relative", "", "ftp://mine", "local:///etc", "simplecache::memory://a", "s3://k:s@m"],
)
def test_an_address_that_nobody_has_settled_leads_nowhere(planted: str) -> None:
    with pytest.raises(WrongUse, match=r"^--checkpoints: what is stored names no place"):
        at(planted)


@pytest.fixture
def study(tmp_path: Path, settings: Settings) -> tuple[Path, Settings]:
    (tmp_path / "a.csv").write_text(MOODS)
    (tmp_path / "moods.toml").write_text(STUDY)
    place = f"memory://{uuid4().hex}/mine"
    return tmp_path / "moods.toml", Settings(
        storage=settings.storage, checkpoints=place, ray_address=None
    )


@pytest.mark.slow
def test_a_study_keeps_its_best_in_an_object_store_and_is_exported_and_deleted_from_there(
    study: tuple[Path, Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, settings = study
    launched = operations.launch(file, settings, watch=lambda _: None, trials=4, slots=1)
    assert launched.study.finished == 4
    with opened(settings) as archive:
        stored = archive.get("moods")
    assert stored.checkpoints == settings.checkpoints
    kept = checkpoints(stored.place(settings))
    assert {one.kind for one in kept} == {"weights"}
    elsewhere = Settings(storage=settings.storage, checkpoints=None, ray_address=None)
    [exported] = operations.export(elsewhere, "moods", to=tmp_path / "out")
    best = launched.study.leaders[0]
    assert (exported.number, exported.verified) == (best.number, pytest.approx(best.value))
    there = str(tmp_path / "c")
    moved = Settings(storage=settings.storage, checkpoints=there, ray_address=None)
    with pytest.raises(WrongUse, match=r"'moods' has 4 checkpoints in memory://.* leave the opt"):
        operations.launch(file, moved, watch=lambda _: None, trials=5)
    seen: list[Fact] = []
    with monkeypatch.context() as patch:
        listed = MemoryFileSystem.ls
        answers = iter([TimeoutError("no answer")])

        def ls(*given: Any, **named: Any) -> Any:
            for away in answers:
                raise away
            return listed(*given, **named)

        patch.setattr(MemoryFileSystem, "ls", ls)
        launched = operations.launch(file, elsewhere, watch=seen.append, trials=4)
    assert not launched.fresh
    assert [type(fact) for fact in seen] == [Blocked, Unblocked]
    operations.delete(elsewhere, "moods")
    assert checkpoints(stored.place(settings)) == []
    assert not (tmp_path / "checkpoints").exists()


def test_a_study_of_before_lies_beside_its_database(settings: Settings, desk: Any) -> None:
    desk.open()
    with opened(settings) as archive:
        attribute = archive.storage.get_study_user_attrs(desk.study.id)["lstm_attn_search"]
        del attribute["checkpoints"]
        archive.storage.set_study_user_attr(desk.study.id, "lstm_attn_search", attribute)
        old = archive.get("small")
    anywhere = Settings(storage=settings.storage, checkpoints=None, ray_address=None)
    folder = Path(settings.storage.removeprefix("sqlite:///")).parent / "checkpoints"
    assert str(old.place(anywhere)) == f"{folder}/small-{old.uid[:8]}"


@pytest.fixture
def moved(tmp_path: Path, settings: Settings, desk: Any) -> Any:
    """A study with a checkpoint, whose folder has become a link to another disk since."""
    old, new = tmp_path / "old", tmp_path / "new"
    given = Settings(storage=settings.storage, checkpoints=str(old), ray_address=None)
    desk.settings = given
    desk.open()
    desk.close()
    place = desk.study.place(given)
    place.make()
    place.write_whole(name_of("state", number=0, epoch=1, step=0, generation=1, content=b""), b"")
    old.rename(new)
    old.symlink_to(new)
    return given


@pytest.mark.parametrize("given", [None, "old", "new"])
def test_a_folder_that_has_become_a_link_is_the_same_place(
    given: str | None, moved: Settings, tmp_path: Path
) -> None:
    settings = read({}, folder=tmp_path, storage=moved.storage, checkpoints=given)
    with opened(settings) as archive:
        study = archive.get("small")
        study.check_place(settings)
        assert len(checkpoints(study.place(settings))) == 1


def test_a_study_is_not_deleted_without_its_checkpoints(moved: Settings, tmp_path: Path) -> None:
    elsewhere = read({}, folder=tmp_path, storage=moved.storage, checkpoints="elsewhere")
    with pytest.raises(WrongUse, match=r"'small' has 1 checkpoints in .*/old/small-.* leave the"):
        operations.delete(elsewhere, "small")
    operations.delete(moved, "small")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_copy_that_is_named_is_deleted_alone(moved: Settings, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "new", tmp_path / "copy")
    copy = read({}, folder=tmp_path, storage=moved.storage, checkpoints="copy")
    operations.delete(copy, "small")
    assert list((tmp_path / "copy").iterdir()) == []
    assert len(list((tmp_path / "new").iterdir())) == 1
