"""Put a study on the queue, after all that can be told from here."""

from contextlib import suppress
from glob import has_magic
from pathlib import Path

from search.addresses import same as same_place
from search.archive import opened
from search.carrying import carried, discard, is_there, sweep
from search.checkpoints import at
from search.errors import SearchError, StoreError
from search.launch import checked_data, same
from search.records import Submitted
from search.settings import Settings
from search.spec import SpecFile
from search.stored import StoredStudy
from search.submissions import Submissions
from search.uploads import Uploads, new_upload


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
        if with_data:
            _upload(file, study, uploads, settings)
        elif not study and (former := uploads.find(file.name)):
            uploads.put_aside(former)  # of a study that has begun they are known to be the same
        one = queue.add(
            study=file.name,
            given=file.given,
            path=str(file.path.resolve()),
            checkpoints=settings.checkpoints,
        )
        if with_data and (now := uploads.find(file.name)):
            sweep(now, settings)
        _clear(file.name, uploads, settings)
        waiting = [other for other in queue.all() if other.state == "waiting"]
    return Submitted(
        name=file.name,
        ahead=sum(other.place < one.place for other in waiting),
        data_checked=data is not None,
    )


def _upload(
    file: SpecFile, study: StoredStudy | None, uploads: Uploads, settings: Settings
) -> None:
    """Put a study's files of data where its checkpoints lie; what is there is not put again.

    What was uploaded before counts until all are there.

    Raises:
        StoreError: one cannot be put there, or has been deleted meanwhile.
    """
    former = uploads.find(file.name)
    usual = (study and study.checkpoints) or settings.stored_checkpoints
    fresh = new_upload(file.name, settings.checkpoints or (former.place if former else usual))
    address = fresh.address(settings)
    at(address).check()
    known = [former, *uploads.aside(file.name)] if former else uploads.aside(file.name)
    there = (one for one in known if same_place(one.address(settings), address))
    upload = next(there, fresh)
    if upload != former:
        uploads.put_aside(upload)  # before there is a file, so that `delete` finds all there are
    put = carried(upload, file.data, settings)
    if not is_there(put, settings):
        now = uploads.find(file.name)
        if now is None or now.folder != put.folder:
            uploads.put_aside(put)  # what came after the others' deletion is to be found, too
        raise StoreError(
            f"the data of {file.name!r} went from the checkpoint store as they were put there: "
            "somebody else has just submitted or deleted it - submit it again"
        )
    uploads.keep(put)


def _clear(name: str, uploads: Uploads, settings: Settings) -> None:
    """Delete data of a study that do not count, where they can be reached; else another time."""
    for upload in uploads.aside(name):
        with suppress(SearchError):
            discard(upload, settings)
            uploads.forget(upload)


def _at_hand(file: SpecFile) -> bool:
    """Tell whether the folder of any training file is here; else they are the server's to find."""
    return any(_folder(pattern).is_dir() for pattern in file.data.train)


def _folder(pattern: str) -> Path:
    folder = Path(pattern).parent
    while has_magic(str(folder)):
        folder = folder.parent
    return folder
