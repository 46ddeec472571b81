"""A trial that is being trained, or waits to be: what is known of it so far."""

import math
from dataclasses import dataclass, field

from lstm_attn.reports import EpochReport
from search.ranking import rank
from search.records import Outcome, Params
from search.spec import StudySpec
from search.twin import Pair


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
    losses: list[str] = field(default_factory=list)
    """Why its worker was lost, in a row without a new state, where that may be its own doing."""

    def take(self, report: EpochReport) -> None:
        """Take an epoch's report as the best one if it is."""
        if self.best is None or self._rank(report) < self._rank(self.best):
            self.best = report

    def settle(self, outcome: Outcome) -> EpochReport | None:
        """Settle the best epoch of a trial that has ended: none after a verdict counts."""
        last = self.epochs if self.pruned_at is None else self.pruned_at
        if outcome.best and outcome.best.epoch <= last:
            self.best = outcome.best
        return self.best

    def _rank(self, report: EpochReport) -> tuple[float, float, int]:
        loss = report.metrics.get(self.spec.loss, math.inf)
        value = report.metrics[self.spec.objective]
        return rank(value, loss, report.epoch, self.spec.direction)
