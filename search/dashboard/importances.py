"""The dashboard's plot of importance, reckoned as everywhere else here.

By itself it counts complete trials alone and calls a tenth of them the best, be that one; where it
can tell none apart it shows equal shares, and warns in the terminal.
"""

import json
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from optuna.trial import FrozenTrial

from search import summaries
from search.dashboard.gate import App, Begin, Environment
from search.dashboard.kept import Kept
from search.dashboard.shown import ODD
from search.errors import SearchError
from search.importance import explained
from search.stored import StoredStudy

_IMPORTANCES = re.compile(r"/api/studies/([0-9]+)/param_importances/?")


@dataclass(frozen=True, slots=True)
class Importances:
    """A WSGI application that answers for the importance of our studies, and passes on the rest."""

    app: App
    kept: Kept

    def __call__(self, environment: Environment, begin: Begin) -> Iterable[bytes]:
        """Answer a request."""
        wanted = _IMPORTANCES.fullmatch(environment["PATH_INFO"])
        if wanted and environment["REQUEST_METHOD"] == "GET":
            # What cannot be had, or another hand has written, is the dashboard's own to tell.
            with suppress(SearchError, *ODD):
                if read := self.kept.read(int(wanted[1])):
                    answer = json.dumps({"param_importances": [_shares(*read)]}).encode()
                    begin("200 OK", [("Content-Type", "application/json")])
                    return [answer]
        return self.app(environment, begin)


def _shares(study: StoredStudy, trials: Sequence[FrozenTrial]) -> list[dict[str, str | float]]:
    """Give each parameter's share as optuna-dashboard does; none where nothing can be said."""
    spec = study.spec
    kinds: dict[str, str] = {}
    for trial in trials:
        kinds |= {name: type(one).__name__ for name, one in trial.distributions.items()}
    summed = summaries.study_summary(study.name, spec, study.baselines, list(trials), owner=None)
    return [
        {"name": name, "importance": share, "distribution": kinds[name]}
        for name, share in explained(summed, spec.space).shares.items()
    ]
