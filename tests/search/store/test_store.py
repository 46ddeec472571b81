"""The store of a study's checkpoints: the same contract in a folder and in an object store."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from search.checkpoints import Place, Store, at, check_move, checkpoints, delete_all, newest_intact
from search.checkpoints.files import name_of
from search.errors import Outage, StoreError, WrongUse
from search.records import PayloadLost


@pytest.fixture(params=["folder", "object store"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    address = str(tmp_path / "of" / "mine")
    if request.param == "object store":
        address = f"memory://{uuid4().hex}/of/mine"
    made = at(address)
    made.check()
    yield made
    delete_all(made)


class Bytes:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def fetch(self) -> bytes:
        return self.content


def store_in(place: Place, *, generation: int = 1, keep: int = 2, owner: bool = True) -> Store:
    return Store(place, generation=generation, keep=keep, may_delete=lambda: owner)


def names(place: Place) -> list[tuple[str, int, int]]:
    return [(c.kind, c.number, c.epoch) for c in checkpoints(place)]


def test_the_last_two_states_of_a_trial_are_kept(place: Place) -> None:
    store = store_in(place)
    for epoch in range(4):
        store.keep_state(3, epoch=epoch, step=1, payload=Bytes(b"state %d" % epoch))
    store.close()
    assert names(place) == [("state", 3, 2), ("state", 3, 3)]
    assert store_in(place).state(3, upto=99) == b"state 3"


def test_states_are_ordered_by_epoch_then_step(place: Place) -> None:
    store = store_in(place)
    for epoch, step in [(1, 900), (2, 0), (2, 10)]:
        content = b"%d and %d" % (epoch, step)
        store.keep_state(0, epoch=epoch, step=step, payload=Bytes(content))
    store.close()
    assert store_in(place).state(0, upto=99) == b"2 and 10"


def test_a_trial_that_has_ended_keeps_weights_only_if_it_leads(place: Place) -> None:
    store = store_in(place)
    for number in range(4):
        store.keep_state(number, epoch=1, step=0, payload=Bytes(b"s"))
        store.keep_weights(
            number,
            epoch=1,
            payload=Bytes(b"w%d" % number),
            leaders=dict.fromkeys(range(number, -1, -1), 1),
        )
        store.settle(number, leaders=dict.fromkeys(range(number, -1, -1), 1))
    store.close()
    assert names(place) == [("weights", 2, 1), ("weights", 3, 1)]


def test_weights_that_enter_the_lead_displace_the_last_leaders(place: Place) -> None:
    store = store_in(place)
    for number, leaders in [(0, {0: 1}), (1, {1: 1, 0: 1}), (2, {2: 1, 1: 1, 0: 1})]:
        store.keep_weights(number, epoch=1, payload=Bytes(b"w"), leaders=leaders)
    store.close()
    assert names(place) == [("weights", 1, 1), ("weights", 2, 1)]


def test_a_payload_that_is_lost_leaves_what_was_there(place: Place) -> None:
    class Gone(Bytes):
        def fetch(self) -> bytes:
            raise PayloadLost

    store = store_in(place)
    store.keep_state(0, epoch=1, step=0, payload=Bytes(b"s"))
    store.keep_state(0, epoch=2, step=0, payload=Gone(b""))
    store.close()
    assert names(place) == [("state", 0, 1)]


def test_better_weights_replace_the_former(place: Place) -> None:
    store = store_in(place)
    store.keep_weights(0, epoch=2, payload=Bytes(b"two"), leaders={0: 2})
    store.keep_weights(0, epoch=5, payload=Bytes(b"five"), leaders={0: 5})
    store.close()
    found = newest_intact(place, "weights", 0)
    assert found is not None
    assert found[1] == b"five"
    assert len(names(place)) == 1


@pytest.mark.parametrize("damage", [b"", b"state 2 and more", b"stXte 2"])
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(
    damage: bytes, place: Place
) -> None:
    store = store_in(place)
    for epoch in (1, 2):
        store.keep_state(0, epoch=epoch, step=0, payload=Bytes(b"state %d" % epoch))
    store.close()
    newest = checkpoints(place)[-1]
    place.write_whole(newest.name, damage)
    with pytest.raises(StoreError, match="damaged"):
        newest.read()
    assert store_in(place).state(0, upto=99) == b"state 1"


def test_a_stale_owner_deletes_nothing(place: Place) -> None:
    fresh = store_in(place, generation=2)
    fresh.keep_state(0, epoch=1, step=0, payload=Bytes(b"s"))
    fresh.close()
    for stale in (store_in(place, generation=2, owner=False), store_in(place, generation=1)):
        stale.sweep([], {})
        stale.settle(0, {})
        stale.close()
        assert names(place) == [("state", 0, 1)]


def test_the_sweep_takes_what_a_dead_owner_left(place: Place) -> None:
    store = store_in(place, keep=5)
    for number in range(5):
        store.keep_state(number, epoch=1, step=0, payload=Bytes(b"s"))
        weights = Bytes(b"w")
        store.keep_weights(number, epoch=1, payload=weights, leaders=dict.fromkeys(range(5), 1))
    store.close()
    half = "weights-00000-00002-000000-g0001-0123456789abcdef.safetensors.part"
    other_half = "state-00000-00002-000000-g0001-0123456789abcdef.pt.fedcba9876543210.part"
    for name in (half, other_half, "a-letter.txt", "a-letter.txt.part"):
        place.write_whole(name, b"")
    store_in(place, generation=2).sweep(running=[4], leaders={2: 1, 4: 1, 0: 1})
    assert names(place) == [("weights", 2, 1), ("state", 4, 1), ("weights", 4, 1)]
    others = set(place.names()) - {c.name for c in checkpoints(place)}
    assert others == {"a-letter.txt", "a-letter.txt.part"}


def test_a_leader_that_has_given_no_weights_yet_displaces_nobody(place: Place) -> None:
    store = store_in(place, keep=1)
    store.keep_weights(0, epoch=1, payload=Bytes(b"w"), leaders={0: 1})
    store.settle(5, leaders={7: 1, 0: 1, 5: 1})
    store.close()
    store_in(place, keep=1, generation=2).sweep(running=[7], leaders={7: 1, 0: 1, 5: 1})
    assert names(place) == [("weights", 0, 1)]


def test_a_leader_that_ended_without_giving_weights_keeps_the_state_that_has_them(
    place: Place,
) -> None:
    store = store_in(place, keep=1)
    for number in (0, 1):
        for epoch in (1, 2):
            store.keep_state(number, epoch=epoch, step=0, payload=Bytes(b"s%d" % epoch))
        store.settle(number, leaders={0: 2, 1: 2})
    store.close()
    store_in(place, keep=1, generation=2).sweep(running=[], leaders={0: 2, 1: 2})
    assert names(place) == [("state", 0, 2)]


def test_a_leader_keeps_its_state_until_there_are_weights_of_its_very_best_epoch(
    place: Place,
) -> None:
    store = store_in(place, keep=1)
    store.keep_weights(0, epoch=3, payload=Bytes(b"stale"), leaders={0: 3})
    store.keep_state(0, epoch=7, step=0, payload=Bytes(b"has the best, of epoch 6"))
    store.settle(0, leaders={0: 6})
    store.finish()
    store_in(place, keep=1, generation=2).sweep(running=[], leaders={0: 6})
    assert names(place) == [("state", 0, 7), ("weights", 0, 3)]
    store.keep_weights(0, epoch=6, payload=Bytes(b"the best"), leaders={0: 6})
    store.settle(0, leaders={0: 6})
    store.close()
    assert names(place) == [("weights", 0, 6)]


def test_of_two_weights_that_a_running_trial_has_those_of_its_best_epoch_stay(
    place: Place,
) -> None:
    for epoch in (5, 6, 7):
        content = b"weights of %d" % epoch
        named = name_of("weights", number=0, epoch=epoch, step=0, generation=1, content=content)
        place.make()
        place.write_whole(named, content)
    store_in(place, generation=2).sweep(running=[0], leaders={0: 6})
    assert names(place) == [("weights", 0, 6)]


def test_a_state_that_knows_epochs_which_are_not_recorded_is_passed_over(place: Place) -> None:
    store = store_in(place)
    for epoch in (3, 4):
        store.keep_state(0, epoch=epoch, step=0, payload=Bytes(b"s%d" % epoch))
    store.close()
    assert store_in(place).state(0, upto=3) == b"s3"
    assert store_in(place).state(0, upto=2) is None


def test_weights_just_written_replace_those_of_a_later_epoch_too(place: Place) -> None:
    store = store_in(place)
    store.keep_weights(0, epoch=7, payload=Bytes(b"before the crash"), leaders={0: 1})
    store.keep_weights(0, epoch=5, payload=Bytes(b"after it"), leaders={0: 1})
    store.close()
    assert names(place) == [("weights", 0, 5)]


def test_a_file_is_there_under_its_name_until_it_is_deleted(place: Place) -> None:
    assert place.names() == []
    place.make()
    place.write_whole("a", b"one")
    place.write_whole("b", b"")
    place.write_whole("a", b"two")
    assert (place.read("a"), place.read("b")) == (b"two", b"")
    assert sorted(place.names()) == ["a", "b"]
    place.delete("a")
    place.delete("a")
    assert place.names() == ["b"]
    with pytest.raises(FileNotFoundError):
        place.read("a")
    place.delete("b")


def test_a_place_in_a_place_is_its_own(place: Place) -> None:
    inner = place.inside("moods-0123abcd")
    inner.make()
    inner.write_whole("a", b"in there")
    assert place.names() == []
    assert str(inner) == f"{place}/moods-0123abcd"
    assert inner.read("a") == b"in there"
    inner.delete("a")
    inner.remove()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "/etc", "a\0b"])
def test_no_name_leads_out_of_a_place(name: str, place: Place) -> None:
    with pytest.raises(StoreError, match="is no name for a place"):
        place.inside(name)


def test_a_deleted_study_takes_its_own_files_alone(place: Place) -> None:
    store = store_in(place)
    store.finish(store.keep_state(0, epoch=1, step=0, payload=Bytes(b"state")))
    store.close()
    place.write_whole(f"{checkpoints(place)[0].name}.part", b"st")
    place.write_whole("a-letter.txt", b"not ours")
    delete_all(place)
    assert place.names() == ["a-letter.txt"]
    place.delete("a-letter.txt")
    delete_all(place)
    assert place.names() == []


def test_a_study_is_not_moved_away_from_its_checkpoints(place: Place) -> None:
    elsewhere = place.inside("elsewhere")
    check_move("moods", place, elsewhere)
    store = store_in(place)
    store.finish(store.keep_state(0, epoch=1, step=0, payload=Bytes(b"state")))
    store.close()
    with pytest.raises(WrongUse, match=r"--checkpoints: .*'moods' has 1 checkpoints in .*/mine - "):
        check_move("moods", place, elsewhere)


def test_what_is_written_while_the_store_is_away_is_written_once_it_is_back(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_in(place)
    store.finish(store.keep_weights(0, epoch=1, payload=Bytes(b"first"), leaders={0: 1}))
    with monkeypatch.context() as away:

        def is_away(*_: object) -> None:
            raise Outage("the store is away")

        away.setattr(type(place), "write_whole", is_away)
        written = store.keep_weights(0, epoch=2, payload=Bytes(b"second"), leaders={0: 1})
        store.keep_state(0, epoch=2, step=0, payload=Bytes(b"state"))
        for _ in range(2):
            with pytest.raises(Outage):
                store.finish(written)
        assert names(place) == [("weights", 0, 1)]
    store.finish()
    assert names(place) == [("state", 0, 2), ("weights", 0, 2)]
    store.close()
