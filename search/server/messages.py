"""What a coordinator tells its server: facts as values that JSON holds, and how it has ended."""

from typing import Any

from search.records import (
    Blocked,
    Ended,
    Fact,
    Launched,
    Lost,
    Opened,
    Reported,
    Slots,
    Started,
    Stopping,
    Told,
    TrialState,
    Unblocked,
    Unwritten,
    Waiting,
)

Message = dict[str, Any]
"""What happened, under `event`, and its figures."""

_TREES = ("search.errors", "lstm_attn.errors")
"""Where the errors are that are known by name."""
STATES: tuple[TrialState, ...] = ("running", "complete", "pruned", "failed")


def message(fact: Fact) -> Message | None:  # noqa: C901, PLR0911 - one line a fact
    """Tell a fact; None of those that are of no use to who looks from afar."""
    match fact:
        case Opened(study=study):
            trials = {state: study.count(state) for state in STATES}
            return {"event": "opened", "budget": study.budget, "trials": trials}
        case Started(number=number, params=params, epoch=epoch, where=where):
            started = {"event": "trial started", "trial": number, "epoch": epoch, "where": where}
            return {**started, **_plain(params)}
        case Reported(number=number, report=report):
            scores = {"training_loss": report.training_loss, **report.metrics}
            return {"event": "epoch", "trial": number, "epoch": report.epoch, "metrics": scores}
        case Told(trial=trial):
            return {
                "event": "trial ended",
                "trial": trial.number,
                "state": trial.state,
                "value": trial.value,
                "best_epoch": trial.best_epoch,
                "reason": trial.reason,
            }
        case Ended(number=number, outcome=outcome) if outcome.kind == "handed_in":
            return {"event": "trial handed in", "trial": number}
        case Lost(number=number, reason=reason):
            return {"event": "trial lost", "trial": number, "reason": reason}
        case Slots(ready=ready, waiting=waiting, lacking=lacking):
            said = {"event": "slots", "ready": ready, "waiting": waiting}
            return {**said, "lacking": lacking} if lacking else said
        case Blocked(problem=problem, seconds=seconds):
            return {"event": "blocked", "problem": problem, "waits_seconds": seconds}
        case Unblocked(seconds=seconds):
            return {"event": "unblocked", "after_seconds": seconds}
        case Unwritten(reports=reports):
            return {"event": "unwritten", "reports": reports}
        case Stopping(ending=ending):
            return {"event": "stopping", "ending": ending.name.lower()}
        case Waiting(owner=owner, seconds=seconds):
            return {"event": "waiting", "owner": owner, "seconds": seconds}
    return None


def ended(launched: Launched) -> Message:
    """Tell how a launch has ended."""
    return {"event": "ended", "ending": launched.ending.name.lower()}


def failed(error: Exception, problems: tuple[str, ...]) -> Message:
    """Tell which error of the trees has ended a launch."""
    known = (one.__name__ for one in type(error).__mro__ if one.__module__ in _TREES)
    return {"event": "failed", "error": next(known, "SearchError"), "problems": list(problems)}


def _plain(params: Any) -> Message:  # noqa: ANN401 - a mapping of plain values
    return {"params": dict(params)}
