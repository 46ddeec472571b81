"""What somebody has planted in store or database: never run, and it leads nowhere."""

import pickle
from pathlib import Path
from typing import Any

import pytest

from lstm_attn.checkpoint import best_of_state, state_from_bytes, weights_from_bytes
from lstm_attn.errors import CheckpointError
from search import operations
from search.archive import opened
from search.checkpoints import Store
from search.checkpoints.files import name_of
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


@pytest.fixture
def trap(sprung: Path) -> bytes:
    pickle.loads(pickle.dumps(Trap(sprung)))
    assert sprung.exists()
    sprung.unlink()
    return pickle.dumps(Trap(sprung))


@pytest.mark.parametrize("read", [state_from_bytes, best_of_state, weights_from_bytes])
def test_a_pickle_is_no_checkpoint(read: Any, trap: bytes, sprung: Path) -> None:
    with pytest.raises(CheckpointError):
        read(trap)
    assert not sprung.exists()


def test_a_pickle_in_the_store_is_neither_run_nor_believed(
    trap: bytes, sprung: Path, desk: Any, make_report: Any
) -> None:
    ledger = desk.open()
    task = ledger.ask()
    ledger.report(task.number, task.attempt, make_report(1, 0.5))
    place = desk.study.place(desk.settings)
    place.make()
    for kind in ("state", "weights"):
        name = name_of(kind, number=0, epoch=1, step=0, generation=1, content=trap)
        place.write_whole(name, trap)
    store = Store(place, generation=2, keep=2, may_delete=lambda: True)
    assert store.bests(0) == []
    store.sweep([0], [0])
    store.close()
    trial = desk.archive().summary(desk.study).leaders[0]
    model, _ = desk.spec.space.configure(trial.params)
    with pytest.raises(StoreError, match="damaged or not ours"):
        read_kept(place, trial, model)
    assert not sprung.exists()


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
