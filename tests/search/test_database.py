import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from search.database import open_storage
from search.errors import StorageError

OPEN = (
    "import sys; from search.database import open_storage; open_storage(sys.argv[1], create=True)"
)


def test_many_who_open_a_new_database_at_once_all_find_it_whole(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/studies.db"
    processes = [
        subprocess.Popen([sys.executable, "-c", OPEN, url], stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [process.communicate()[1] for process in processes] == [""] * 4
    storage = open_storage(url, create=False)
    assert storage.get_all_studies() == []
    storage.engine.dispose()
    assert [path.name for path in (tmp_path / "new").iterdir() if path.is_dir()] == []


def test_what_a_maker_that_died_has_left_is_not_built_upon(tmp_path: Path) -> None:
    for ending in ("", "-wal"):
        (tmp_path / f".studies.db.part{ending}").write_text("half a page, as a power cut leaves it")
    open_storage(f"sqlite:///{tmp_path}/studies.db", create=True).engine.dispose()
    assert [path.name for path in tmp_path.iterdir()] == ["studies.db"]


def test_a_database_that_is_not_there_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"no database at .*studies\.db - launch a study first"):
        open_storage(f"sqlite:///{tmp_path}/studies.db", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "studies.db").write_text("a letter to a friend, and no database at all")
    with pytest.raises(StorageError, match="file is not a database"):
        open_storage(f"sqlite:///{tmp_path}/studies.db", create=True)


def test_another_programs_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "letters.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE letters (text TEXT)")
    before = path.read_bytes()
    for create in (True, False):
        with pytest.raises(StorageError, match="another program's, with letters in it"):
            open_storage(f"sqlite:///{path}", create=create)
    assert path.read_bytes() == before


def test_readers_and_a_writer_go_together(tmp_path: Path) -> None:
    storage = open_storage(f"sqlite:///{tmp_path}/studies.db", create=True)
    with storage.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
    storage.engine.dispose()
