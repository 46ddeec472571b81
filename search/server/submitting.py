"""Put a study on the queue, after all that can be told from here."""

from glob import has_magic
from pathlib import Path

from search.archive import opened
from search.launch import checked_data, same
from search.records import Submitted
from search.settings import Settings
from search.spec import SpecFile
from search.submissions import Submissions


def submit(file: SpecFile, settings: Settings) -> Submitted:
    """Put a study on the queue of the database's servers; the last word on it counts.

    Arguments:
        file: the study file, checked.
        settings: where database and checkpoints are.

    Raises:
        SpecChanged: the study is there and searches something else.
        SearchError, LstmAttnError: the data are at hand and do not go with the file.
    """
    data = checked_data(file) if _at_hand(file) else None
    with opened(settings, create=True) as archive:
        study = archive.find(file.name)
        if study and data:
            same(file, study, data, archive)
        queue = Submissions(archive.storage.engine)
        one = queue.add(
            study=file.name,
            given=file.given,
            path=str(file.path.resolve()),
            checkpoints=settings.checkpoints,
        )
        waiting = [other for other in queue.all() if other.state == "waiting"]
    return Submitted(
        name=file.name,
        ahead=sum(other.place < one.place for other in waiting),
        data_checked=data is not None,
    )


def _at_hand(file: SpecFile) -> bool:
    """Tell whether the folder of any training file is here; else they are the server's to find."""
    return any(_folder(pattern).is_dir() for pattern in file.data.train)


def _folder(pattern: str) -> Path:
    folder = Path(pattern).parent
    while has_magic(str(folder)):
        folder = folder.parent
    return folder
