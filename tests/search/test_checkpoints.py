import errno
import io
import os
from pathlib import Path
from typing import Any

import pytest

from search import checkpoints as module
from search.checkpoints import Store, checkpoints, newest_intact
from search.errors import Outage, StoreError
from search.records import PayloadLost


class Bytes:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def fetch(self) -> bytes:
        return self.content


def store_in(folder: Path, *, generation: int = 1, keep: int = 2, owner: bool = True) -> Store:
    return Store(folder, generation=generation, keep=keep, may_delete=lambda: owner)


def names(folder: Path) -> list[tuple[str, int, int]]:
    return [(c.kind, c.number, c.epoch) for c in checkpoints(folder)]


def test_the_last_two_states_of_a_trial_are_kept(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for epoch in range(4):
        store.keep_state(3, epoch=epoch, step=1, payload=Bytes(b"state %d" % epoch))
    store.close()
    assert names(tmp_path) == [("state", 3, 2), ("state", 3, 3)]
    assert store_in(tmp_path).state(3, upto=99) == b"state 3"


def test_states_are_ordered_by_epoch_then_step(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for epoch, step in [(1, 900), (2, 0), (2, 10)]:
        content = b"%d and %d" % (epoch, step)
        store.keep_state(0, epoch=epoch, step=step, payload=Bytes(content))
    store.close()
    assert store_in(tmp_path).state(0, upto=99) == b"2 and 10"


def test_a_trial_that_has_ended_keeps_weights_only_if_it_leads(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for number in range(4):
        store.keep_state(number, epoch=1, step=0, payload=Bytes(b"s"))
        store.keep_weights(
            number, epoch=1, payload=Bytes(b"w%d" % number), leaders=[*range(number, -1, -1)]
        )
        store.settle(number, leaders=sorted(range(number + 1), reverse=True))
    store.close()
    assert names(tmp_path) == [("weights", 2, 1), ("weights", 3, 1)]


def test_weights_that_enter_the_lead_displace_the_last_leaders(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for number, leaders in [(0, [0]), (1, [1, 0]), (2, [2, 1, 0])]:
        store.keep_weights(number, epoch=1, payload=Bytes(b"w"), leaders=leaders)
    store.close()
    assert names(tmp_path) == [("weights", 1, 1), ("weights", 2, 1)]


def test_a_payload_that_is_lost_leaves_what_was_there(tmp_path: Path) -> None:
    class Gone(Bytes):
        def fetch(self) -> bytes:
            raise PayloadLost

    store = store_in(tmp_path)
    store.keep_state(0, epoch=1, step=0, payload=Bytes(b"s"))
    store.keep_state(0, epoch=2, step=0, payload=Gone(b""))
    store.close()
    assert names(tmp_path) == [("state", 0, 1)]


def test_better_weights_replace_the_former(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.keep_weights(0, epoch=2, payload=Bytes(b"two"), leaders=[0])
    store.keep_weights(0, epoch=5, payload=Bytes(b"five"), leaders=[0])
    store.close()
    found = newest_intact(tmp_path, "weights", 0)
    assert found is not None
    assert found[1] == b"five"
    assert len(names(tmp_path)) == 1


@pytest.mark.parametrize("damage", [b"", b"state 2 and more", b"stXte 2"])
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(
    damage: bytes, tmp_path: Path
) -> None:
    store = store_in(tmp_path)
    for epoch in (1, 2):
        store.keep_state(0, epoch=epoch, step=0, payload=Bytes(b"state %d" % epoch))
    store.close()
    newest = checkpoints(tmp_path)[-1]
    newest.path.write_bytes(damage)
    with pytest.raises(StoreError, match="damaged"):
        newest.read()
    assert store_in(tmp_path).state(0, upto=99) == b"state 1"


def test_a_stale_owner_deletes_nothing(tmp_path: Path) -> None:
    fresh = store_in(tmp_path, generation=2)
    fresh.keep_state(0, epoch=1, step=0, payload=Bytes(b"s"))
    fresh.close()
    for stale in (store_in(tmp_path, generation=2, owner=False), store_in(tmp_path, generation=1)):
        stale.sweep([], [])
        stale.settle(0, [])
        stale.close()
        assert names(tmp_path) == [("state", 0, 1)]


def test_the_sweep_takes_what_a_dead_owner_left(tmp_path: Path) -> None:
    store = store_in(tmp_path, keep=5)
    for number in range(5):
        store.keep_state(number, epoch=1, step=0, payload=Bytes(b"s"))
        weights = Bytes(b"w")
        store.keep_weights(number, epoch=1, payload=weights, leaders=[0, 1, 2, 3, 4])
    store.close()
    (tmp_path / "weights-00000-00002-000000-g0001-0123456789abcdef.safetensors.part").touch()
    (tmp_path / "a-letter.txt").write_text("not ours")
    store_in(tmp_path, generation=2).sweep(running=[4], leaders=[2, 4, 0])
    assert names(tmp_path) == [("weights", 2, 1), ("state", 4, 1), ("weights", 4, 1)]
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [
        ".pt",
        ".safetensors",
        ".safetensors",
        ".txt",
    ]


def test_a_checkpoint_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    store = store_in(tmp_path)
    monkeypatch.setattr(module, "write_whole", refuses)
    store.keep_state(0, epoch=1, step=0, payload=Bytes(b"s"))
    store.close()
    with pytest.raises(StoreError, match="Read-only"):
        store.check()


def test_a_leader_that_has_given_no_weights_yet_displaces_nobody(tmp_path: Path) -> None:
    store = store_in(tmp_path, keep=1)
    store.keep_weights(0, epoch=1, payload=Bytes(b"w"), leaders=[0])
    store.settle(5, leaders=[7, 0, 5])
    store.close()
    store_in(tmp_path, keep=1, generation=2).sweep(running=[7], leaders=[7, 0, 5])
    assert names(tmp_path) == [("weights", 0, 1)]


def test_a_leader_that_ended_without_giving_weights_keeps_the_state_that_has_them(
    tmp_path: Path,
) -> None:
    store = store_in(tmp_path, keep=1)
    for number in (0, 1):
        for epoch in (1, 2):
            store.keep_state(number, epoch=epoch, step=0, payload=Bytes(b"s%d" % epoch))
        store.settle(number, leaders=[0, 1])
    store.close()
    store_in(tmp_path, keep=1, generation=2).sweep(running=[], leaders=[0, 1])
    assert names(tmp_path) == [("state", 0, 2)]


def test_a_state_that_knows_epochs_which_are_not_recorded_is_passed_over(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for epoch in (3, 4):
        store.keep_state(0, epoch=epoch, step=0, payload=Bytes(b"s%d" % epoch))
    store.close()
    assert store_in(tmp_path).state(0, upto=3) == b"s3"
    assert store_in(tmp_path).state(0, upto=2) is None


def test_weights_just_written_replace_those_of_a_later_epoch_too(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.keep_weights(0, epoch=7, payload=Bytes(b"before the crash"), leaders=[0])
    store.keep_weights(0, epoch=5, payload=Bytes(b"after it"), leaders=[0])
    store.close()
    assert names(tmp_path) == [("weights", 0, 5)]


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
    store.finish(store.keep_weights(0, epoch=1, payload=Bytes(b"first"), leaders=[0]))
    owner: Any = os if place == "os" else Path
    real, calls = getattr(owner, step), [0]

    def is_full(*arguments: Any, **options: Any) -> Any:
        calls[0] += 1
        if calls[0] > calls_before:
            raise OSError(number, "full")
        return real(*arguments, **options)

    monkeypatch.setattr(owner, step, is_full)
    written = store.keep_weights(0, epoch=2, payload=Bytes(b"second"), leaders=[0])
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


def test_a_file_that_fits_in_part_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Small(io.FileIO):
        def write(self, content: Any) -> int:
            super().write(content[:2])
            raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Path, "open", lambda path, mode: Small(path, mode.replace("b", "")))
    with pytest.raises(OSError, match="full"):
        module.write_whole(tmp_path / "a", b"content")
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
