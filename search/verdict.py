"""What a study has come to beside its baselines and defaults, in numbers and in words."""

from collections.abc import Sequence

from search.records import BaselineScore, ReplayedEpoch, StudySummary, TrialSummary
from search.words import number


def beats_strong(study: StudySummary) -> bool | None:
    """Tell whether the best trial beats the strong baseline; None where one of them is missing."""
    if study.strong is None or not study.leaders:
        return None
    value = study.leaders[0].value
    assert value is not None
    return study.better(value, study.strong.validation[study.objective])


def best_default(study: StudySummary) -> TrialSummary | None:
    """Give the best of the defaults; None where none has ended an epoch."""
    return next((trial for trial in study.leaders if trial.default), None)


def verdict(study: StudySummary) -> str:
    """Say in words how the best trial stands to the strong baseline and to the defaults."""
    if not study.leaders:
        return ""
    leader = study.leaders[0]
    said, strong = [], study.strong
    if strong is not None:
        score = number(strong.validation[study.objective])
        if beats_strong(study):
            said.append(f"On validation rows the best trial beats {strong.name} ({score}).")
        else:
            said.append(
                f"On validation rows the best trial ({number(leader.value)}) does not beat "
                f"{strong.name} ({score}): the simple model is as good or better."
            )
    if leader.default:
        said.append("It is one of the defaults: the search has found nothing better yet.")
    return " ".join(said)


def baselines_in_words(baselines: Sequence[BaselineScore], objective: str) -> str:
    """Write baselines on a line: `0.9860 logistic regression (strong), 0.1111 majority`."""
    strong_first = sorted(baselines, key=lambda one: not one.strong)
    return ", ".join(
        f"{number(one.validation.get(objective))} {one.name}{' (strong)' if one.strong else ''}"
        for one in strong_first
    )


def same(epochs: Sequence[ReplayedEpoch]) -> bool:
    """Tell whether epochs came out as recorded, to the last bit."""
    return all(epoch.recorded == epoch.replayed for epoch in epochs)
