"""Studies of the database as they stand with its queue: summed up, stopped, taken away."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from search import lease
from search.archive import Archive
from search.carrying import discard
from search.errors import SpecError, StudyDeleted
from search.records import Ending, Queued, Stopped, StudySummary
from search.spec import again
from search.stored import StoredStudy
from search.submissions import Submission, Submissions
from search.uploads import Uploads

UNKNOWN = "unknown"
"""Stands for what a submission doesn't say in words of this version."""


def summaries(archive: Archive) -> tuple[StudySummary, ...]:
    """Sum up all studies, the oldest first; then those that have only been submitted.

    Trials that have ended are without their curves.
    """
    queue = {one.study: one for one in Submissions(archive.storage.engine).all()}
    known = []
    for study in archive.studies():
        with suppress(StudyDeleted):  # nobody misses one that was deleted meanwhile
            found = archive.summary(study, curves=False)
            known.append(standing(found, queue.pop(study.name, None)))
    return (*known, *(not_begun(one) for one in queue.values()))


def summary(archive: Archive, name: str, *, curves: bool = True) -> StudySummary:
    """Sum up a study that was launched or submitted.

    Arguments:
        archive: the studies of a database.
        name: the study's.
        curves: whether with those of trials that have ended.

    Raises:
        StudyNotFound: it was neither.
    """
    found = find(archive, name)
    if isinstance(found, Submission):
        return not_begun(found)
    return begun(archive, found, curves=curves)


def find(archive: Archive, name: str) -> StoredStudy | Submission:
    """Read a study; where it has not begun, its submission.

    Raises:
        StudyNotFound: it was neither launched nor submitted.
    """
    if one := Submissions(archive.storage.engine).find(name):
        return archive.find(name) or one
    return archive.get(name)


def begun(archive: Archive, study: StoredStudy, *, curves: bool = True) -> StudySummary:
    """Sum up a study that has begun.

    Arguments:
        archive: the studies of a database.
        study: the study.
        curves: whether with those of trials that have ended.

    Raises:
        StudyDeleted: it has been deleted since it was read.
    """
    one = Submissions(archive.storage.engine).find(study.name)
    return standing(archive.summary(study, curves=curves), one)


def stop(archive: Archive, name: str) -> Stopped:
    """End a study wherever it runs or waits; no server begins it again.

    Raises:
        StudyNotFound: it was neither launched nor submitted.
    """
    queue = Submissions(archive.storage.engine)
    one = queue.find(name)
    if one is None:
        archive.get(name)
    waited = one is not None and queue.settle(one, "ended", Ending.STOPPED.value)
    if lease.ask_to_stop(archive.storage.engine, name):
        return "asked"
    return "dequeued" if waited else "idle"


def delete(archive: Archive, name: str) -> None:
    """Delete a study with its checkpoints and uploaded data, and take it off the queue.

    Its lease is held meanwhile, though it may not be written yet: whoever is about to begin it
    finds, once it has the lease, that it is off the queue.

    Raises:
        StudyNotFound: it was neither launched nor submitted.
        StudyElsewhere: somebody runs it, or begins to.
    """
    engine = archive.storage.engine
    queue, uploads = Submissions(engine), Uploads(engine)
    known = archive.find(name) or queue.find(name) or uploads.find(name) or uploads.aside(name)
    if not known:
        archive.get(name)
    held = lease.acquire(engine, name)
    try:
        if study := archive.find(name):
            archive.delete(study)
        queue.forget(name)
        if upload := uploads.find(name):
            uploads.put_aside(upload)
        for upload in uploads.aside(name):
            discard(upload, archive.settings)
            uploads.forget(upload)
    finally:
        held.release()


def standing(study: StudySummary, one: Submission | None) -> StudySummary:
    """Put beside a study how it stands with the queue."""
    return replace(study, queued=state(one))


def state(one: Submission | None) -> Queued | None:
    """Say how a submission stands; None where there is none."""
    return Queued(state=one.state, reason=one.reason) if one else None


def not_begun(one: Submission) -> StudySummary:
    """Sum up a study of which there is a submission alone."""
    try:
        file = again(one.given, Path(one.path))
    except SpecError as error:  # of another version, or of nobody's
        why = f"it is no study of this version, {error.problems[0]} - submit its file again"
        queued = Queued(state=one.state, reason=one.reason or why)
        return replace(_unknown(one), queued=queued)
    return StudySummary(
        name=one.study,
        task=file.task.kind,
        objective=file.objective,
        direction=file.direction,
        budget=file.trials,
        trials=(),
        leaders=(),
        baselines=(),
        owner=None,
        queued=state(one),
    )


def _unknown(one: Submission) -> StudySummary:
    """Sum up a study of which nothing but its name can be read."""
    return StudySummary(
        name=one.study,
        task=UNKNOWN,
        objective=UNKNOWN,
        direction="minimize",
        budget=0,
        trials=(),
        leaders=(),
        baselines=(),
        owner=None,
    )
