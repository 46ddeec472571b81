"""A trial that is being trained, or waits to be: what is known of it so far."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lstm_attn.reports import EpochReport
from search import strategy, summaries
from search.ranking import rank
from search.records import Outcome, Params, TrialSummary, TrialTask
from search.spec import StudySpec
from search.twin import Pair

LOSSES = 3
"""Losses of its worker in a row, without a new state, after which a trial is told FAIL."""

Kept = Callable[[], Sequence[EpochReport]]
"""Reads the best epochs whose weights the checkpoints of a trial hold."""


def nothing_kept() -> Sequence[EpochReport]:
    """Hold no checkpoints."""
    return ()


@dataclass(slots=True, kw_only=True)
class Running:
    """One trial that is RUNNING in SQL."""

    pair: Pair
    params: Params
    threads: int
    spec: StudySpec
    """Its study's."""
    epochs: int = 0
    """The last epoch that is recorded."""
    best: EpochReport | None = None
    """The best of the recorded epochs, as far as it is known."""
    pruned_at: int | None = None
    """The epoch of a verdict to prune; nothing after it counts."""
    attempt: int = 0
    reached: int = 0
    """The last epoch that this attempt has reported; 0 before its first."""
    losses: list[str] = field(default_factory=list)
    """Why its worker was lost, in a row without a new state, where that may be its own doing."""

    @classmethod
    def adopted(
        cls, pair: Pair, recorded: TrialSummary, *, threads: int, spec: StudySpec
    ) -> "Running":
        """Take on a trial that another coordinator has left RUNNING, as far as it is recorded."""
        return cls(
            pair=pair,
            params=recorded.params,
            threads=threads,
            spec=spec,
            epochs=max(recorded.curve, default=0),
            best=summaries.best_of_curve(recorded),
        )

    @property
    def has_caught_up(self) -> bool:
        """Whether this attempt has reported an epoch that is no earlier than any recorded."""
        return self.reached >= self.epochs

    def task(self) -> TrialTask:
        """Give what a worker needs to train it, but for a state to go on from."""
        model, training = self.spec.space.configure(self.params)
        return TrialTask(
            number=self.pair.number,
            attempt=self.attempt,
            model=model,
            training=training,
            seed=strategy.seed_of(self.pair.number, seed=self.spec.seed),
            threads=self.threads,
        )

    def lose(self, reason: str, *, blames_trial: bool) -> str | None:
        """Note that an attempt has come to nothing; the next goes on from a state.

        Returns:
            why there is to be no next one; None where there is.
        """
        self.attempt += 1
        self.reached = 0
        if blames_trial:
            self.losses.append(reason)
        if len(self.losses) < LOSSES:
            return None
        said = "; ".join(dict.fromkeys(self.losses))
        return f"its worker was lost {LOSSES} times in a row: {said}"

    def take(self, report: EpochReport) -> None:
        """Take an epoch's report as the best one if it is."""
        if self.best is None or self._rank(report) < self._rank(self.best):
            self.best = report

    def settle(self, outcome: Outcome, kept: Kept = nothing_kept) -> EpochReport | None:
        """Settle the best epoch of a trial that ends: of those whose weights are there.

        Arguments:
            outcome: how it has ended in its worker, which gives the weights of its best epoch.
            kept: asked where that isn't the best one known, as where the trial ends before it has
                caught up; where nothing is there either, the best one known stays.
        """
        last = self.epochs if self.pruned_at is None else self.pruned_at
        given = [one for one in (outcome.best,) if one and one.epoch <= last]
        if given and self._is_best(given[0]):
            self.best = given[0]
        else:
            there = [*given, *(one for one in kept() if one.epoch <= last)]
            self.best = min(there, key=self._rank, default=self.best)
        return self.best

    def _is_best(self, report: EpochReport) -> bool:
        """Tell whether a report is of the best epoch known, and gives it the same value."""
        if self.best is None or self.best.epoch != report.epoch:
            return False
        objective = self.spec.objective
        return self.best.metrics[objective] == report.metrics[objective]

    def _rank(self, report: EpochReport) -> tuple[float, float, int]:
        loss = report.metrics.get(self.spec.loss, math.inf)
        value = report.metrics[self.spec.objective]
        return rank(value, loss, report.epoch, self.spec.direction)
