"""How a submission stands after its coordinator has ended, and when it is begun again."""

from dataclasses import dataclass

from search.records import Ending, SubmissionState
from search.server.messages import Message

REST_SECONDS = (2.0, 60.0)
"""How long a study rests that could not run through no fault of its own: at first, at most."""
CRASHES = 5
"""Times in a row that a coordinator may die without an epoch before its study has ended."""
_NOT_ITS_FAULT = {"ClusterError", "DatabaseTrouble", "Outage", "StorageError", "StoreError"}
"""Errors of database, store or Ray, after which a study is begun again."""
_TAKEN = {"LeaseLost", "StudyElsewhere"}
"""Errors where another runs the study, which its lease says as well."""
_DONE = {Ending.SPENT, Ending.EXHAUSTED}
_LATER = {Ending.INTERRUPTED, Ending.TERMINATED}


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a coordinator has ended."""

    code: int
    """Its exit code; negative where a signal has ended it."""
    last: Message | None = None
    """How it says that it has ended; None where it died before."""
    said: str = ""
    """The last line that was no message, as a traceback's."""
    epochs: int = 0
    """Those that it has reported."""
    let_go: bool = False
    """Whether its server had told it to end, or its Ray was gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Before a study is begun again."""

    seconds: float
    crashes: int
    """Deaths in a row without an epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a submission stands."""

    state: SubmissionState
    reason: str = ""
    rest: Rest | None = None
    """None where it may be begun at once."""


_UNWANTED = Verdict(state="ended", reason="somebody has stopped or deleted it")


def verdict(end: End, former: Rest | None, *, unwanted: bool = False) -> Verdict:
    """Judge how a submission stands after its coordinator has ended.

    Arguments:
        end: the coordinator's.
        former: the study's last rest; None where it has had none.
        unwanted: whether somebody has taken it off the queue meanwhile.
    """
    found = _found(end, former)
    return _UNWANTED if unwanted and found.state == "waiting" else found


def _found(end: End, former: Rest | None) -> Verdict:
    former = None if end.epochs else former
    match end.last:
        case {"event": "ended", "ending": ending}:
            return _ended(Ending[ending.upper()])
        case {"event": "failed", "error": error} if error in _TAKEN:
            return Verdict(state="waiting")
        case {"event": "failed", "error": error, "problems": problems}:
            reason = "\n".join(problems)
            if error not in _NOT_ITS_FAULT:
                return Verdict(state="ended", reason=reason)
            return Verdict(state="waiting", reason=reason, rest=_longer(former, crashes=0))
    return Verdict(state="waiting") if end.let_go else _died(end, former)


def cannot_begin(error: OSError, former: Rest | None) -> Verdict:
    """Judge how a submission stands whose coordinator could not be started."""
    reason = f"no process can be started for it: {error.strerror}"
    return Verdict(state="waiting", reason=reason, rest=_longer(former, crashes=0))


def _died(end: End, former: Rest | None) -> Verdict:
    how = f"signal {-end.code}" if end.code < 0 else end.said or f"exit code {end.code}"
    reason = f"its coordinator has died: {how}"
    rest = _longer(former, crashes=int(not end.epochs))
    if rest.crashes < CRASHES:
        return Verdict(state="waiting", reason=reason, rest=rest)
    return Verdict(state="ended", reason=f"{reason}, {CRASHES} times in a row without an epoch")


def _ended(ending: Ending) -> Verdict:
    if ending in _LATER:
        return Verdict(state="waiting")
    return Verdict(state="done" if ending in _DONE else "ended", reason=ending.value)


def _longer(former: Rest | None, *, crashes: int) -> Rest:
    """Rest twice as long as before."""
    first, most = REST_SECONDS
    seconds = min(2 * former.seconds, most) if former else first
    return Rest(seconds=seconds, crashes=(former.crashes if former else 0) + crashes)
