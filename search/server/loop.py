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
from search.server.verdicts import End, Rest, Verdict, cannot_begin, verdict
from search.submissions import Submission, Submissions

LOOK_SECONDS = 2.0
"""How often the queue is looked into."""
HEAR_SECONDS = 0.2
"""How long a word is waited for before the queue gets its turn."""
LET_GO_SECONDS = 80.0
"""How long a coordinator that is told to end may take, and all of them when the server ends."""
KILLED_SECONDS = 2.0
"""How long the end of those that were killed then is waited for."""


@dataclass(slots=True, kw_only=True)
class _Run:
    """A study that runs here."""

    submission: Submission
    ray: str
    """The address of its Ray."""
    child: Child
    let_go: float | None = None
    """When it was told to end, by the clock; None: not yet."""
    unwanted: bool = False
    """Whether that was because somebody has ended or deleted its study."""
    killed: bool = False
    last: Message | None = None
    """How its coordinator says that it has ended."""
    said: str = ""
    """The last line that was no message, as a traceback's."""
    epochs: int = 0


@dataclass(slots=True, kw_only=True)
class Server:
    """Runs submitted studies, first come first served."""

    submissions: Submissions
    is_run: Callable[[str], bool]
    """Tells whether somebody holds a study's lease."""
    begin: Callable[[str, str, Tell], Child]
    """Starts a study's coordinator in the Ray at an address."""
    ray: Callable[[], str | None]
    """Gives the address of the Ray there is now; None while there is none."""
    reach: Callable[[], AbstractContextManager[None]]
    """Tells the database's troubles in our words."""
    studies: int
    """The most that run at a time."""
    log: Log
    figures: Figures
    clock: Callable[[], float] = time.monotonic
    _running: dict[str, _Run] = field(default_factory=dict)
    _resting: dict[str, tuple[float, Rest]] = field(default_factory=dict)
    """Until when what was submitted rests."""
    _heard: queue.SimpleQueue[tuple[str, Message | Gone]] = field(default_factory=queue.SimpleQueue)
    _unwritten: list[tuple[Submission, SubmissionState, str]] = field(default_factory=list)
    """How studies have ended, as far as the database doesn't know it yet."""
    _looked: float | None = None
    _unreachable: str = ""

    def run(self, stop: StopSignal) -> Ending:
        """Serve until someone asks to stop; coordinators then hand in and end, or are killed."""
        while (why := stop.asked()) is None:
            self.turn()
        self.log("stopping", ending=why.name.lower())
        for run in self._running.values():
            self._let_go(run)
        until = self.clock() + LET_GO_SECONDS + KILLED_SECONDS
        while self._running and self.clock() < until:
            self._hear(HEAR_SECONDS, begins=False)
            self._kill_late()
        self._bravely(self._write)
        self.log("stopped")
        return why

    def turn(self) -> bool:
        """Look into the queue when it is time; hear what a coordinator says, if one does."""
        if self._looked is None or self.clock() - self._looked >= LOOK_SECONDS:
            self._looked = self.clock()
            self._leave_lost_ray()
            self._kill_late()
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
        self._let_go_ended(found)
        before, ray = len(self._running), self.ray()
        for one in found:
            if ray is None or len(self._running) >= self.studies:
                break
            if one.state == "waiting" and self._may_begin(one):
                self._begin(one, ray)
        if len(self._running) != before:
            self._share()

    def _let_go_ended(self, found: list[Submission]) -> None:
        """Let go of studies that were ended just as they began, too early for their lease."""
        wanted = {one.study for one in found if one.state == "waiting"}
        for study, run in self._running.items():
            if study not in wanted:
                run.unwanted = True
                self._let_go(run)

    def _leave_lost_ray(self) -> None:
        """Let go of studies whose Ray is gone, to be begun in the one that comes in its place."""
        ray = self.ray()
        for run in self._running.values():
            if run.ray != ray:
                self._let_go(run)

    def _let_go(self, run: _Run) -> None:
        if run.let_go is None:
            run.let_go = self.clock()
            run.child.dismiss()

    def _kill_late(self) -> None:
        """End those that take too long to end by themselves: they are as safe as after a crash."""
        for study, run in self._running.items():
            late = run.let_go is not None and self.clock() - run.let_go >= LET_GO_SECONDS
            if late and not run.killed:
                self.log("killed", study=study, after_seconds=LET_GO_SECONDS)
                run.killed = True
                run.child.kill()

    def _may_begin(self, one: Submission) -> bool:
        until, _ = self._resting.get(one.nonce, (0.0, None))
        if one.study in self._running or self.clock() < until:
            return False
        return not self.is_run(one.study)

    def _begin(self, one: Submission, ray: str) -> None:
        def tell(said: Message | Gone, study: str = one.study) -> None:
            self._heard.put((study, said))

        try:
            child = self.begin(one.study, ray, tell)
        except OSError as error:  # no room for another process
            self._note(one, cannot_begin(error, self._rested(one)))
            return
        self.log("begun", study=one.study)
        self.figures.began(one.study)
        self._running[one.study] = _Run(submission=one, ray=ray, child=child)

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
        let_go = run.let_go is not None or run.ray != self.ray()
        end = End(code=code, last=run.last, said=run.said, epochs=run.epochs, let_go=let_go)
        found = verdict(end, self._rested(one), unwanted=run.unwanted)
        del self._running[one.study]
        self.figures.ended(one.study)
        self.log("gone", study=one.study, state=found.state, reason=found.reason, code=code)
        self._note(one, found)
        self._share()

    def _note(self, one: Submission, found: Verdict) -> None:
        """Take a verdict, which is written with the next look."""
        if (found.state, found.reason) != ("waiting", one.reason):
            self._unwritten.append((one, found.state, found.reason))
        if found.rest:
            self._resting[one.nonce] = (self.clock() + found.rest.seconds, found.rest)

    def _rested(self, one: Submission) -> Rest | None:
        """Give the last rest of what was submitted."""
        return self._resting.get(one.nonce, (0.0, None))[1]

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
