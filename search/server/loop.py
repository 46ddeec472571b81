"""The loop of a service: begin what waits, hear what runs, note how it ends."""

import queue
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from search.errors import Outage, StorageError
from search.patience import StopSignal
from search.records import Ending, SubmissionState
from search.server.child import Child, Gone, Tell
from search.server.figures import Figures
from search.server.log import Log
from search.server.messages import Message
from search.submissions import Submission, Submissions

LOOK_SECONDS = 2.0
"""How often the queue is looked into."""
HEAR_SECONDS = 0.2
"""How long a word is waited for before the queue gets its turn."""
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


@dataclass(slots=True, kw_only=True)
class _Run:
    """A study that runs here."""

    submission: Submission
    child: Child
    dismissed: bool = False
    last: Message | None = None
    """How its coordinator says that it has ended."""
    said: str = ""
    """The last line that was no message, as a traceback's."""
    epochs: int = 0


@dataclass(slots=True, kw_only=True)
class _Rest:
    """A study that is to be tried again."""

    until: float
    pause: float
    crashes: int


@dataclass(slots=True, kw_only=True)
class Server:
    """Runs submitted studies, first come first served."""

    submissions: Submissions
    is_run: Callable[[str], bool]
    """Tells whether somebody holds a study's lease."""
    begin: Callable[[str, Tell], Child]
    """Starts a study's coordinator."""
    reach: Callable[[], AbstractContextManager[None]]
    """Tells the database's troubles in our words."""
    studies: int
    """The most that run at a time."""
    log: Log
    figures: Figures
    clock: Callable[[], float] = time.monotonic
    _running: dict[str, _Run] = field(default_factory=dict)
    _resting: dict[str, _Rest] = field(default_factory=dict)
    _heard: queue.SimpleQueue[tuple[str, Message | Gone]] = field(default_factory=queue.SimpleQueue)
    _unwritten: list[tuple[Submission, SubmissionState, str]] = field(default_factory=list)
    """How studies have ended, as far as the database doesn't know it yet."""
    _looked: float | None = None
    _unreachable: str = ""

    def run(self, stop: StopSignal) -> Ending:
        """Serve until someone asks to stop; coordinators then hand in and end."""
        while (why := stop.asked()) is None:
            self.turn()
        self.log("stopping", ending=why.name.lower())
        for run in self._running.values():
            self._dismiss(run)
        while self._running:
            self._hear(LOOK_SECONDS, begins=False)
        self._bravely(self._write)
        self.log("stopped")
        return why

    def turn(self) -> bool:
        """Look into the queue when it is time; hear what a coordinator says, if one does."""
        if self._looked is None or self.clock() - self._looked >= LOOK_SECONDS:
            self._looked = self.clock()
            self._bravely(self._look)
        return self._hear(HEAR_SECONDS)

    def close(self) -> None:
        """End all coordinators at once: their studies are as safe as after a crash."""
        for run in self._running.values():
            run.child.kill()

    def _look(self) -> None:
        """Write how studies have ended; begin what waits as far as there is room."""
        self._write()
        found = self.submissions.all()
        self._count(found)
        self._dismiss_ended(found)
        before = len(self._running)
        for one in found:
            if len(self._running) >= self.studies:
                break
            if one.state == "waiting" and self._may_begin(one):
                self._begin(one)
        if len(self._running) != before:
            self._share()

    def _dismiss_ended(self, found: list[Submission]) -> None:
        """Let go of studies that were ended just as they began, too early for their lease."""
        wanted = {one.study for one in found if one.state == "waiting"}
        for study, run in self._running.items():
            if study not in wanted:
                self._dismiss(run)

    @staticmethod
    def _dismiss(run: _Run) -> None:
        if not run.dismissed:
            run.dismissed = True
            run.child.dismiss()

    def _may_begin(self, one: Submission) -> bool:
        rest = self._resting.get(one.nonce)
        if one.study in self._running or (rest and self.clock() < rest.until):
            return False
        return not self.is_run(one.study)

    def _begin(self, one: Submission) -> None:
        self.log("begun", study=one.study)
        self.figures.began(one.study)

        def tell(said: Message | Gone, study: str = one.study) -> None:
            self._heard.put((study, said))

        self._running[one.study] = _Run(submission=one, child=self.begin(one.study, tell))

    def _share(self) -> None:
        """Tell each study its part of the cluster."""
        for index, run in enumerate(self._running.values()):
            run.child.share(index, len(self._running))

    def _write(self) -> None:
        """Write how studies have ended."""
        while self._unwritten:
            self.submissions.settle(*self._unwritten[0])
            del self._unwritten[0]

    def _hear(self, seconds: float, *, begins: bool = True) -> bool:
        """Take one thing that was said, waiting for a moment; tell whether there was any."""
        try:
            study, said = self._heard.get(timeout=seconds)
        except queue.Empty:
            return False
        run = self._running[study]
        if isinstance(said, Gone):
            self._settle(run, said.code)
            if begins:  # there is room for another
                self._bravely(self._look)
            return True
        self.log(said["event"], study=study, **{k: v for k, v in said.items() if k != "event"})
        self.figures.take(study, said)
        match said["event"]:
            case "ended" | "failed":
                run.last = said
            case "epoch":
                run.epochs += 1
            case "said":
                run.said = said["line"]
        return True

    def _settle(self, run: _Run, code: int) -> None:
        """Note how a study has come to an end, or let it rest until it is begun again."""
        one = run.submission
        state, reason = self._verdict(run, code)
        if (state, reason) != ("waiting", one.reason):
            self._unwritten.append((one, state, reason))
        del self._running[one.study]
        self.figures.ended(one.study)
        self.log("gone", study=one.study, state=state, reason=reason, code=code)
        self._share()

    def _verdict(self, run: _Run, code: int) -> tuple[SubmissionState, str]:
        """Tell how a submission stands after its coordinator has ended, and why."""
        match run.last:
            case {"event": "ended", "ending": ending}:
                return _ended(Ending[ending.upper()])
            case {"event": "failed", "error": error, "problems": problems}:
                if error in _TAKEN:
                    return "waiting", ""
                if error in _NOT_ITS_FAULT:
                    self._rest(run, crashed=False)
                return "waiting" if error in _NOT_ITS_FAULT else "ended", "\n".join(problems)
        how = f"signal {-code}" if code < 0 else run.said or f"exit code {code}"
        reason = f"its coordinator has died: {how}"
        if self._rest(run, crashed=True) < CRASHES:
            return "waiting", reason
        return "ended", f"{reason}, {CRASHES} times in a row without an epoch"

    def _rest(self, run: _Run, *, crashed: bool) -> int:
        """Let a study rest, longer each time; count the crashes without an epoch in a row."""
        former = None if run.epochs else self._resting.get(run.submission.nonce)
        first, most = REST_SECONDS
        pause = min(2 * former.pause, most) if former else first
        crashes = (former.crashes if former else 0) + (crashed and not run.epochs)
        rest = _Rest(until=self.clock() + pause, pause=pause, crashes=crashes)
        self._resting[run.submission.nonce] = rest
        return crashes

    def _bravely(self, work: Callable[[], None]) -> None:
        """Do what needs the database; while that is away, coordinators wait for it themselves."""
        try:
            with self.reach():
                work()
        except (Outage, StorageError) as error:
            if str(error) != self._unreachable:
                self._unreachable = str(error)
                self.log("database unreachable", problem=self._unreachable)
        else:
            if self._unreachable:
                self._unreachable = ""
                self.log("database reached")

    def _count(self, found: list[Submission]) -> None:
        states = dict.fromkeys(("waiting", "running", "done", "ended"), 0)
        for one in found:
            states["running" if one.study in self._running else one.state] += 1
        self.figures.saw_queue(states)


def _ended(ending: Ending) -> tuple[SubmissionState, str]:
    """Tell how a submission stands after a launch that came to its end, and why."""
    if ending in _LATER:
        return "waiting", ""
    return "done" if ending in _DONE else "ended", ending.value
