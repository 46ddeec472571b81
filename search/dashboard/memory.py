"""What optuna-dashboard itself remembers of studies: forgotten in time, and reckoned once."""

from typing import Any


class Memory:
    """The memory of one dashboard, which has no public face; as of version 0.21.

    Arguments:
        application: as `optuna_dashboard.wsgi` gives it.
    """

    def __init__(self, application: Any) -> None:  # noqa: ANN401 - bottle has no types
        self._cache = application._inmemory_cache  # noqa: SLF001
        self._former: dict[int, int] = {}

    def forget(self) -> None:
        """Forget all studies."""
        self._former.clear()
        self._cache.clear()

    def settle(self, study_id: int) -> None:
        """Note after an answer that a study's ended trials need not be reckoned again.

        Else each poll goes through all of them for the columns of its table, which takes 100 ms
        for 2,000, unless one of them is running.
        """
        reckoned = self._cache._cached_extra_study_property_cache.get(study_id)  # noqa: SLF001
        trials = self._cache._trials_cache.get(study_id)  # noqa: SLF001
        if not reckoned or not trials or not all(one.state.is_finished() for one in trials):
            return
        # Another thread may just have brought newer ones; those of the answer before are in.
        former, self._former[study_id] = self._former.get(study_id, -1), trials[-1].number
        reckoned._cursor = max(reckoned._cursor, former)  # noqa: SLF001
