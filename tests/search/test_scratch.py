"""A full disk, told as an outage where temporary files are made."""

import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from search.errors import Outage
from search.scratch import scratch, settle


def test_where_every_disk_is_full_a_place_is_settled_and_what_goes_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "it is full")

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with monkeypatch.context() as full:
        full.setattr(os, "write", is_full)
        with pytest.raises(Outage, match=r"No usable temporary directory.* make room"), scratch():
            pass
        settle()
        assert tempfile.gettempdir() == str(tmp_path)  # as libraries ask when they are loaded
        full.setattr(os, "mkdir", is_full)
        with pytest.raises(Outage, match="it is full - make room"), scratch():
            pass
    with scratch() as folder:
        assert folder.parent.parent == tmp_path


def test_what_goes_wrong_in_a_block_is_told_by_who_does_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(OSError, match="an export's folder"), scratch():
        raise OSError(errno.ENOSPC, "an export's folder")
    assert list(tmp_path.iterdir()) == []
