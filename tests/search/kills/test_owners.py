"""Who owns a study, when owners die between any two steps of taking it and letting it go."""

import itertools
from contextlib import closing
from functools import partial
from typing import Any

from search import lease
from search.archive import Archive


def must_not_wait(owner: lease.Holder) -> None:
    raise AssertionError(f"waited for {owner}, which is dead")


def own(settings: Any, say: Any) -> None:
    """Take the study, keep it for a while, let it go."""
    with closing(Archive(settings)) as archive:
        held = lease.acquire(archive.storage.engine, "small", waiting=must_not_wait)
        say(held.generation)
        held.renew()
        held.release()


def test_the_next_owner_gets_in_at_once_wherever_the_first_died(deaths: Any) -> None:
    firsts = []
    for place, said in deaths(own):
        with closing(Archive(place)) as archive:
            assert lease.holder(archive.storage.engine, "small") is None
        later: list[int] = []
        own(place, later.append)
        assert later[0] in ((said[0] + 1,) if said else (1, 2))
        firsts += said
    assert firsts
    assert set(firsts) == {1}


def test_each_of_many_dead_owners_is_followed_at_once_by_another(lives: Any, settings: Any) -> None:
    generations, whole = [0], False
    for steps in itertools.count():
        whole, said = lives(partial(own, settings), steps)
        generations += said
        if whole:
            break
    assert len(generations) > 3
    assert generations == sorted(set(generations)), "no two owners ever had the same"
