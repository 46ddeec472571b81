"""What goes wrong in a search, and with which exit code a command then ends.

SearchError                  1
├── WrongUse                 2   the user's to mend before anything has started
│   ├── SpecError            2   a study file with problems
│   ├── SpecChanged          2   another search under the name of an existing study
│   ├── StudyNotFound        2   no such study in this database
│   ├── StorageError         2   a database that cannot be had
│   ├── ClusterError         2   a Ray that cannot be had, or has no room
│   └── ExportRefused        2   nothing to export, or nowhere to put it
├── StudyElsewhere           3   another coordinator runs the study
│   └── LeaseLost            3   ... and has taken it over from this one
├── StudyDeleted             1   the study was deleted while it ran
├── TrialsFailed             1   the first trials all failed
├── NoResult                 1   all trials have ended, none of them an epoch
├── Outage                   1   a disk stayed full, say; a study that ran can go on
├── DatabaseTrouble          1   the database failed while a study ran; it can go on
├── StoreError               1   a checkpoint cannot be written or read
│   ├── CheckpointDamaged    1   ... or is not what was written
│   └── UploadLost           1   data that were uploaded are gone from the store, or damaged
├── ReplayDiffers            1   a trial, trained again, does not come as far as recorded
└── VerificationFailed       1   a checkpoint does not score what its trial recorded
"""


class SearchError(Exception):
    """One or more problems, each a line that says what, what was got, and what would do.

    Arguments:
        problems: the lines; printed as they are, one below the other.
    """

    exit_code = 1

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)


class WrongUse(SearchError):
    """Something the user can mend before anything has started."""

    exit_code = 2


class SpecError(WrongUse):
    """A study file has problems; all that could be found are listed."""


class SpecChanged(WrongUse):
    """A study of that name exists and searches something else."""


class StudyNotFound(WrongUse):
    """The database has no such study."""


class StorageError(WrongUse):
    """The database cannot be reached, read, written or understood."""


class ClusterError(WrongUse):
    """Ray cannot be reached, or has no room for a trial."""


class ExportRefused(WrongUse):
    """There is nothing to export yet, or the folder is not empty."""


class StudyElsewhere(SearchError):
    """Another coordinator runs this study."""

    exit_code = 3


class LeaseLost(StudyElsewhere):
    """Another coordinator has taken this study over; this one may write no more."""


class StudyDeleted(SearchError):
    """The study was deleted while it ran."""


class TrialsFailed(SearchError):
    """The first trials all failed."""


class NoResult(SearchError):
    """A study has all its trials, and none of them has ended an epoch."""


class Outage(SearchError):
    """Something cannot be written that may come back, above all a disk that is full."""


class DatabaseTrouble(SearchError):
    """The database failed while a study ran; launched again, the study goes on."""


class StoreError(SearchError):
    """A checkpoint cannot be written or read back."""


class CheckpointDamaged(StoreError):
    """A checkpoint's content isn't what was written."""


class UploadLost(StoreError):
    """Data that were uploaded are no longer in the store, or not what was uploaded."""


class ReplayDiffers(SearchError):
    """A trial, trained again, does not come as far as was recorded."""


class VerificationFailed(SearchError):
    """A checkpoint, loaded afresh, does not score what its trial recorded."""
