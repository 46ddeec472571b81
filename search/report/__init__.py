"""A study as one page for a browser: what was searched, what came of it, how to do it again."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from search.settings import Settings

if TYPE_CHECKING:
    from search.report.facts import Report


def report(
    settings: Settings,
    name: str,
    *,
    to: Path | None = None,
    force: bool = False,
    written_as: "Callable[[Report], str] | None" = None,
) -> "Report":
    """Tell all there is to be said of a study, and write it down.

    Arguments:
        settings: where the database is.
        name: the study's.
        to: the file to write; None for none.
        force: whether a file that is there is replaced.
        written_as: gives what is to be written; None: a page for a browser.

    Raises:
        StudyNotFound: there is none of that name.
        WrongUse: nobody has begun it yet, or the file cannot be written or is there.
    """
    from search.archive import opened
    from search.placing import check_free, place
    from search.report.page import page
    from search.report.reading import read

    if to:
        check_free(to, force=force)
    with opened(settings) as archive:
        found = read(archive, name)
    if to:
        place(to, (written_as or page)(found), force=force)
    return found
