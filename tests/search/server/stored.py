"""A study as its launch writes it, for tests that need one in the database."""

from pathlib import Path

from lstm_attn.data import prepare
from lstm_attn.sequences import SequenceData
from search.archive import Archive, opened
from search.settings import Settings
from search.spec import SpecFile, load, resolve
from search.stored import StoredStudy


def write(archive: Archive, file: SpecFile, data: SequenceData) -> StoredStudy:
    """Put a study into the database, without baselines."""
    return archive.create(
        resolve(file, data, gpus=False),
        fingerprint=data.fingerprint,
        baselines=(),
        data_summary=data.summary,
    )


def store_study(settings: Settings, study_file: Path) -> StoredStudy:
    """Read a study file with its data, and put the study into the database."""
    file = load(study_file)
    with opened(settings) as archive:
        return write(archive, file, prepare(file.data, file.task))
