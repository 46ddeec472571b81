"""Studies and trials as the database holds them, read back as values.

Our facts stand in user attributes: two of the study, four of a trial from its creation, one
written before it is told. Everything else is Optuna's own.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from lstm_attn.config import ModelConfig
from lstm_attn.reports import EpochReport
from search.picked import is_point, point
from search.ranking import rank
from search.records import BaselineScore, Outcome, Params, StudySummary, TrialSummary
from search.records import TrialState as State
from search.space import Space
from search.spec import StudySpec
from search.strategy import DEFAULT_TRIAL

STUDY = "lstm_attn_search"
"""The study's attribute: its own id, spec, data and baselines."""
NONCE = "nonce"
"""A trial's attribute: random, looked up before its creation is tried again."""
THREADS = "threads"
"""A trial's attribute: CPU threads it computes with."""
PARAMETERS = "parameters"
"""A trial's attribute: numbers that training sets."""
NOTE = "result"
"""A trial's attribute: the best epoch with its metrics, why the trial ended, and where."""

PRUNED = "pruned"
"""The kind of end that a verdict to prune brings; all others are outcomes."""
TOLD_BY_OTHERS = "told by someone else"
"""Why a trial ended of which we have written nothing."""

_STATES: dict[TrialState, State] = {
    TrialState.RUNNING: "running",
    TrialState.WAITING: "running",
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}


def final_state(outcome: Outcome, *, pruned: bool) -> TrialState:
    """Tell the state a trial ends in; a verdict to prune outweighs what came after it."""
    if pruned or outcome.kind in ("stopped", "diverged", "out_of_memory", "out_of_time"):
        return TrialState.PRUNED
    return TrialState.COMPLETE if outcome.kind == "completed" else TrialState.FAIL


def attributes(spec: StudySpec, params: Params) -> dict[str, Any]:
    """Write what a trial's attributes say from its creation."""
    from lstm_attn.models import parameter_count

    model, _ = spec.space.configure(params)
    return {THREADS: spec.threads, PARAMETERS: parameter_count(model)}


def weights(trial: TrialSummary, space: Space) -> int | None:
    """Give how many numbers training sets; None where the trial is no point of the space.

    Of a trial that an older version has written they are counted anew.
    """
    if trial.parameters is not None:
        return trial.parameters
    if not is_point(trial.params, space):
        return None
    model, _ = space.configure({**trial.params, "dropout": 0.0})  # which has no weights
    return _counted(model)


@lru_cache(maxsize=1000)
def _counted(model: ModelConfig) -> int:
    """Count a model's weights; trials of one size share the count."""
    from lstm_attn.models import parameter_count  # torch, which newer trials need no more

    return parameter_count(model)


def note(
    outcome: Outcome, best: EpochReport | None, *, pruned_at: int | None, epochs: int
) -> dict[str, Any]:
    """Write what a trial's result attribute says."""
    reason = f"pruned at epoch {pruned_at}" if pruned_at is not None else outcome.reason
    return {
        "kind": outcome.kind if pruned_at is None else PRUNED,
        "reason": reason,
        "epochs": epochs,
        "best_epoch": best.epoch if best else None,
        "metrics": dict(best.metrics) if best else {},
        "device": outcome.device,
        "host": outcome.host,
    }


def trial_summary(
    frozen: FrozenTrial, spec: StudySpec, *, number: int | None = None
) -> TrialSummary:
    """Read one trial.

    Arguments:
        frozen: the trial, of the database or of memory.
        spec: its study's.
        number: SQL's number, where `frozen` is of memory.
    """
    result: Mapping[str, Any] = frozen.user_attrs.get(NOTE, {})
    curve = dict(sorted(frozen.intermediate_values.items()))
    metrics = result.get("metrics", {})
    epoch, value = result.get("best_epoch"), metrics.get(spec.objective)
    if not result and curve:
        epoch = min(curve, key=lambda step: rank(curve[step], 0.0, step, spec.direction))
        value = curve[epoch]
        metrics = {spec.objective: value}
    state = _STATES[frozen.state]
    return TrialSummary(
        number=frozen.number if number is None else number,
        state=state,
        params=dict(frozen.params),
        curve=curve,
        best_epoch=epoch,
        value=value,
        metrics=metrics,
        reason=result.get("reason", "" if state == "running" else TOLD_BY_OTHERS),
        default=bool(frozen.user_attrs.get(DEFAULT_TRIAL)),
        device=result.get("device", ""),
        host=result.get("host", ""),
        kind=result.get("kind", ""),
        epochs=result.get("epochs", max(curve, default=0)),
        parameters=frozen.user_attrs.get(PARAMETERS),
        seconds=frozen.duration.total_seconds() if frozen.duration else None,
    )


def best_of_curve(trial: TrialSummary) -> EpochReport | None:
    """Give what is known of a running trial's best epoch from its curve alone: the objective."""
    if trial.best_epoch is None:
        return None
    return EpochReport(
        epoch=trial.best_epoch,
        training_loss=math.nan,
        metrics=trial.metrics,
        seconds=0.0,
        rows_per_second=0.0,
    )


def study_summary(
    name: str,
    spec: StudySpec,
    baselines: tuple[BaselineScore, ...],
    trials: list[FrozenTrial],
    *,
    owner: str | None,
) -> StudySummary:
    """Sum a study up.

    Arguments:
        name: the study's.
        spec: what it searches.
        baselines: what it is compared with.
        trials: all its trials, by number.
        owner: who runs it now.
    """
    ours = [frozen for frozen in trials if frozen.state != TrialState.WAITING]
    summaries = tuple(trial_summary(frozen, spec) for frozen in ours)
    return StudySummary(
        name=name,
        task=spec.task.kind,
        objective=spec.objective,
        direction=spec.direction,
        budget=spec.trials,
        trials=summaries,
        leaders=leaders(summaries, spec),
        baselines=baselines,
        owner=owner,
        exhausted=_exhausted(ours, spec.space),
    )


def _exhausted(trials: list[FrozenTrial], space: Space) -> bool:
    """Tell whether each point of a space has a trial."""
    count = space.point_count()
    if count is None or len(trials) < count:
        return False
    points = (point(trial.params, space) for trial in trials)
    return len({frozenset(one.items()) for one in points if one is not None}) == count


def leaders(trials: tuple[TrialSummary, ...], spec: StudySpec) -> tuple[TrialSummary, ...]:
    """Order the trials that have ended an epoch, of any state, the best first."""
    ended = [trial for trial in trials if trial.value is not None]

    def key(trial: TrialSummary) -> tuple[float, float, int]:
        assert trial.value is not None
        loss = trial.metrics.get(spec.loss, math.inf)
        return rank(trial.value, loss, trial.number, spec.direction)

    return tuple(sorted(ended, key=key))
