"""One trial's export, file by file, into a folder that is still in the making."""

import importlib.metadata
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from lstm_attn.checkpoint import SavedModel, write_model
from lstm_attn.config import DataConfig
from lstm_attn.encoding import Encoding
from lstm_attn.sequences import SequenceData
from lstm_attn.verify import Score
from search import strategy
from search.checkpoints import Place
from search.errors import ExportRefused, VerificationFailed
from search.export.card import model_card
from search.export.kept import Kept, read_kept
from search.export.scores import Scores
from search.export.study_file import one_trial_name, study_file
from search.export.verification import verified
from search.records import StudySummary, TrialSummary
from search.spec import StudySpec

DISTRIBUTION = "lstm-attn-search"
"""The name under which this package is installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a study's exports are made from."""

    spec: StudySpec
    """The study's."""
    study: StudySummary
    """The study as it stands."""
    store: Place
    """Where its checkpoints lie."""
    data: SequenceData
    """Its data, as they are now."""
    files: DataConfig | None
    """Where their files are now; None: where the spec says."""
    fingerprint: str
    """Of its data when it was created."""


def write_export(
    folder: Path,
    source: Source,
    trial: TrialSummary,
    *,
    rank: int,
    name: str,
    known_test: Mapping[str, Any] | None,
) -> Scores:
    """Write all files of an export, scored again in a fresh process on the way.

    Arguments:
        folder: an empty folder.
        source: the study.
        trial: which trial of it.
        rank: its place among the trials, from 1.
        name: of the folder in the end.
        known_test: what an earlier export said of its test score, as `plain_test` gives it.

    Raises:
        ExportRefused: the trial's weights are gone.
        StoreError: they are damaged.
        VerificationFailed: the data have changed, or the model doesn't score what was recorded.
    """
    spec, study, encoding = source.spec, source.study, source.data.encoding
    model, training = spec.space.configure(trial.params)
    kept = read_kept(source.store, trial, model)
    if kept is None:
        raise ExportRefused(
            f"trial {trial.number} of {study.name!r} has lost its place among the best meanwhile, "
            "and its weights are gone - export again"
        )
    saved = SavedModel(
        model=model,
        training=training,
        task=source.data.task,
        encoding=encoding,
        weights=kept.weights,
    )
    write_model(folder, saved, about=_about(source, trial, kept))
    _write_encoding(folder, encoding)
    if known_test is not None and known_test["epoch"] != kept.epoch:
        known_test = None  # of weights that have been trained on since
    recorded = _recorded(trial, kept, study.objective)
    try:
        scored = verified(
            folder,
            recorded,
            files=source.files,
            trained_on=kept.device,
            with_test=known_test is None,
        )
    except VerificationFailed as error:
        what = f"trial {trial.number} of {study.name!r} was not exported"
        raise VerificationFailed(*(f"{what}: {problem}" for problem in error.problems)) from error
    scores = Scores(
        study=study,
        trial=trial,
        rank=rank,
        epoch=kept.epoch,
        recorded=recorded,
        verified=scored,
        test=scored.test if known_test is None else Score.from_json(known_test),
    )
    _write_json(folder / "metrics.json", scores.to_json())
    alone = study_file(
        spec,
        name=one_trial_name(study.name, trial.number),
        params=trial.params,
        variant=model.variant,
        encoding=encoding,
    )
    (folder / "study.toml").write_text(alone, encoding="utf-8")
    files = f"{', '.join(spec.data.train)} ({spec.data.format})"
    data = {"training files": files, **source.data.summary}
    card = model_card(scores, variant=model.variant, data=data, folder=name)
    (folder / "README.md").write_text(card, encoding="utf-8")
    return scores


def plain_test(scores: Scores) -> dict[str, Any] | None:
    """Give what is to be kept of a trial's test score, as JSON can hold it; None without any."""
    return {"epoch": scores.epoch, **asdict(scores.test)} if scores.test else None


def _recorded(trial: TrialSummary, kept: Kept, objective: str) -> dict[str, float]:
    """Give every metric as recorded: by the database, and by the file where that has none."""
    recorded = dict(kept.metrics)
    if trial.best_epoch == kept.epoch:
        recorded |= trial.metrics
    if kept.epoch in trial.curve:
        recorded[objective] = trial.curve[kept.epoch]
    return recorded


def _about(source: Source, trial: TrialSummary, kept: Kept) -> dict[str, Any]:
    return {
        "study": source.study.name,
        "trial": trial.number,
        "epoch": kept.epoch,
        "seed": strategy.seed_of(trial.number, seed=source.spec.seed),
        "device": kept.device,
        "threads": kept.threads or source.spec.threads,
        "data": asdict(source.spec.data),
        "fingerprint": source.fingerprint,
        "naive_error": source.data.naive_error.tolist(),
        "in_utc": source.data.in_utc,
        "versions": {
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            DISTRIBUTION: importlib.metadata.version(DISTRIBUTION),
        },
    }


def _write_encoding(folder: Path, encoding: Encoding) -> None:
    """Write tokenizer or scalers for other programs to read; ours reads `config.json`."""
    if encoding.tokenizer is not None:
        (folder / "tokenizer.json").write_text(encoding.tokenizer.json, encoding="utf-8")
        return
    scalers = {"inputs": encoding.scaler, "targets": encoding.target_scaler}
    _write_json(folder / "scaler.json", {name: asdict(one) for name, one in scalers.items() if one})


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
