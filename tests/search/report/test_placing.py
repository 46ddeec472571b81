"""A report's file: whole or not there, and never over another unless that is wished for."""

from pathlib import Path

import pytest

from search.errors import WrongUse
from search.report.placing import check_free, place


def test_a_file_comes_to_stand_alone(tmp_path: Path) -> None:
    place(tmp_path / "a.html", "ä\n", force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]
    assert (tmp_path / "a.html").read_bytes() == "ä\n".encode()


def test_a_file_that_is_there_stays_unless_force_is_used(tmp_path: Path) -> None:
    to = tmp_path / "a.html"
    to.write_text("mine")
    for refuse in (lambda: check_free(to, force=False), lambda: place(to, "", force=False)):
        with pytest.raises(WrongUse, match="a file is there already - name another, or use --for"):
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
