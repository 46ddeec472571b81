"""What a store need not keep, told from its list of checkpoints."""

from collections.abc import Collection, Mapping, Sequence

from search.checkpoints.files import Checkpoint, Kind

STATES_KEPT = 2
"""States of a running trial: the newest, and one to fall back on."""

Leaders = Mapping[int, int]
"""The best epochs of the best trials by their numbers, the best trial first."""


def surplus(found: Sequence[Checkpoint], number: int, kind: Kind, keep: int) -> list[Checkpoint]:
    """List all but the newest `keep` of a trial and kind; `found` is in the order of age."""
    mine = [c for c in found if c.number == number and c.kind == kind]
    return mine[: max(0, len(mine) - keep)]


def leads(number: int, leaders: Leaders, keep: int) -> bool:
    """Tell whether a trial is among those whose weights are kept."""
    return number in list(leaders)[:keep]


def states_let_go(
    found: Sequence[Checkpoint], number: int, leaders: Leaders, keep: int
) -> list[Checkpoint]:
    """List the states of a trial that has ended.

    Of a leader the newest stays until there are weights of its very best epoch, which that has.

    Arguments:
        found: all checkpoints.
        number: the trial's.
        leaders: the best trials.
        keep: how many of them have their weights kept.
    """
    whole = {(c.number, c.epoch) for c in found if c.kind == "weights"}
    needed = leads(number, leaders, keep) and (number, leaders[number]) not in whole
    return surplus(found, number, "state", 1 if needed else 0)


def displaced(found: Sequence[Checkpoint], leaders: Leaders, keep: int) -> list[Checkpoint]:
    """List the weights of trials that aren't the best `keep` among those that have any."""
    weights = [c for c in found if c.kind == "weights"]
    whole = {c.number for c in weights}
    kept = [number for number in leaders if number in whole][:keep]
    return [c for c in weights if c.number not in kept]


def outdated(found: Sequence[Checkpoint], number: int, leaders: Leaders) -> list[Checkpoint]:
    """List all weights of a trial but those of its best epoch, or else the newest."""
    mine = [c for c in found if (c.kind, c.number) == ("weights", number)]
    best = [c for c in mine if c.epoch == leaders.get(number)]
    kept = (best or mine)[-1:]
    return [c for c in mine if c not in kept]


def left_over(
    found: Sequence[Checkpoint], running: Collection[int], leaders: Leaders, keep: int
) -> list[Checkpoint]:
    """List what a former owner has left and nobody wants, each once."""
    doomed = displaced(found, leaders, keep)
    for number in {c.number for c in found}:
        if number in running:
            doomed += surplus(found, number, "state", STATES_KEPT)
            doomed += outdated(found, number, leaders)
        else:
            doomed += states_let_go(found, number, leaders, keep)
    return list(dict.fromkeys(doomed))
