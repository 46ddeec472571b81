"""What a trial's stream says, told as events."""

from dataclasses import dataclass

import ray
from ray.exceptions import (
    ActorDiedError,
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayActorError,
    RayTaskError,
)

from lstm_attn.reports import EpochReport
from search.records import (
    Ended,
    Event,
    Lost,
    Outcome,
    Quiet,
    Reported,
    StateGiven,
    WeightsGiven,
)
from search.workers.guard import Over
from search.workers.slot import RemotePayload, Slot, said

NODE_DIED = "its node has died"
"""Ray's words where a whole machine is gone, which no trial is to blame for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An event, and what becomes of the slot it is from."""

    event: Event
    trial_is_over: bool = False
    worker_is_fit: bool = True
    """Whether another trial may be sent to it."""


def read(slot: Slot) -> Heard:
    """Take the next item of a slot's stream; the loss of its worker is told as one."""
    assert slot.task is not None
    try:
        return _read(slot)
    except (OutOfMemoryError, RayTaskError) as error:
        kind = "out_of_memory" if isinstance(error, OutOfMemoryError) else "failed"
        outcome = Outcome(kind=kind, reason=said(error), best=None)  # type: ignore[arg-type]
        event: Event = _ended(slot, outcome)
    except (RayActorError, ObjectLostError, NodeDiedError) as error:
        reason = said(error).partition(". ")[0]  # what follows is advice about Ray
        died = isinstance(error, ActorDiedError) and NODE_DIED not in str(error)
        event = lost(slot, reason, blames_trial=died and not slot.missed and slot.was_heard)
    except StopIteration:
        reason = "its worker died between announcing a checkpoint and giving it"
        event = lost(slot, reason, blames_trial=True)
    return Heard(event=event, trial_is_over=True, worker_is_fit=False)


def lost(slot: Slot, reason: str, *, blames_trial: bool) -> Lost:
    """Tell that the worker of a slot in which a trial runs is gone."""
    assert slot.task is not None
    return Lost(
        number=slot.task.number,
        attempt=slot.task.attempt,
        reason=reason,
        blames_trial=blames_trial,
    )


def ended_by_force(slot: Slot, over: Over) -> Ended:
    """Tell that a trial past a limit, which did not end by itself, was ended with its worker."""
    kind, reason = over
    return _ended(slot, Outcome(kind=kind, reason=reason, best=None))


def _read(slot: Slot) -> Heard:
    """Take a message, or the bytes that the last one has announced."""
    assert slot.task is not None
    number, attempt = slot.task.number, slot.task.attempt
    item = next(slot.stream)
    announced, slot.announced = slot.announced, None
    match announced or ray.get(item):
        case EpochReport() as report:
            return Heard(event=Reported(number=number, attempt=attempt, report=report))
        case Outcome() as outcome if announced or outcome.best is None:
            weights = RemotePayload(item) if announced else None
            return Heard(
                event=_ended(slot, outcome, weights),
                trial_is_over=True,
                # One is about to be taken away, the other may hold on to its memory.
                worker_is_fit=outcome.kind not in ("handed_in", "out_of_memory"),
            )
        case ("state", int(epoch), int(step)) if announced:
            return Heard(
                event=StateGiven(
                    number=number,
                    attempt=attempt,
                    epoch=epoch,
                    step=step,
                    payload=RemotePayload(item),
                )
            )
        case ("weights", int(epoch), _) if announced:
            return Heard(
                event=WeightsGiven(
                    number=number, attempt=attempt, epoch=epoch, payload=RemotePayload(item)
                )
            )
        case message:
            slot.announced = message
            return Heard(event=Quiet())


def _ended(slot: Slot, outcome: Outcome, weights: RemotePayload | None = None) -> Ended:
    assert slot.task is not None
    return Ended(
        number=slot.task.number, attempt=slot.task.attempt, outcome=outcome, weights=weights
    )
