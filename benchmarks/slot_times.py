"""When the slots of a launch trained and when they didn't, from the facts that the launch tells."""

import time
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from search.records import Ended, Fact, Quiet, Reported, Started, Told, TrialSummary


class Span(NamedTuple):
    """A stretch of time, in seconds."""

    start: float
    end: float


class Watcher:
    """Watches a launch in which nothing is lost, and notes when it is told what.

    An epoch ends when its report is told and began as long before as the report says; both are
    late by what it takes to write a report down. The coordinator fills a slot before it listens
    again: a start that is told next after an end is in the same slot, and an end that is followed
    by anything else has left its slot idle for good.

    Arguments:
        clock: gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.told: list[TrialSummary] = []
        self._clock = clock
        self._starts: list[float] = []
        self._epochs: dict[int, dict[int, Span]] = defaultdict(dict)
        self._just_left: tuple[int, float] | None = None
        self._followed: list[tuple[int, int]] = []
        self._idle_since: float | None = None

    def __call__(self, fact: Fact) -> None:
        """Take note of a fact."""
        now = self._clock()
        if isinstance(fact, Started):
            self._starts.append(now)
            if self._just_left:
                self._followed.append((self._just_left[0], fact.number))
                self._just_left = None
        elif isinstance(fact, Reported | Ended | Quiet) and self._just_left:
            self._idle_since = self._idle_since or self._just_left[1]
            self._just_left = None
        match fact:
            case Reported(number=number, report=report):
                self._epochs[number][report.epoch] = Span(now - report.seconds, now)
            case Ended(number=number):
                self._just_left = number, now
            case Told(trial=trial):
                self.told.append(trial)

    def share_inside_fit(self, slots: int) -> float:
        """Give the share of slot seconds in recorded epochs, from first start to first idle slot.

        Arguments:
            slots: how many there are.
        """
        began = self._starts[0]
        over = self._idle_since or self._clock()
        trained = sum(
            max(0.0, min(span.end, over) - max(span.start, began))
            for trial in self.told
            for epoch, span in self._epochs[trial.number].items()
            if epoch in trial.curve
        )
        return trained / (slots * (over - began))

    def between(self) -> list[float]:
        """Give the seconds from a trial's last recorded epoch to the next trial's first one.

        Trials without an epoch, which diverged in their first, are passed over.
        """
        last = {trial.number: max(trial.curve) for trial in self.told if trial.curve}
        return [
            self._epochs[after][1].start - self._epochs[before][last[before]].end
            for before, after in self._followed
            if before in last and 1 in self._epochs[after]
        ]
