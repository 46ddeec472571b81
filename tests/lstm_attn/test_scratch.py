"""Folders for the temporary files that reading takes."""

import errno
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lstm_attn.errors import NoRoom
from lstm_attn.scratch import scratch


def test_a_folder_is_for_nobody_else_and_gone_once_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scratch() as folder:
        for one in (folder, folder.parent):
            assert one.stat().st_mode & 0o777 == 0o700
        (folder / "deep").mkdir()
        (folder / "deep" / "a").touch()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("owner", "name", "made"), [(os, "open", "lock.part"), (Path, "mkdir", "files")]
)
def test_a_folder_that_can_only_be_made_in_part_is_not_left(
    owner: Any, name: str, made: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = getattr(owner, name)

    def is_full(path: Any, *given: Any, **named: Any) -> Any:
        if str(path).endswith(made):
            raise OSError(errno.ENOSPC, "it is full")
        return real(path, *given, **named)

    with monkeypatch.context() as full:
        full.setattr(owner, name, is_full)
        with pytest.raises(NoRoom, match="it is full"), scratch():
            pass
    assert list(place.iterdir()) == []


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    made = tmp_path / "[t]m*p"
    made.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(made))
    return made


USES = """
import sys, tempfile
tempfile.tempdir = sys.argv[1]
from lstm_attn.scratch import scratch
with scratch() as folder:
    (folder / "deep").mkdir()
    (folder / "deep" / "secret.csv").write_text("data")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def used(place: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process that uses a folder, and the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", USES, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    yield process, Path(process.stdout.readline().rstrip("\n"))
    process.kill()
    process.communicate()


def use() -> None:
    with scratch():
        pass


def test_what_a_killed_process_has_left_is_removed_the_next_time(
    used: tuple[subprocess.Popen[str], Path], place: Path
) -> None:
    process, folder = used
    use()
    assert (folder / "deep" / "secret.csv").read_text() == "data", "it is in use"
    process.kill()
    process.wait()
    assert folder.exists()
    use()
    assert list(place.iterdir()) == []


def left(place: Path, name: str) -> Path:
    """Leave a folder as a process that was killed does."""
    folder = place / name
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "a.csv").touch()
    (folder / "lock").touch()
    return folder


def test_nothing_but_our_own_folders_out_of_use_is_removed(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, linked = left(place, "lstm-search-ours"), left(tmp_path, "elsewhere")
    kept = [
        left(place, "another"),
        left(place, "lstm-search-without"),
        left(place, "lstm-search-x"),
    ]
    (kept[1] / "lock").unlink()
    (kept[2] / "lock").unlink()
    (kept[2] / "lock").symlink_to(linked / "lock")
    (place / "lstm-search-linked").symlink_to(linked)
    (place / "lstm-search-1.lock").touch()
    uid = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    use()
    assert ours.exists(), "another user's"
    monkeypatch.undo()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    use()
    assert not ours.exists()
    assert all((one / "files" / "a.csv").exists() for one in (*kept, linked))
    assert (place / "lstm-search-linked").is_symlink()
    assert (place / "lstm-search-1.lock").exists()


def test_what_cannot_be_removed_now_keeps_its_lock_and_goes_another_time(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, ours = shutil.rmtree, left(place, "lstm-search-ours")

    def leaves_files(path: Path, **how: Any) -> None:
        if path.name != "files":
            real(path, **how)

    with monkeypatch.context() as busy:
        busy.setattr(shutil, "rmtree", leaves_files)
        use()
    assert (ours / "lock").exists()
    use()
    assert list(place.iterdir()) == []


def test_where_locks_cannot_be_had_nothing_is_removed(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    ours = left(place, "lstm-search-ours")
    monkeypatch.setattr(fcntl, "flock", none)
    with scratch() as folder:
        assert not (folder.parent / "lock").exists(), "nor may others take it for out of use"
    assert list(place.iterdir()) == [ours]


def test_many_that_begin_and_end_at_once_leave_each_other_alone(place: Path) -> None:
    def work(number: int) -> None:
        for _ in range(40):
            with scratch() as folder:
                (folder / "a.csv").write_text(str(number))
                use()
                assert (folder / "a.csv").read_text() == str(number)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_what_finds_no_room_in_it_is_told(number: int, place: Path) -> None:
    with pytest.raises(NoRoom, match="cannot be written: it is full - make room"), scratch():
        raise OSError(number, "it is full")
    with pytest.raises(PermissionError), scratch():
        raise PermissionError(errno.EACCES, "no right")
    assert list(place.iterdir()) == []


def test_where_there_are_no_locks_at_all_a_folder_is_given_and_nothing_removed(
    place: Path,
) -> None:
    ours = left(place, "lstm-search-ours")
    code = f"""
import os, sys
sys.modules["fcntl"] = None
del os.geteuid, os.O_NOFOLLOW  # as on Windows
{USES}
print((folder.parent / "lock").exists(), folder.exists())
"""
    said = subprocess.run(
        [sys.executable, "-c", code, str(place)],
        input="",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.endswith("False False\n")
    assert list(place.iterdir()) == [ours]
