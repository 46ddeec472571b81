"""A study file for data that somebody has: looked at, guessed, and tried before it is written.

`files` finds and reads the data, `examining` looks at each column and `profiles` tells what it can
be, `tables` chooses task and columns, `times` the column of times, `telling` says what columns
lack, `sizes` how large and how long; `drafting` puts them together and tries the result.
"""

from pathlib import Path

from search.records import Draft


def init(
    data: Path,
    *,
    target: str | None = None,
    kind: str | None = None,
    to: Path | None = None,
    force: bool = False,
) -> Draft:
    """Guess a study for data, and try that it is one that `check` takes.

    Arguments:
        data: a file, a folder of files of one kind, or a glob.
        target: the column of labels, or the one to forecast; guessed where None.
        kind: the task; guessed where None.
        to: the study file to be; named after the data, in the working folder, where None.
        force: whether that file may be there already.

    Raises:
        DataError: data that cannot be read, or that no study takes as they are.
        WrongUse: data of which no task can be made, a line a problem.
    """
    from search.starting.drafting import draft

    return draft(data, target=target, kind=kind, to=to, force=force)


__all__ = ["init"]
