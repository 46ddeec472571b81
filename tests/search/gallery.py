"""A small study of ours with curves, reasons and checkpoints, put there without training."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from optuna.trial import TrialState, create_trial

from lstm_attn.checkpoint import weights_to_bytes
from lstm_attn.training import fresh_model
from search import strategy, summaries
from search.archive import Archive
from search.checkpoints.files import name_of
from search.records import BaselineScore
from search.settings import Settings
from search.spec import StudySpec
from search.stored import StoredStudy

STARTED = datetime(2026, 1, 1)  # noqa: DTZ001 - as Optuna has it
BASELINES = (
    BaselineScore(name="unigram", strong=False, validation={"cross_entropy": 3.0}, test=None),
    BaselineScore(name="5-gram", strong=True, validation={"cross_entropy": 1.50004}, test=None),
)
CURVE = (2.5, 1.75, 2.0)


class Gallery:
    """Studies in a database, each with the trials and checkpoints that a test gives it."""

    def __init__(self, settings: Settings, spec: StudySpec) -> None:
        self.archive = Archive(settings)
        self.settings = settings
        self.spec = spec
        self.study: StoredStudy = self.create()

    def create(self) -> StoredStudy:
        """Create the study, as a launch does."""
        self.study = self.archive.create(
            self.spec, fingerprint="0" * 64, baselines=BASELINES, data_summary={"rows": 3}
        )
        return self.study

    def trial(
        self,
        *curve: float,
        state: TrialState = TrialState.COMPLETE,
        kind: str = "completed",
        reason: str = "",
        default: bool = False,
        metrics: Mapping[str, float] | None = None,
        **params: Any,
    ) -> int:
        """Put a trial into the study; gives its number."""
        point = {**self.spec.space.defaults()[0], **params}
        best = min(curve, default=None)
        usual = {} if best is None else {"cross_entropy": best, "perplexity": 2.0 * best}
        note = {
            "kind": kind,
            "reason": reason,
            "epochs": len(curve),
            "best_epoch": None if best is None else curve.index(best) + 1,
            "metrics": metrics or usual,
            "device": "cpu x86_64",
            "host": "node-1",
        }
        ended = state.is_finished()
        valued = ended and state is not TrialState.FAIL
        trial = create_trial(
            state=state,
            value=best if valued else None,
            params=point,
            distributions=dict(strategy.distributions(self.spec.space, point)),
            intermediate_values=dict(enumerate(curve, start=1)),
            user_attrs={
                summaries.NONCE: f"{len(curve):016x}",
                **summaries.attributes(self.spec, point),
                **({strategy.DEFAULT_TRIAL: True} if default else {}),
                **({summaries.NOTE: note} if ended else {}),
            },
        )
        trial.datetime_start = STARTED
        trial.datetime_complete = STARTED + timedelta(seconds=34) if ended else None
        trial_id = self.archive.storage.create_new_trial(self.study.id, template_trial=trial)
        return self.archive.storage.get_trial_number_from_id(trial_id)

    def weights(self, number: int, epoch: int) -> tuple[str, bytes]:
        """Put weights of a trial into the store; gives name and content."""
        model, training = self.spec.space.configure(self.spec.space.defaults()[0])
        header = {
            "metrics": json.dumps({"cross_entropy": 1.75}),
            "model": json.dumps(asdict(model)),
            "training": json.dumps(asdict(training)),
            "device": "cpu x86_64",
            "threads": "1",
            "trial": str(number),
        }
        content = weights_to_bytes(fresh_model(model, seed=number).state_dict(), header)
        name = name_of("weights", number=number, epoch=epoch, step=0, generation=1, content=content)
        place = self.study.place(self.settings)
        place.make()
        place.write_whole(name, content)
        return name, content

    def close(self) -> None:
        """Release the database."""
        self.archive.close()
