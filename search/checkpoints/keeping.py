"""What a store need not keep, told from its list of checkpoints."""

from collections.abc import Collection, Sequence

from search.checkpoints.files import Checkpoint, Kind

STATES_KEPT = 2
"""States of a running trial: the newest, and one to fall back on."""


def surplus(found: Sequence[Checkpoint], number: int, kind: Kind, keep: int) -> list[Checkpoint]:
    """List all but the newest `keep` of a trial and kind; `found` is in the order of age."""
    mine = [c for c in found if c.number == number and c.kind == kind]
    return mine[: max(0, len(mine) - keep)]


def states_let_go(
    found: Sequence[Checkpoint], number: int, leaders: Sequence[int]
) -> list[Checkpoint]:
    """List the states of a trial that has ended; of a leader without weights the newest stays.

    Arguments:
        found: all checkpoints.
        number: the trial's.
        leaders: as many trials as are kept, the best first.
    """
    whole = {c.number for c in found if c.kind == "weights"}
    needed = number in leaders and number not in whole
    return surplus(found, number, "state", 1 if needed else 0)


def displaced(found: Sequence[Checkpoint], leaders: Sequence[int], keep: int) -> list[Checkpoint]:
    """List the weights of trials that aren't the best `keep` among those that have any."""
    weights = [c for c in found if c.kind == "weights"]
    whole = {c.number for c in weights}
    kept = [number for number in leaders if number in whole][:keep]
    return [c for c in weights if c.number not in kept]


def left_over(
    found: Sequence[Checkpoint], running: Collection[int], leaders: Sequence[int], keep: int
) -> list[Checkpoint]:
    """List what a former owner has left and nobody wants, each once."""
    doomed = displaced(found, leaders, keep)
    for number in {c.number for c in found}:
        if number in running:
            doomed += surplus(found, number, "state", STATES_KEPT)
            doomed += surplus(found, number, "weights", 1)
        else:
            doomed += states_let_go(found, number, leaders[:keep])
    return list(dict.fromkeys(doomed))
