"""Put a study on the queue, after all that can be told from here."""

from glob import has_magic
from pathlib import Path

from search.addresses import same as same_place
from search.archive import StoredStudy, opened
from search.carrying import carried, discard, sweep
from search.checkpoints import at
from search.launch import checked_data, same
from search.records import Submitted
from search.settings import Settings
from search.spec import SpecFile
from search.submissions import Submissions
from search.uploads import Upload, Uploads, new_upload


def submit(file: SpecFile, settings: Settings, *, with_data: bool = False) -> Submitted:
    """Put a study on the queue of the database's servers; the last word on it counts.

    Arguments:
        file: the study file, checked.
        settings: where database and checkpoints are.
        with_data: whether its files of data are put into the checkpoint store, for the servers.

    Raises:
        SpecChanged: the study is there and searches something else.
        SearchError, LstmAttnError: the data are at hand and do not go with the file, or cannot be
            put into the store.
    """
    data = checked_data(file) if with_data or _at_hand(file) else None
    with opened(settings, create=True) as archive:
        study = archive.find(file.name)
        if study and data:
            same(file, study, data, archive)
        queue, uploads = Submissions(archive.storage.engine), Uploads(archive.storage.engine)
        former = uploads.find(file.name)
        if with_data:
            _upload(file, study, former, uploads, settings)
        elif former and not study:  # of a study that has begun they are known to be the same
            _drop(former, uploads, settings)
        one = queue.add(
            study=file.name,
            given=file.given,
            path=str(file.path.resolve()),
            checkpoints=settings.checkpoints,
        )
        if with_data and (now := uploads.find(file.name)):
            sweep(now, settings)
        waiting = [other for other in queue.all() if other.state == "waiting"]
    return Submitted(
        name=file.name,
        ahead=sum(other.place < one.place for other in waiting),
        data_checked=data is not None,
    )


def _upload(
    file: SpecFile,
    study: StoredStudy | None,
    former: Upload | None,
    uploads: Uploads,
    settings: Settings,
) -> None:
    """Put a study's files of data where its checkpoints lie; what is there is not put again."""
    usual = (study and study.checkpoints) or settings.stored_checkpoints
    stored = settings.checkpoints or (former.place if former else usual)
    upload = new_upload(file.name, stored)
    address = upload.address(settings)
    at(address).check()
    if former and same_place(former.address(settings), address):
        upload = former
    elif former:
        _drop(former, uploads, settings)
    if upload is not former:
        uploads.keep(upload)  # before there is a file, so that `delete` finds all there are
    uploads.keep(carried(upload, file.data, settings))


def _drop(upload: Upload, uploads: Uploads, settings: Settings) -> None:
    discard(upload, settings)
    uploads.forget(upload.study)


def _at_hand(file: SpecFile) -> bool:
    """Tell whether the folder of any training file is here; else they are the server's to find."""
    return any(_folder(pattern).is_dir() for pattern in file.data.train)


def _folder(pattern: str) -> Path:
    folder = Path(pattern).parent
    while has_magic(str(folder)):
        folder = folder.parent
    return folder
