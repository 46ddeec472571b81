"""What is said of a study without changing it: how it stands, now or as it goes."""

from collections.abc import Callable

from search.records import Explained, Fact, StudySummary, Watched
from search.settings import Settings


def status(settings: Settings, name: str, *, curves: bool = True) -> StudySummary:
    """Sum up one study.

    Arguments:
        settings: where the database is.
        name: the study's.
        curves: whether with those of trials that have ended; thousands of them take seconds.
    """
    from search import queued
    from search.archive import opened

    with opened(settings) as archive:
        return queued.summary(archive, name, curves=curves)


def best(settings: Settings, name: str, *, top: int) -> Explained:
    """Give the best trials of a study, what made them so, and how they differ from the defaults.

    Arguments:
        settings: where the database is.
        name: the study's.
        top: so many of the best, at most.
    """
    from search.archive import opened
    from search.explaining import explain

    with opened(settings) as archive:
        return explain(archive, name, top=top)


def watch(settings: Settings, name: str, *, watch: Callable[[Fact], None]) -> Watched:
    """Look at a study that runs elsewhere until nobody runs it any more, or a signal comes.

    Arguments:
        settings: where the database is.
        name: the study's.
        watch: sees what happens.
    """
    from search.following import follow

    return follow(settings, name, watch)
