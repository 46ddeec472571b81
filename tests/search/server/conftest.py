"""A server over a queue in memory and coordinators that do what a test says."""

import errno
import io
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from search.errors import Outage
from search.server import loop
from search.server.child import Gone, Tell
from search.server.figures import Figures
from search.server.log import Log
from search.server.loop import Server
from search.server.messages import Message
from search.submissions import Submission
from tests.search.moods import MOODS, STUDY


class Queue:
    """Submissions in memory."""

    def __init__(self) -> None:
        self.rows: list[Submission] = []
        self.away = False

    def add(self, study: str) -> Submission:
        place = max((one.place for one in self.rows), default=0) + 1
        self.rows = [one for one in self.rows if one.study != study]
        self.rows.append(
            Submission(
                place=place,
                study=study,
                nonce=secrets.token_hex(16),
                given={},
                path="",
                checkpoints=None,
                state="waiting",
                reason="",
            )
        )
        return self.rows[-1]

    def all(self) -> list[Submission]:
        if self.away:
            raise Outage("the database is away")
        return list(self.rows)

    def settle(self, one: Submission, state: Any, reason: str) -> bool:
        if self.away:
            raise Outage("the database is away")
        for index, row in enumerate(self.rows):
            if (row.nonce, row.state) == (one.nonce, "waiting"):
                self.rows[index] = replace(row, state=state, reason=reason)
                return True
        return False

    def standing(self, study: str) -> tuple[str, str]:
        [one] = [one for one in self.rows if one.study == study]
        return one.state, one.reason


@dataclass
class Child:
    """A coordinator that remembers what it is told."""

    study: str
    ray: str
    tell: Tell
    deaf: bool
    shares: list[tuple[int, int]] = field(default_factory=list)
    dismissed: bool = False
    killed: bool = False

    def share(self, index: int, count: int) -> None:
        self.shares.append((index, count))

    def dismiss(self) -> None:
        self.dismissed = True
        if not self.deaf:
            self.ends("terminated")

    def kill(self) -> None:
        self.killed = True
        self.dies()

    def says(self, message: Message) -> None:
        self.tell(message)

    def ends(self, ending: str) -> None:
        self.tell({"event": "ended", "ending": ending})
        self.tell(Gone(code=0))

    def fails(self, error: str, *problems: str) -> None:
        self.tell({"event": "failed", "error": error, "problems": list(problems)})
        self.tell(Gone(code=0))

    def dies(self, code: int = -9) -> None:
        self.tell(Gone(code=code))


class Service:
    """A server, its queue and its children; the clock is the test's."""

    def __init__(self, studies: int) -> None:
        self.queue = Queue()
        self.begun: list[Child] = []
        self.now = 0.0
        self.pace = 0.0
        """Seconds that go by with each look at the clock."""
        self.elsewhere: set[str] = set()
        self.deaf: set[str] = set()
        self.crowded = False
        self.out = io.StringIO()
        self.ray: str | None = "one:6379"
        self.figures = Figures(clock=lambda: self.now)
        self.server = Server(
            submissions=self.queue,  # type: ignore[arg-type]
            is_run=self.elsewhere.__contains__,
            begin=self.begin,
            ray=lambda: self.ray,
            reach=self.reach,
            studies=studies,
            log=Log(self.out),
            figures=self.figures,
            clock=self.clock,
        )

    def clock(self) -> float:
        self.now += self.pace
        return self.now

    @contextmanager
    def reach(self) -> Iterator[None]:
        yield

    def begin(self, study: str, ray: str, tell: Tell) -> Child:
        if self.crowded:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        self.begun.append(Child(study, ray, tell, deaf=study in self.deaf))
        return self.begun[-1]

    def turn(self, seconds: float = 10.0) -> list[str]:
        """Let some time pass, and all that was said be heard; give what has begun."""
        before = len(self.begun)
        self.now += seconds
        while self.server.turn():
            pass
        return [child.study for child in self.begun[before:]]

    def child(self, study: str) -> Child:
        """Give the newest coordinator of a study."""
        return [child for child in self.begun if child.study == study][-1]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]


@pytest.fixture
def make_service(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Service]:
    monkeypatch.setattr(loop, "HEAR_SECONDS", 0.0)  # what is said, is said before
    return Service


@pytest.fixture
def service(make_service: Callable[..., Service]) -> Service:
    return make_service(2)


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    (tmp_path / "a.csv").write_text(MOODS)
    (tmp_path / "moods.toml").write_text(STUDY)
    return tmp_path / "moods.toml"
