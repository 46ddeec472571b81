"""What somebody has planted in store or database: never run, and it leads nowhere."""

import io
import json
import pickle
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import torch

from lstm_attn.checkpoint import best_of_state, state_from_bytes, weights_from_bytes
from lstm_attn.errors import CheckpointError
from lstm_attn.headers import seal_state
from search import operations
from search.archive import opened
from search.checkpoints import Kind, Store
from search.checkpoints.files import KINDS, name_of
from search.errors import StorageError, StoreError
from search.export.kept import read_kept
from search.settings import Settings


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.fixture
def sprung(tmp_path: Path) -> Path:
    return tmp_path / "sprung"


def pickled(trap: Trap) -> bytes:
    return pickle.dumps(trap)


def sealed(trap: Trap) -> bytes:
    """Give a state with header and checksum, as this program writes them."""
    file = io.BytesIO()
    torch.save({"best_weights": None, "former_best": trap}, file)
    return seal_state(file.getvalue(), {"epoch": "1", "step": "0"})


@pytest.fixture(params=[pickled, sealed])
def trap(request: pytest.FixtureRequest, sprung: Path) -> bytes:
    content: bytes = request.param(Trap(sprung))
    if request.param is sealed:
        torch.load(io.BytesIO(content), weights_only=False)
    else:
        pickle.loads(content)
    assert sprung.exists()
    sprung.unlink()
    return content


@pytest.mark.parametrize("read", [state_from_bytes, best_of_state, weights_from_bytes])
def test_a_pickle_is_no_checkpoint(read: Any, trap: bytes, sprung: Path) -> None:
    with pytest.raises(CheckpointError):
        read(trap)
    assert not sprung.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_pickle_in_the_store_is_neither_run_nor_believed(
    kind: Kind, trap: bytes, sprung: Path, desk: Any, make_report: Any
) -> None:
    ledger = desk.open()
    task = ledger.ask()
    ledger.report(task.number, task.attempt, make_report(1, 0.5))
    place = desk.study.place(desk.settings)
    place.make()
    name = name_of(kind, number=0, epoch=1, step=0, generation=1, content=trap)
    place.write_whole(name, trap)
    store = Store(place, generation=2, keep=2, may_delete=lambda: True)
    assert store.bests(0, upto=1) == []
    store.sweep([0], {0: 1})
    store.close()
    trial = desk.archive().summary(desk.study).leaders[0]
    model, _ = desk.spec.space.configure(trial.params)
    with pytest.raises(StoreError, match="damaged or not ours"):
        read_kept(place, trial, model)
    assert not sprung.exists()


def cells(database: Path) -> Iterator[tuple[str, str]]:
    """List the columns of text that have something in them."""
    with closing(sqlite3.connect(database)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
            for _, column, kind, *_ in connection.execute(f"PRAGMA table_info({table})"):
                is_text = kind.upper().startswith(("VARCHAR", "TEXT"))
                filled = f"SELECT 1 FROM {table} WHERE {column} IS NOT NULL"
                if is_text and connection.execute(filled).fetchone():
                    yield table, column


def test_a_pickle_in_the_database_is_not_run(
    sprung: Path, desk: Any, make_report: Any, settings: Settings, tmp_path: Path
) -> None:
    ledger = desk.open()
    task = ledger.ask()
    ledger.report(task.number, task.attempt, make_report(1, 0.5))
    desk.close()
    whole = tmp_path / "whole.db"
    shutil.copy(settings.sqlite_file, whole)
    trap = pickle.dumps(Trap(sprung), protocol=0).decode()  # which is text
    planted = list(cells(whole))
    assert {"study_user_attributes", "trial_user_attributes", "trial_params"} <= set(dict(planted))
    for table, column in planted:
        content = json.dumps(trap) if column.endswith("_json") else trap
        for act in (operations.list_studies, lambda at: operations.delete(at, "small")):
            shutil.copy(whole, settings.sqlite_file)
            with closing(sqlite3.connect(settings.sqlite_file)) as connection, connection:
                connection.execute(f"UPDATE OR IGNORE {table} SET {column} = ?", (content,))
            with suppress(Exception):  # whatever it is told as
                act(settings)
            assert not sprung.exists(), (table, column)


@pytest.mark.parametrize(
    "change",
    [
        {"uid": "../../other"},
        {"uid": "0" * 31 + "/"},
        {"uid": 7},
        {"checkpoints": "s3://mine/../other"},
        {"checkpoints": "relative"},
        {"checkpoints": "ftp://mine"},
        {"checkpoints": 7},
    ],
)
def test_what_the_database_says_leads_nowhere_else(
    change: dict[str, Any], settings: Settings, desk: Any
) -> None:
    desk.open()
    desk.close()
    with opened(settings) as archive:
        storage, name = archive.storage, "lstm_attn_search"
        attribute = storage.get_study_user_attrs(desk.study.id)[name]
        storage.set_study_user_attr(desk.study.id, name, {**attribute, **change})
    for act in (operations.status, operations.delete):
        with pytest.raises(StorageError, match="is not written as this version writes"):
            act(settings, "small")


def test_a_study_of_a_name_that_no_file_may_give_leads_nowhere(
    settings: Settings, desk: Any, tmp_path: Path
) -> None:
    desk.open()
    desk.close()
    (tmp_path / "victim").mkdir()
    with opened(settings) as archive:
        storage = archive.storage
        attribute = storage.get_study_user_attrs(desk.study.id)["lstm_attn_search"]
        direction = storage.get_study_directions(desk.study.id)
        study_id = storage.create_new_study(list(direction), "../victim")
        storage.set_study_user_attr(study_id, "lstm_attn_search", attribute)
    with pytest.raises(StorageError, match="is not written as this version writes"):
        operations.delete(settings, "../victim")
    assert (tmp_path / "victim").is_dir()
