"""What is known of an export's worth: recorded, scored again, beside the baselines, on test."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lstm_attn.verify import Score, Verified
from search.records import Against, BaselineScore, StudySummary, TrialSummary

Rows = Literal["validation", "test"]
ROWS: tuple[Rows, ...] = ("validation", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """One trial's scores, all on the same rows as everyone's in its study."""

    study: StudySummary
    """The trial's."""
    trial: TrialSummary
    """What was exported."""
    rank: int
    """Its place among the trials that have ended an epoch, from 1."""
    epoch: int
    """The epoch whose weights were exported."""
    recorded: Mapping[str, float]
    """Every metric on the validation rows that rank, as recorded while it was trained."""
    verified: Verified
    """Scored again in a fresh process."""
    test: Score | None
    """On test rows, scored once for these weights; None where nothing is held out."""

    @property
    def compared(self) -> int:
        """Trials that were compared by their validation scores."""
        return len(self.study.leaders)

    def value(self, rows: Rows) -> float | None:
        """Give the objective: on validation rows as recorded, on test as scored."""
        if rows == "validation":
            return self.recorded[self.study.objective]
        return self.test.metrics[self.study.objective] if self.test else None

    def baseline_value(self, baseline: BaselineScore, rows: Rows) -> float | None:
        """Give a baseline's objective on the same rows."""
        metrics = baseline.validation if rows == "validation" else baseline.test
        return metrics[self.study.objective] if metrics else None

    def against_strong(self) -> dict[str, Against]:
        """Set the objective beside the strong baseline's, on rows where both have one."""
        strong, found = self.study.strong, dict[str, Against]()
        if strong is None:
            return found
        for rows in ROWS:
            mine, other = self.value(rows), self.baseline_value(strong, rows)
            if mine is not None and other is not None:
                beaten = self.study.better(mine, other)
                found[rows] = Against(baseline=strong.name, score=other, beaten=beaten)
        return found

    @property
    def optimism(self) -> str:
        """Say how far the validation score is to be trusted."""
        by = (
            "the epoch was chosen"
            if self.compared == 1
            else f"{self.compared} trials were compared"
        )
        unseen = "Nothing was chosen by test rows." if self.test else "No test rows were held out."
        return f"The validation score is optimistic: {by} by it. {unseen}"

    def to_json(self) -> dict[str, Any]:
        """Give all of it as values that JSON can hold."""
        verified, against = self.verified, self.against_strong()
        return {
            "study": self.study.name,
            "trial": self.trial.number,
            "state": self.trial.state,
            "epoch": self.epoch,
            "objective": self.study.objective,
            "direction": self.study.direction,
            "rank": self.rank,
            "compared": self.compared,
            "note": self.optimism,
            "validation": {
                "rows": verified.ranked.rows,
                "recorded": _plain(self.recorded),
                "verified": _plain(verified.ranked.metrics),
            },
            "validation_all_rows": {
                "rows": verified.validation.rows,
                "metrics": _plain(verified.validation.metrics),
            },
            "test": self._test(),
            "baselines": [
                {
                    "name": baseline.name,
                    "strong": baseline.strong,
                    "validation": _plain(baseline.validation),
                    "test": baseline.test and _plain(baseline.test),
                }
                for baseline in self.study.baselines
            ],
            "beats_strong_baseline": {
                rows: against[rows].beaten if rows in against else None for rows in ROWS
            },
        }

    def _test(self) -> dict[str, Any] | None:
        if self.test is None or self.test.interval is None:
            return None
        low, high = self.test.interval
        return {
            "rows": self.test.rows,
            "metrics": _plain(self.test.metrics),
            "interval": {
                "metric": self.study.objective,
                "level": 0.95,
                **_plain({"low": low, "high": high}),
            },
        }


def _plain(metrics: Mapping[str, float]) -> dict[str, float | None]:
    """Give numbers as JSON can hold them: what isn't finite is null."""
    return {name: value if math.isfinite(value) else None for name, value in metrics.items()}
