"""What the best trials of a study are, what made them so, and how they differ from the defaults."""

from collections.abc import Mapping
from dataclasses import replace

from search import queued, summaries
from search.archive import Archive
from search.database import Trials, deleted
from search.errors import StudyDeleted
from search.importance import explained, unsaid
from search.records import Explained, Importance, Params, Ranked, StudySummary, TrialSummary
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
        StudyDeleted: it was deleted while it was read.
    """
    stored = queued.find(archive, name)
    if isinstance(stored, Submission):
        return _explained(queued.not_begun(stored), unsaid(NOT_BEGUN))
    study = queued.begun(archive, stored, curves=False)
    space = stored.spec.space
    best = study.leaders[:top]
    defaults = [trial for trial in study.leaders if trial.default]
    try:
        shown = {trial.number for trial in (*best, *defaults)}
        curves = Trials(archive.storage, stored.id).curves_of(shown)
    except StudyDeleted as error:
        raise deleted(name) from error
    return replace(
        _explained(study, explained(study, space)),
        best=tuple(_ranked(one, curves, space) for one in best),
        defaults=tuple(_ranked(one, curves, space) for one in defaults),
    )


def _explained(study: StudySummary, importance: Importance) -> Explained:
    return Explained(study=study, best=(), defaults=(), importance=importance)


def _ranked(one: TrialSummary, curves: Mapping[int, Mapping[int, float]], space: Space) -> Ranked:
    """Set a trial beside the default of its variant; one that runs has its curve already."""
    trial = replace(one, curve=one.curve or curves[one.number])
    size = summaries.weights(trial, space)
    return Ranked(trial=trial, weights=size, instead=instead(trial.params, space))


def instead(params: Params, space: Space) -> Params:
    """Give what the default of a point's variant has where that is another value."""
    variant = params.get("variant", space.fixed.get("variant"))
    of_variant = (point for point in space.defaults() if point.get("variant", variant) == variant)
    default = next(of_variant, {})
    return {name: value for name, value in default.items() if params.get(name, value) != value}
