"""A study read out of the database for its report."""

from datetime import UTC, datetime

from search import queued
from search.archive import Archive
from search.errors import WrongUse
from search.report.facts import Report, facts
from search.submissions import Submission


def read(archive: Archive, name: str) -> Report:
    """Gather what is to be said of a study now.

    Arguments:
        archive: the studies of a database.
        name: the study's.

    Raises:
        StudyNotFound: there is none of that name.
        WrongUse: it has been submitted, and nobody has begun it.
    """
    found = queued.find(archive, name)
    if isinstance(found, Submission):
        raise WrongUse(f"study {name!r} waits for a server - report it once it has begun")
    study = queued.begun(archive, found)
    return facts(found, study, written=datetime.now(UTC), database=archive.settings.shown)
