"""A study read out of the database for its report."""

from datetime import UTC, datetime

from search import queued
from search.archive import Archive
from search.errors import WrongUse
from search.report.facts import Report, facts


def read(archive: Archive, name: str) -> Report:
    """Gather what is to be said of a study now.

    Arguments:
        archive: the studies of a database.
        name: the study's.

    Raises:
        StudyNotFound: there is none of that name.
        WrongUse: it has been submitted, and nobody has begun it.
    """
    study, stored = queued.summary(archive, name), archive.find(name)
    if stored is None:
        raise WrongUse(f"study {name!r} waits for a server - report it once it has begun")
    return facts(stored, study, written=datetime.now(UTC), database=archive.settings.shown)
