"""A file of the user's: whole or not there, and never over another unless that is wished for."""

import os
from pathlib import Path

import pytest

from search.errors import WrongUse
from search.placing import check_free, place
from search.render import output


def test_a_file_comes_to_stand_alone(tmp_path: Path) -> None:
    place(tmp_path / "a.html", "ä\n", force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]
    assert (tmp_path / "a.html").read_bytes() == "ä\n".encode()


def test_a_file_that_is_there_stays_unless_force_is_used(tmp_path: Path) -> None:
    to = tmp_path / "a.html"
    to.write_text("mine")
    for refuse in (lambda: check_free(to, force=False), lambda: place(to, "", force=False)):
        with pytest.raises(WrongUse, match="is there already - overwrite it with --force, or"):
            refuse()
    assert to.read_text() == "mine"
    place(to, "new", force=True)
    assert to.read_text() == "new"
    assert len(list(tmp_path.iterdir())) == 1


def test_where_no_file_can_be_is_said(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="is a folder - name a file"):
        check_free(tmp_path, force=True)
    with pytest.raises(WrongUse, match="name a file in a folder that is there"):
        check_free(tmp_path / "none" / "a.html", force=False)


def test_what_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.html").write_text("mine")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(WrongUse, match=r"cannot write .*No space left on device"):
        place(tmp_path / "a.html", "new", force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]
    assert (tmp_path / "a.html").read_text() == "mine"


def test_a_file_that_is_replaced_keeps_its_rights_and_the_links_to_it(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    file, link = tmp_path / "there" / "a.toml", tmp_path / "b.toml"
    file.write_text("mine")
    file.chmod(0o600)
    link.symlink_to(file)
    place(link, "new", force=True)
    assert link.is_symlink()
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new", 0o600)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.toml", "b.toml", "there"]


def test_what_is_no_file_stays_what_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        place(pipe, "new", force=True)
        assert os.read(reader, 9) == b"new"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_results_too_are_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "labels.csv"
    output.deliver("a\r\n", out)
    output.deliver("b\r\n", out)
    assert out.read_bytes() == b"b\r\n"

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(WrongUse, match=r"--out: cannot write .*No space left on device"):
        output.deliver("c\r\n", out)
    assert out.read_bytes() == b"b\r\n"
