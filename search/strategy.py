"""Where a search looks next, and which trials it gives up: Optuna's samplers and pruners, by name.

Chance is an argument: each ask has a sampler of its own, seeded from the study's seed, the
trial's number and the draw, so that a study replays whatever was interrupted.
"""

import math
import warnings
from collections.abc import Mapping
from typing import Literal, cast

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.pruners import BasePruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler

from lstm_attn.config import WARM_UP, Variant
from search.records import Params, Value
from search.space import Choice, Domain, FloatRange, Space

SamplerName = Literal["tpe", "random", "grid"]
PrunerName = Literal["halving", "median", "none"]

FACTOR = 3
"""Of the trials at a rung, one in so many goes on."""
SETTLING_STEPS = 200
"""Optimizer steps below which a trial's score says little."""
DEFAULT_TRIAL = "default"
"""User attribute of the trials that come first and are never pruned."""


class Halving(BasePruner):
    """Successive halving that keeps no state of its own and compares best values.

    At each rung a trial goes on if its best value so far is among the best third of the best
    values, up to that rung, of all trials that have reached it, whatever became of them. They
    are read from the trials' curves, so nothing is lost on a restart. Fewer than `FACTOR` trials
    at a rung give no verdict, equal values go on together, and the last epoch is no rung.

    After Li et al., "A System for Massively Parallel Hyperparameter Tuning" (2020), which
    promotes by the value at the rung itself.

    Arguments:
        epochs: the most epochs of a trial.
        epoch_steps: optimizer steps of an epoch, at the default batch size.
    """

    def __init__(self, *, epochs: int, epoch_steps: int) -> None:
        first = math.ceil(max(WARM_UP * epochs, epochs / FACTOR**2, SETTLING_STEPS / epoch_steps))
        count = max(0, math.ceil(math.log(max(1.0, epochs / first), FACTOR) - 1e-9))
        self.rungs = tuple(first * FACTOR**i for i in range(count))
        """Epochs at which a trial is judged."""

    def prune(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> bool:
        """Tell whether the trial, at the epoch of its last report, is to be given up."""
        rung = trial.last_step
        if rung is None or rung not in self.rungs or trial.user_attrs.get(DEFAULT_TRIAL):
            return False
        best = max if study.direction == optuna.study.StudyDirection.MAXIMIZE else min
        reached = [
            best(value for step, value in curve.items() if step <= rung)
            for curve in (other.intermediate_values for other in study.get_trials(deepcopy=False))
            if curve and max(curve) >= rung
        ]
        if len(reached) < FACTOR:
            return False
        reached.sort(reverse=best is max)
        last_to_go_on = reached[len(reached) // FACTOR - 1]
        mine = best(trial.intermediate_values.values())
        return best(mine, last_to_go_on) != mine


class Median(BasePruner):
    """Optuna's median pruner, which spares the default trials and the last epoch.

    Arguments:
        epochs: the most epochs of a trial.
        epoch_steps: optimizer steps of an epoch, at the default batch size.
    """

    def __init__(self, *, epochs: int, epoch_steps: int) -> None:
        settled = math.ceil(max(WARM_UP * epochs, SETTLING_STEPS / epoch_steps))
        self._epochs = epochs
        self._median = MedianPruner(n_startup_trials=FACTOR, n_warmup_steps=settled)

    def prune(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> bool:
        """Tell whether the trial, at the epoch of its last report, is to be given up."""
        if trial.last_step == self._epochs or trial.user_attrs.get(DEFAULT_TRIAL):
            return False
        return bool(self._median.prune(study, trial))


def pruner(name: PrunerName, *, epochs: int, epoch_steps: int) -> BasePruner:
    """Make a pruner.

    Arguments:
        name: `halving`, `median` or `none`.
        epochs: the most epochs of a trial.
        epoch_steps: optimizer steps of an epoch, at the default batch size.
    """
    if name == "halving":
        return Halving(epochs=epochs, epoch_steps=epoch_steps)
    return Median(epochs=epochs, epoch_steps=epoch_steps) if name == "median" else NopPruner()


def seed_of(*key: int, seed: int) -> int:
    """Derive the seed of a trial (`number`) or of an ask (`number, draw`) from the study's."""
    return int(np.random.SeedSequence(seed, spawn_key=key).generate_state(1)[0])


def sampler(name: SamplerName, *, seed: int) -> BaseSampler:
    """Make the sampler of one ask; a grid is walked by `suggest` and needs none that learns.

    Arguments:
        name: `tpe`, `random` or `grid`.
        seed: of this ask alone.
    """
    if name != "tpe":
        return RandomSampler(seed=seed)
    with warnings.catch_warnings():
        # `group` joins conditional parameters into the model; Optuna still calls it experimental.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True)


def suggest(space: Space, trial: optuna.Trial) -> Params:
    """Draw one point of a space with the sampler of the trial's study."""
    params: dict[str, Value] = {}
    variant = space.variants[0]
    if "variant" in space.domains:
        params["variant"] = _draw(trial, "variant", space.domains["variant"])
        variant = cast("Variant", params["variant"])
    for name in space.active(variant):
        if name != "variant":
            params[name] = _draw(trial, name, space.domains[name])
    return params


def distributions(space: Space, params: Params) -> Mapping[str, BaseDistribution]:
    """Tell Optuna where the values of a point came from."""
    return {name: _distribution(space.domains[name]) for name in params}


def _draw(trial: optuna.Trial, name: str, domain: Domain) -> Value:
    distribution = _distribution(domain)
    if isinstance(distribution, CategoricalDistribution):
        value = trial.suggest_categorical(name, distribution.choices)
        assert value is not None
        return value
    if isinstance(distribution, IntDistribution):
        return trial.suggest_int(
            name, distribution.low, distribution.high, step=distribution.step, log=distribution.log
        )
    assert isinstance(distribution, FloatDistribution)
    return trial.suggest_float(
        name, distribution.low, distribution.high, step=distribution.step, log=distribution.log
    )


def _distribution(domain: Domain) -> BaseDistribution:
    if isinstance(domain, Choice):
        return CategoricalDistribution(domain.values)
    if isinstance(domain, FloatRange):
        return FloatDistribution(domain.low, domain.high, log=domain.log, step=domain.step)
    return IntDistribution(domain.low, domain.high, log=domain.log, step=domain.step)
