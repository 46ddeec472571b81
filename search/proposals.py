"""Which configuration is tried next: the defaults, then what the sampler draws, none twice."""

import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from search import strategy
from search.records import Params
from search.spec import StudySpec
from search.twin import memory_id_of, storage_of

DRAWS_BY_SAMPLER = 2
"""Draws of an ask that the sampler makes; a repeated configuration is then drawn at random."""
RANDOM_DRAWS = 50
"""Draws after which a finite space is searched for a configuration that is left.

A continuous one that has repeated itself so often lies between neighbouring floats."""


class Proposals:
    """Draws configurations into a study in memory; one that was given out before isn't again.

    Arguments:
        memory: the study in memory, which the sampler learns from.
        spec: what is searched.
    """

    def __init__(self, memory: optuna.Study, spec: StudySpec) -> None:
        self.exhausted = False
        """Whether every configuration of the space has been given out."""
        self._memory = memory
        self._space = spec.space
        self._sampler = spec.sampler
        self._seed = spec.seed
        self._seen: set[frozenset[tuple[str, object]]] = set()

    def note(self, params: Params) -> None:
        """Remember a configuration that has been given out."""
        self._seen.add(frozenset(params.items()))

    def next(self, number: int) -> FrozenTrial | None:
        """Put the next configuration into memory, RUNNING; None where none is left.

        Arguments:
            number: the trial's in SQL, which seeds the draw.
        """
        for params in self._space.defaults():
            if self._is_new(params):
                return self._add(params, default=True)
        proposed = self._walk() if self._sampler == "grid" else self._draw(number)
        self.exhausted = proposed is None
        return proposed

    def _draw(self, number: int) -> FrozenTrial | None:
        """Ask the sampler, then chance, then, in a finite space, for whatever is left."""
        storage, draw = storage_of(self._memory), 0
        while True:
            name = self._sampler if draw < DRAWS_BY_SAMPLER else "random"
            seed = strategy.seed_of(number, draw, seed=self._seed)
            self._memory.sampler = strategy.sampler(name, seed=seed)
            trial = self._memory.ask()
            if self._is_new(strategy.suggest(self._space, trial)):
                return storage.get_trial(trial._trial_id)  # noqa: SLF001 - Optuna's own id
            storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)  # noqa: SLF001
            draw += 1
            if draw >= RANDOM_DRAWS:
                return self._walk(start=seed) if self._space.point_count() is not None else None

    def _walk(self, start: int = 0) -> FrozenTrial | None:
        """Take a configuration of a finite space that is left, in the order of the grid."""
        left = [params for params in self._space.grid() if self._is_new(params)]
        return self._add(left[start % len(left)]) if left else None

    def _is_new(self, params: Params) -> bool:
        return frozenset(params.items()) not in self._seen

    def _add(self, params: Params, *, default: bool = False) -> FrozenTrial:
        """Put a configuration that no sampler drew into the study in memory."""
        point = create_trial(
            state=TrialState.RUNNING,
            params=dict(params),
            distributions=dict(strategy.distributions(self._space, params)),
            user_attrs={strategy.DEFAULT_TRIAL: True} if default else {},
        )
        storage = storage_of(self._memory)
        trial_id = storage.create_new_trial(memory_id_of(self._memory), template_trial=point)
        return storage.get_trial(trial_id)
