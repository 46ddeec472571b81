"""What the best trials of a study are, what made them so, and how they differ from the defaults."""

from collections.abc import Sequence
from dataclasses import replace

from search import queued, summaries
from search.archive import Archive, StoredStudy
from search.errors import StudyNotFound
from search.importance import METHOD, explained
from search.records import Explained, Params, Ranked, StudySummary, TrialSummary
from search.space import Space
from search.submissions import Submission

NOT_BEGUN = "No trial has started yet, so there is nothing to compare."


def explain(archive: Archive, name: str, *, top: int) -> Explained:
    """Give the best trials of a study, and what made them so.

    Arguments:
        archive: the studies of a database.
        name: the study's.
        top: so many of the best, at most.

    Raises:
        StudyNotFound: it was neither launched nor submitted.
    """
    stored = queued.find(archive, name)
    if isinstance(stored, Submission):
        return _explained(queued.not_begun(stored), no_importance=NOT_BEGUN)
    study = queued.begun(archive, stored, curves=False)
    space = stored.spec.space
    shares, why_none = explained(study, space)
    defaults = [trial for trial in study.leaders if trial.default]
    return replace(
        _explained(study, no_importance=why_none),
        best=_ranked(study.leaders[:top], stored, archive),
        defaults=_ranked(defaults, stored, archive),
        importance=shares,
    )


def _explained(study: StudySummary, *, no_importance: str) -> Explained:
    return Explained(
        study=study,
        best=(),
        defaults=(),
        importance={},
        importance_by=METHOD,
        no_importance=no_importance,
    )


def _ranked(
    trials: Sequence[TrialSummary], stored: StoredStudy, archive: Archive
) -> tuple[Ranked, ...]:
    """Read the trials anew, with their curves, and set them beside the defaults."""
    space, storage = stored.spec.space, archive.storage
    ranked = []
    for one in trials:
        try:
            trial_id = storage.get_trial_id_from_study_id_trial_number(stored.id, one.number)
            frozen = storage.get_trial(trial_id)
        except KeyError as error:
            raise StudyNotFound(f"study {stored.name!r} has just been deleted") from error
        trial = summaries.trial_summary(frozen, stored.spec)
        size = summaries.weights(trial, space)
        ranked.append(Ranked(trial=trial, weights=size, instead=instead(trial.params, space)))
    return tuple(ranked)


def instead(params: Params, space: Space) -> Params:
    """Give what the default of a point's variant has where that is another value."""
    variant = params.get("variant", space.fixed.get("variant"))
    of_variant = (point for point in space.defaults() if point.get("variant", variant) == variant)
    default = next(of_variant, {})
    return {name: value for name, value in default.items() if params.get(name, value) != value}
