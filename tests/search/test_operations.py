from pathlib import Path
from typing import Any

import pytest

from search import export, operations
from search.archive import Archive
from search.errors import Outage


def test_an_export_whose_test_score_finds_the_database_full_says_that_it_is_whole(
    desk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.open()
    desk.close()

    def is_full(*_: Any) -> None:
        raise Outage("the database /x cannot be written: full")

    monkeypatch.setattr(export, "export_best", lambda **_: ((), {0: {}}))
    monkeypatch.setattr(Archive, "keep_test_scores", is_full)
    with pytest.raises(Outage, match=r"out is written and whole, but .* /x cannot be written"):
        operations.export(desk.settings, "small", to=tmp_path / "out")
