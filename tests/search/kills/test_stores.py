"""The store, when its process dies between any two steps of writing and deleting."""

from dataclasses import dataclass
from typing import Any

from search.checkpoints import Place, Store, at, checkpoints, newest_intact


@dataclass(frozen=True)
class Bytes:
    content: bytes

    def fetch(self) -> bytes:
        return self.content


def store_in(folder: Place, *, generation: int) -> Store:
    return Store(folder, generation=generation, keep=1, may_delete=lambda: True)


EPOCHS = 3
NOTHING = -1


def search(place: Any, say: Any) -> None:
    """Keep what two trials give, of which the second displaces the first; contents count on."""
    store = store_in(at(place.usual_checkpoints), generation=1)
    for number, leaders in ((0, [0]), (1, [1, 0])):
        say({"running": [number], "leaders": leaders})
        bests = dict.fromkeys(leaders, EPOCHS - 1)
        for epoch in range(EPOCHS):
            given = number * EPOCHS + epoch
            content = Bytes(b"%d" % given)
            store.keep_state(number, epoch=epoch, step=0, payload=content).result()
            say({"state": given})
            store.keep_weights(number, epoch=epoch, payload=content, leaders=bests).result()
            say({"weights": given})
        say({"running": []})
        store.settle(number, bests)
    store.close()


def test_what_was_kept_is_there_and_after_the_next_sweep_nothing_else(deaths: Any) -> None:
    for place, said in deaths(search):
        known = {"running": [], "leaders": [], "state": NOTHING, "weights": NOTHING}
        for fact in said:
            known |= fact
        folder, running, leaders = at(place.usual_checkpoints), known["running"], known["leaders"]
        check_kept(folder, **known)
        after = store_in(folder, generation=2)
        after.sweep(running, dict.fromkeys(leaders, EPOCHS - 1))
        after.close()
        check_kept(folder, **known)
        left = checkpoints(folder)
        assert sorted(folder.names()) == sorted(c.name for c in left)
        states = [c.number for c in left if c.kind == "state"]
        assert states in ([], running, running * 2)
        assert sum(c.kind == "weights" for c in left) in ((1,) if known["weights"] >= 0 else (0, 1))


def check_kept(
    folder: Place, *, running: list[int], leaders: list[int], state: int, weights: int
) -> None:
    """What was kept last is what loads first, or what comes next and wasn't said yet."""
    assert loaded(folder, "weights", leaders) in (weights, weights + 1)
    if running:
        is_new = state < running[0] * EPOCHS
        assert loaded(folder, "state", running) in (NOTHING if is_new else state, state + 1)


def loaded(folder: Place, kind: Any, numbers: list[int]) -> int:
    found = [newest_intact(folder, kind, number) for number in numbers]
    return next((int(one[1]) for one in found if one), NOTHING)
