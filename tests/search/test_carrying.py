"""Data that travel through the checkpoint store: what comes down is what went up."""

import gzip
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tokenizers import Tokenizer, models

from lstm_attn.config import DataConfig, TaskConfig
from lstm_attn.data import prepare
from lstm_attn.errors import DataError
from search import carrying
from search.carrying import AtHand, at_hand, carried, discard, reader, sweep
from search.checkpoints import at
from search.checkpoints.folder import Folder
from search.errors import Outage, StoreError, UploadLost
from search.settings import Settings
from search.spec import load
from search.uploads import FileCopy, Upload, new_upload
from tests.search.moods import STUDY

TASK = TaskConfig(kind="classification", inputs=("text",), targets=("mood",))


def rows(*words: str) -> str:
    return "text,mood\n" + "".join(f"{word} it was {word},{word}\n" for word in words * 4)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Files of two folders, one linked, and of every sort of name."""
    home = tmp_path / "home" / "me"
    (home / "more" / "[deep]").mkdir(parents=True)
    (home / "studies").mkdir()
    (home / "b.csv").write_text(rows("up", "down"))
    (home / "a[1].csv").write_text(rows("up", "left"))
    (home / "more" / "[deep]" / "b.csv").write_text(rows("down", "left", "up"))
    with gzip.open(home / "more" / "a.csv.gz", "wt") as file:
        file.write(rows("right", "up"))
    (home / "more" / "held.csv").write_text(rows("up", "down", "left"))
    (home / "same.csv").write_text(rows("up", "down"))  # as b.csv, and another file
    (home / "again.csv").symlink_to(home / "b.csv")
    (home / "linked").symlink_to(home / "more")
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "[PAD]": 1, "up": 2, "it": 3}, "[UNK]"))
    tokenizer.save(str(home / "tokenizer.json"))
    return home


@pytest.fixture(params=["folder", "memory"])
def placed(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    there = {"folder": str(tmp_path / "store"), "memory": f"memory://{uuid4().hex}"}
    return settings_at(there[request.param])


def settings_at(place: str) -> Settings:
    return Settings(storage="sqlite:////nowhere.db", checkpoints=place, ray_address=None)


def data_of(home: Path, **data: Any) -> DataConfig:
    lines = [f"data.{key}={value}" for key, value in data.items()]
    (home / "studies" / "moods.toml").write_text(STUDY)
    return load(home / "studies" / "moods.toml", lines).data


def moved_away(home: Path) -> None:
    shutil.move(home.parent, home.parent.with_name("elsewhere"))


def up(data: DataConfig, settings: Settings) -> Upload:
    return carried(new_upload("moods", settings.checkpoints), data, settings)


@pytest.mark.parametrize(
    "data",
    [
        {"train": '"../b.csv"'},
        {"train": '["../same.csv", "../more/a.csv.gz", "../b.csv"]', "validation": 0.3},
        {"train": '"../**/*.csv*"', "validation": '"../more/held.csv"'},
        {"train": '["../a[1].csv", "../more/[[]deep]/*.csv"]', "test": '["../linked/held.csv"]'},
        {"train": '["../again.csv", "../b.csv", "../*.csv"]', "tokenizer": '"../tokenizer.json"'},
        {"train": '"../linked/*"', "validation": '["../b.csv"]', "test": '"../a[[]1].csv"'},
    ],
)
def test_what_is_read_far_from_home_is_what_is_read_there(
    data: dict[str, Any], home: Path, placed: Settings
) -> None:
    named = data_of(home, **data)
    wanted = prepare(named, TASK)
    upload = up(named, placed)
    moved_away(home)
    with pytest.raises(DataError, match="no file"):
        prepare(named, TASK)
    read = reader(upload, placed)(named, TASK)
    assert read.fingerprint == wanted.fingerprint
    normal = {str(said).replace("studies/../", "") for said in wanted.summary.values()}
    assert {str(said) for said in read.summary.values()} == normal
    assert list(read.summary) == list(wanted.summary)


def test_a_private_folder_of_any_name_will_do(
    home: Path, placed: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = data_of(home, train='["../*.csv", "../a[1].csv"]', validation='"../more/nothing*"')
    with pytest.raises(DataError, match=r"no file matches .*/nothing\*"):
        up(named, placed)
    named = data_of(home, train='"../*.csv"')
    upload, wanted = up(named, placed), prepare(named, TASK)
    (tmp_path / "[t]m*p").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "[t]m*p"))
    assert reader(upload, placed)(named, TASK).fingerprint == wanted.fingerprint
    bare = replace(upload, paths={"train": ("/nothing/*.csv",)})
    with pytest.raises(DataError) as told:
        reader(bare, placed)(named, TASK)
    assert "[[]t]" not in str(told.value)
    assert "'/nothing/*.csv'" in str(told.value)


def test_each_content_is_put_once_and_never_again(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_at(str(tmp_path / "store"))
    put: list[str] = []
    write = Folder.write_whole

    def counted(folder: Folder, name: str, content: bytes) -> None:
        put.append(name)
        write(folder, name, content)

    monkeypatch.setattr(Folder, "write_whole", counted)
    named = data_of(home, train='["../b.csv", "../same.csv", "../more/held.csv"]')
    upload = up(named, settings)
    assert len(upload.files) == 3
    assert len(put) == len(set(put)) == 2
    assert carried(upload, named, settings) == upload
    assert len(put) == 2


def test_what_lies_in_the_store_damaged_is_put_again_and_nothing_else(
    home: Path, placed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = data_of(home, train='["../b.csv", "../same.csv", "../more/held.csv"]')
    upload = up(named, placed)
    place = at(upload.address(placed)).inside(upload.folder)
    damaged, _, intact = (f"data-{copy.hash}" for copy in upload.files.values())
    content = place.read(damaged)
    place.write_whole(damaged, content[:-1])
    put: list[str] = []
    write = type(place).write_whole

    def counted(there: Any, name: str, content: bytes) -> None:
        put.append(name)
        write(there, name, content)

    monkeypatch.setattr(type(place), "write_whole", counted)
    assert carried(upload, named, placed) == upload
    assert put == [damaged]
    assert place.read(damaged) == content
    assert reader(upload, placed)(named, TASK).fingerprint == prepare(named, TASK).fingerprint
    assert sorted(place.names()) == sorted([damaged, intact])


def test_a_file_may_have_the_longest_name_there_is(home: Path, placed: Settings) -> None:
    name = "a" * 251 + ".csv"
    (home / name).write_text(rows("up", "down"))
    named = data_of(home, train=f'"../{name}"')
    read = reader(up(named, placed), placed)(named, TASK)
    assert read.fingerprint == prepare(named, TASK).fingerprint


def test_an_upload_that_broke_off_is_gone_on_with(
    home: Path, tmp_path: Path, put: list[str]
) -> None:
    settings = settings_at(str(tmp_path / "store"))
    named = data_of(home, train='["../b.csv", "../more/held.csv"]')
    begun = new_upload("moods", settings.checkpoints)
    with pytest.raises(Outage):
        carried(begun, named, settings)
    with at_hand(begun, settings) as there:
        assert there == AtHand()  # of no use yet
    upload = carried(begun, named, settings)
    assert put == [put[0], put[1], put[1]]
    assert reader(upload, settings)(named, TASK).fingerprint == prepare(named, TASK).fingerprint


def test_what_an_upload_names_no_more_goes_and_then_all(home: Path, placed: Settings) -> None:
    upload = up(data_of(home, train='["../b.csv", "../more/held.csv"]'), placed)
    place = at(upload.address(placed)).inside(upload.folder)
    assert len(place.names()) == 2
    place.write_whole("mine.txt", b"")
    place.write_whole(f"data-{'0' * 64}.part", b"")  # as they were named once
    place.write_whole(f"data-{'0' * 64}.{'1' * 16}.part", b"")
    now = carried(upload, data_of(home, train='"../b.csv"'), placed)
    sweep(now, placed)
    kept = f"data-{next(iter(now.files.values())).hash}"
    assert sorted(place.names()) == [kept, "mine.txt"]
    discard(now, placed)
    assert place.names() == ["mine.txt"]
    place.delete("mine.txt")
    discard(now, placed)
    assert place.names() == []
    assert not Path(str(place)).exists()


def test_files_that_are_gone_or_damaged_are_told_by_name_all_at_once(
    home: Path, placed: Settings
) -> None:
    named = data_of(home, train='["../b.csv", "../more/held.csv", "../a[1].csv"]')
    upload = up(named, placed)
    place = at(upload.address(placed)).inside(upload.folder)
    one, other, _ = (f"data-{copy.hash}" for copy in upload.files.values())
    place.delete(one)
    place.write_whole(other, b"text,mood\nsomebody else,up\n")
    with pytest.raises(UploadLost) as told:
        reader(upload, placed)(named, TASK)
    again = "submit the study again with --with-data"
    assert told.value.problems == (
        f"{home}/b.csv was uploaded and is no longer in {place} - {again}",
        f"{home}/more/held.csv was uploaded and is damaged in {place} - {again}",
    )
    mended = carried(upload, named, placed)
    assert mended == upload
    assert reader(mended, placed)(named, TASK).fingerprint == prepare(named, TASK).fingerprint


def test_a_store_that_is_not_there_has_lost_nothing(home: Path, tmp_path: Path) -> None:
    settings = settings_at(str(tmp_path / "store"))
    named = data_of(home, train='"../b.csv"')
    upload = up(named, settings)
    (tmp_path / "store").rename(tmp_path / "of another machine")
    with pytest.raises(StoreError, match=r"store cannot be read: .* No such file") as told:
        reader(upload, settings)(named, TASK)
    assert not isinstance(told.value, UploadLost)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, dict[str, tuple[int, bytes]]]]:
    """What lies in the private folder when data are read from it."""
    seen: list[tuple[Path, dict[str, tuple[int, bytes]]]] = []

    def look(data: DataConfig, task: TaskConfig) -> Any:
        first = Path(data.train[0])
        folder = next(one for one in first.parents if one.parent.name.startswith("lstm-search-"))
        found = {
            str(one.relative_to(folder)): (
                stat.S_IMODE(one.lstat().st_mode),
                one.read_bytes() if one.is_file() else b"",
            )
            for one in (folder, *folder.rglob("*"))
        }
        seen.append((folder, found))
        return prepare(data, task)

    monkeypatch.setattr(carrying, "prepare", look)
    return seen


def test_what_is_brought_down_is_for_nobody_else_and_gone_once_it_is_read(
    home: Path, placed: Settings, seen: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    named = data_of(home, train='["../b.csv", "../linked/held.csv"]')
    upload = up(named, placed)
    before = os.umask(0)
    try:
        reader(upload, placed)(named, TASK)
    finally:
        os.umask(before)
    [(folder, found)] = seen
    modes = {mode for mode, content in found.values() if content}
    assert modes - {0o777} == {0o600}  # a link's own mode means nothing
    assert {mode for mode, content in found.values() if not content} == {0o700}
    assert not folder.parent.exists()


def test_a_planted_path_leads_nowhere_else(
    home: Path, placed: Settings, seen: Any, tmp_path: Path
) -> None:
    named = data_of(home, train='"../b.csv"')
    upload = up(named, placed)
    [copy] = upload.files.values()
    planted = "/../../../../../../.." + str(tmp_path / "planted.csv")
    upload = replace(
        upload,
        paths={"train": (planted, f"{planted}/../*.csv")},
        files={planted: FileCopy(real=f"/..{planted}", hash=copy.hash)},
    )
    reader(upload, placed)(named, TASK)
    [(_, found)] = seen
    assert str(tmp_path / "planted.csv").lstrip("/") in found
    assert not (tmp_path / "planted.csv").exists()


def test_problems_with_the_data_are_told_as_at_home(home: Path, placed: Settings) -> None:
    (home / "b.csv").write_text("text,mood\n")
    (home / "tokenizer.json").write_text("{}")
    named = data_of(home, train='"../*.csv"', tokenizer='"../tokenizer.json"')
    upload = up(named, placed)
    problems = []
    for read in (prepare, reader(upload, placed)):
        with pytest.raises(DataError) as told:
            read(named, TASK)
        problems.append([one.replace("studies/../", "") for one in told.value.problems])
    assert problems[0] == problems[1]
    assert str(home) in "\n".join(problems[0])


def test_a_path_that_means_two_files_is_refused(
    home: Path, placed: Settings, tmp_path: Path
) -> None:
    (tmp_path / "far" / "studies").mkdir(parents=True)
    (tmp_path / "far" / "b.csv").write_text(rows("up", "down", "left"))
    (home / "elsewhere").symlink_to(tmp_path / "far" / "studies")
    named = data_of(home, train=f'["{home}/b.csv", "{home}/elsewhere/../b.csv"]')
    with pytest.raises(DataError, match=r"is another file than .*/b\.csv"):
        up(named, placed)


def test_a_file_that_cannot_be_read_is_told(
    home: Path, placed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = data_of(home, train='"../b.csv"')

    def refused(*_: Any) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.raises(DataError, match=r"data\.train: .*b\.csv cannot be read, Permission denied"):
        up(named, placed)


@pytest.mark.parametrize(
    ("number", "raised", "told"),
    [(28, Outage, "make room on its disk"), (13, StoreError, "cannot be written")],
)
def test_a_machine_without_room_for_the_data_is_told_and_left_clean(
    number: int,
    raised: type[Exception],
    told: str,
    home: Path,
    placed: Settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    named = data_of(home, train='"../b.csv"')
    upload = up(named, placed)
    fails: Callable[..., None] = lambda *_: (_ for _ in ()).throw(OSError(number, "no"))  # noqa: E731
    monkeypatch.setattr(carrying, "make_private", fails)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    with pytest.raises(raised, match=told):
        reader(upload, placed)(named, TASK)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_what_a_killed_reader_has_left_goes_when_data_are_at_hand_the_next_time(
    home: Path, placed: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    named = data_of(home, train='"../b.csv"')
    upload = up(named, placed)
    left = tmp_path / "tmp" / "lstm-search-killed"
    (left / "files").mkdir(parents=True)
    (left / "lock").touch()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    reader(upload, placed)(named, TASK)
    assert list((tmp_path / "tmp").iterdir()) == []
