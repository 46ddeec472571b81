"""Studies as Optuna's own importance and plots look at them: each trial worth its best epoch."""

import math

import optuna
from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from search import strategy
from search.records import Params, StudySummary, TrialSummary
from search.space import Space


def worth(study: StudySummary) -> tuple[TrialSummary, ...]:
    """Give the trials that have ended an epoch with a finite score, by number."""
    ended = [one for one in study.leaders if one.value is not None and math.isfinite(one.value)]
    return tuple(sorted(ended, key=lambda trial: trial.number))


class Pick(optuna.Study):
    """Some trials of a study as Optuna looks at them: all complete, numbered by their places.

    Each is worth its best epoch, whatever its state is. What the space doesn't know of a trial,
    as another program may have added it, is left out. Optuna's plots take a trial's number for
    its place among all.

    Arguments:
        study: the study as it stands.
        space: what it searches.
        trials: those picked; each has ended an epoch.
    """

    def __init__(self, study: StudySummary, space: Space, trials: tuple[TrialSummary, ...]) -> None:
        storage, up = InMemoryStorage(), study.direction == "maximize"
        direction = StudyDirection.MAXIMIZE if up else StudyDirection.MINIMIZE
        storage.create_new_study([direction], study.name)
        super().__init__(study.name, storage)
        self._picked = [_complete(n, trial, space) for n, trial in enumerate(trials)]

    def get_trials(
        self,
        deepcopy: bool = True,  # noqa: ARG002 - Optuna's own
        states: object = None,  # noqa: ARG002 - likewise
    ) -> list[FrozenTrial]:
        """Give the trials, which nobody changes."""
        return self._picked


def known(params: Params, space: Space) -> Params:
    """Give those of a trial's parameters that are points of the space."""
    return {name: value for name, value in params.items() if value in space.domains.get(name, ())}


def is_point(params: Params, space: Space) -> bool:
    """Tell whether a trial has a value of the space for each dimension of its variant."""
    return point(params, space) is not None


def point(params: Params, space: Space) -> Params | None:
    """Give the point of a space that a trial tries; None where it tries none."""
    inside = known(params, space)
    variant = inside.get("variant", space.fixed.get("variant"))
    if variant not in space.variants or not set(space.active(variant)) <= set(inside):
        return None
    return {name: inside[name] for name in space.active(variant)}


def _complete(place: int, trial: TrialSummary, space: Space) -> FrozenTrial:
    params = known(trial.params, space)
    return FrozenTrial(
        number=place,
        trial_id=place,
        state=TrialState.COMPLETE,
        value=trial.value,
        datetime_start=None,
        datetime_complete=None,
        params=dict(params),
        distributions=dict(strategy.distributions(space, params)),
        user_attrs={},
        system_attrs={},
        intermediate_values={},
    )
