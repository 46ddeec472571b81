"""A folder as a store: whole files or none, whatever step of writing fails."""

import errno
import io
import os
from pathlib import Path
from typing import Any

import pytest

from search.checkpoints import Store, at, checkpoints
from search.checkpoints.folder import Folder, write_whole
from search.errors import Outage, StoreError, WrongUse


class Bytes:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def fetch(self) -> bytes:
        return self.content


def store_in(folder: Path) -> Store:
    return Store(Folder(folder), generation=1, keep=2, may_delete=lambda: True)


def names(folder: Path) -> list[tuple[str, int, int]]:
    return [(c.kind, c.number, c.epoch) for c in checkpoints(Folder(folder))]


def test_a_checkpoint_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    store = store_in(tmp_path)
    monkeypatch.setattr("search.checkpoints.folder.write_whole", refuses)
    store.keep_state(0, epoch=1, step=0, payload=Bytes(b"s"))
    store.close()
    with pytest.raises(StoreError, match="Read-only"):
        store.check()


WRITES = [("Path", "open"), ("os", "fchmod"), ("os", "fsync"), ("Path", "replace"), ("os", "open")]


@pytest.mark.parametrize("calls_before", [0, 1])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize(("place", "step"), WRITES)
def test_a_full_disk_at_any_step_leaves_the_former_and_no_half_and_is_written_once_there_is_room(
    place: str,
    step: str,
    number: int,
    calls_before: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = store_in(tmp_path)
    store.finish(store.keep_weights(0, epoch=1, payload=Bytes(b"first"), leaders={0: 2}))
    owner: Any = os if place == "os" else Path
    real, calls = getattr(owner, step), [0]

    def is_full(*arguments: Any, **options: Any) -> Any:
        calls[0] += 1
        if calls[0] > calls_before:
            raise OSError(number, "full")
        return real(*arguments, **options)

    monkeypatch.setattr(owner, step, is_full)
    written = store.keep_weights(0, epoch=2, payload=Bytes(b"second"), leaders={0: 2})
    meets_it = calls_before == 0 or step == "fsync"
    for _ in range(2 if meets_it else 0):
        with pytest.raises(Outage, match="cannot be written: full - make room"):
            store.finish(written)
        assert [path for path in tmp_path.iterdir() if path.suffix == ".part"] == []
        assert ("weights", 0, 1) in names(tmp_path)
    monkeypatch.undo()
    store.finish(written)
    assert names(tmp_path) == [("weights", 0, 2)]
    store.close()


def test_two_that_write_a_file_at_once_are_not_in_each_others_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, met = os.fsync, iter([None])

    def meet(descriptor: int) -> None:
        for _ in met:  # the first has written its content when the second comes, and is done
            write_whole(tmp_path / "a", b"of the second")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", meet)
    write_whole(tmp_path / "a", b"of the first")
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("a", b"of the first")]


def test_a_file_that_fits_in_part_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Small(io.FileIO):
        def write(self, content: Any) -> int:
            super().write(content[:2])
            raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Path, "open", lambda path, mode: Small(path, mode.replace("b", "")))
    with pytest.raises(OSError, match="full"):
        write_whole(tmp_path / "a", b"content")
    assert list(tmp_path.iterdir()) == []


def test_a_payload_is_fetched_once_however_often_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Once(Bytes):
        def fetch(self) -> bytes:
            content, self.content = self.content, b"gone"
            return content

    def is_full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "full")

    store = store_in(tmp_path)
    monkeypatch.setattr(os, "fsync", is_full)
    written = store.keep_state(0, epoch=1, step=0, payload=Once(b"state"))
    with pytest.raises(Outage):
        store.finish(written)
    monkeypatch.undo()
    store.finish(written)
    assert store.state(0, upto=1) == b"state"
    store.close()


def test_a_store_that_cannot_be_made_for_want_of_room_is_an_outage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Path, "mkdir", is_full)
    with pytest.raises(Outage, match="cannot be written: full"):
        store_in(tmp_path / "new")


def test_nobody_else_may_look_in(tmp_path: Path) -> None:
    store = store_in(tmp_path / "of" / "mine")
    store.finish(store.keep_state(0, epoch=1, step=0, payload=Bytes(b"state")))
    store.close()
    folder = tmp_path / "of" / "mine"
    assert {path.stat().st_mode & 0o777 for path in (folder.parent, folder)} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("target", ["a file", "a file/under it"])
def test_a_file_in_the_way_is_told_before_anything_is_made(target: str, tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("")
    with pytest.raises(WrongUse, match=r"--checkpoints: no folder .*a file.* is a file - name"):
        at(str(tmp_path / target)).check()
