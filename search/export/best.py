"""Which trials are exported, and all of them or none."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

from search.carrying import AtHand
from search.checkpoints import Place
from search.errors import ExportRefused
from search.export.folder import check_free, placed
from search.export.kept import kept_trials
from search.export.scores import Scores
from search.export.study_file import one_trial_name
from search.export.write import Source, plain_test, write_export
from search.records import Exported, StudySummary, TrialSummary
from search.spec import StudySpec
from search.verdict import no_leader


def export_best(
    *,
    spec: StudySpec,
    study: StudySummary,
    store: Place,
    to: Path,
    top: int,
    fingerprint: str,
    known_tests: Mapping[int, Any],
    keep_tests: Callable[[Mapping[int, Any]], None],
    data: Callable[[], AbstractContextManager[AtHand]],
) -> tuple[Exported, ...]:
    """Write the best trials as folders, each scored again in a fresh process; all or none.

    Arguments:
        spec: the study's.
        study: the study as it stands.
        store: the place of its checkpoints.
        to: the folder; for more than one trial, `STUDY-NUMBER` each in it.
        top: how many, of those whose weights are kept.
        fingerprint: of the data when the study was created.
        known_tests: what earlier exports gave of test scores, by trial number.
        keep_tests: takes the test scores to keep, by trial number, before anybody sees them.
        data: has the study's data at hand for a block.

    Returns:
        What was written, the best first.

    Raises:
        ExportRefused: there are not as many to export, or nowhere to put them.
        StoreError: a checkpoint is damaged, or cannot be read.
        Outage: likewise, and it may help to wait.
        DataError: the study's data cannot be read.
        VerificationFailed: the data have changed, or a model doesn't score what was recorded.
    """
    check_free(to)
    chosen = _choose(study, store, top)
    with ExitStack() as undo:
        there = undo.enter_context(data())
        source = Source(
            spec=spec,
            study=study,
            store=store,
            data=there.read(spec.data, spec.task),
            files=there.moved(spec.data) if there.folder else None,
            fingerprint=fingerprint,
        )
        exported: list[Exported] = []
        tests: dict[int, Any] = {}
        unfinished = undo.enter_context(placed(to))
        for rank, trial in chosen:
            inside = Path() if top == 1 else Path(one_trial_name(study.name, trial.number))
            folder = unfinished / inside
            folder.mkdir(exist_ok=True)
            scores = write_export(
                folder,
                source,
                trial,
                rank=rank,
                name=(to.resolve() / inside).name,
                known_test=known_tests.get(trial.number),
            )
            exported.append(_exported(scores, to / inside))
            if record := plain_test(scores):
                tests[trial.number] = record
        keep_tests(tests)
    return tuple(exported)


def _choose(study: StudySummary, store: Place, top: int) -> tuple[tuple[int, TrialSummary], ...]:
    """Choose the best trials that can be exported, with their ranks."""
    if not study.leaders:
        raise ExportRefused(
            f"study {study.name!r}: {no_leader(study)}"
            + ("" if study.finished else " - launch it, or wait")
        )
    kept = kept_trials(store, study)
    if not kept:
        raise ExportRefused(
            f"study {study.name!r}: no trial's weights are in {store} yet - wait, or launch it "
            "again so that its trials go on"
        )
    if not 1 <= top <= len(kept):
        raise ExportRefused(
            f"--top: got {top}, and study {study.name!r} keeps the weights of {len(kept)} "
            f"{'trials' if len(kept) > 1 else 'trial'} - use 1"
            + (f" to {len(kept)}" if len(kept) > 1 else "")
        )
    return kept[:top]


def _exported(scores: Scores, folder: Path) -> Exported:
    objective = scores.study.objective
    return Exported(
        number=scores.trial.number,
        folder=str(folder),
        objective=objective,
        recorded=scores.recorded[objective],
        verified=scores.verified.ranked.metrics[objective],
        validation=scores.verified.validation.metrics,
        test=scores.test.metrics if scores.test else None,
        test_interval=scores.test.interval if scores.test else None,
        against_strong=scores.against_strong(),
    )
