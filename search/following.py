"""A study that runs elsewhere, followed from the database alone.

A look reads the running and the new trials alone, however many there were before.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NoReturn

from optuna.trial import FrozenTrial, TrialState

from lstm_attn.reports import EpochReport
from search import lease, queued, summaries
from search.archive import Archive, opened
from search.database import Trials, deleted, is_there, named, told
from search.errors import Outage, SearchError, StorageError, StudyDeleted, StudyNotFound
from search.picked import is_point
from search.records import (
    Fact,
    Opened,
    Quiet,
    Reported,
    RunBy,
    Seen,
    Started,
    StudySummary,
    Told,
    TrialSummary,
    Unseen,
    Watched,
)
from search.settings import SQLITE, Settings
from search.stopping import Signalled, Signals
from search.stored import StoredStudy
from search.submissions import Submission, Submissions

LOOK_SECONDS = 1.0
"""Between two looks."""


def follow(
    settings: Settings,
    name: str,
    watch: Callable[[Fact], None],
    *,
    every: float = LOOK_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Watched:
    """Tell what happens to a study until nobody runs it or a signal comes; in the main thread.

    Of one that nobody runs at first, nothing is told.

    Arguments:
        settings: where the database is.
        name: the study's.
        watch: sees what happens; `Quiet` after each look.
        every: seconds between two looks.
        sleep: waits so many seconds.
        clock: gives seconds.

    Raises:
        StudyNotFound: it is neither launched nor submitted; or its launch has ended without it.
        StudyDeleted: it was deleted meanwhile.
        StorageError: the database cannot be had at first; later that is told and waited for.
        Outage: likewise.
    """
    with opened(settings) as archive, Signals() as signals:
        following = Following(archive, name)
        away_since: float | None = None
        was_run = False
        with suppress(Signalled):
            while True:
                try:
                    with signals.heeded():
                        facts = following.look()
                except (Outage, StorageError) as error:
                    if following.has_looked and away_since is None:
                        away_since = clock()
                        facts = [Unseen(problem=str(error))]
                    elif away_since is None:
                        raise
                    else:
                        facts = []
                else:
                    if away_since is not None:
                        facts.insert(0, Seen(seconds=clock() - away_since))
                        away_since = None
                if was_run := was_run or following.goes_on:
                    for fact in (*facts, Quiet()):
                        watch(fact)
                if not following.goes_on:
                    break
                with signals.heeded():
                    sleep(every)
        return Watched(study=following.summary(), ending=signals.ending)


class Following:
    """What is known of a study that runs elsewhere, and what has happened since.

    Arguments:
        archive: where it is.
        name: the study's.
    """

    def __init__(self, archive: Archive, name: str) -> None:
        self.goes_on = True
        """Whether somebody runs the study, or will."""
        self.has_looked = False
        """Whether the database was read at all."""
        self._archive = archive
        self._name = name
        self._study: StoredStudy | None = None
        self._submission: Submission | None = None
        self._was_there = False
        self._reading: Trials | None = None
        self._trials: list[FrozenTrial] = []
        self._run_by: RunBy | None = None
        self._told: set[int] = set()
        self._epochs: dict[int, int] = {}

    def look(self) -> list[Fact]:
        """Read what has changed, and tell it.

        Raises:
            StudyNotFound: there is no such study.
            StudyDeleted: there is none any more.
            StorageError: the database cannot be read.
            Outage: likewise, and that may pass.
        """
        archive = self._archive
        url = archive.settings.storage
        try:
            _check_there(url)
            with told(url):
                facts = self._look()
        except (Outage, StorageError):
            archive.storage.remove_session()
            archive.storage.engine.dispose()  # what comes back may be another file, or server
            raise
        self.has_looked = True
        return facts

    def summary(self) -> StudySummary | None:
        """Sum the study up as it was seen last; None where nothing is written of it yet."""
        if self._study:
            return self._summary(self._study)
        return queued.not_begun(self._submission) if self._submission else None

    def _look(self) -> list[Fact]:
        engine = self._archive.storage.engine
        owner = lease.holder(engine, self._name)  # first: what it has written last is read then
        self._submission = Submissions(engine).find(self._name)
        study = self._archive.find(self._name)
        if study is None and (self._study or not (owner or self._submission)):
            self._miss()
        self._was_there = self._was_there or bool(study or self._submission)
        news = self._news(study) if study else []
        run_by = RunBy(owner=str(owner) if owner else None, queued=queued.state(self._submission))
        facts: list[Fact] = [] if run_by == self._run_by else [run_by]
        self._run_by = run_by
        waits = self._submission is not None and self._submission.state == "waiting"
        self.goes_on = owner is not None or waits
        return facts + news

    def _miss(self) -> NoReturn:
        if self._was_there:
            raise deleted(self._name)
        if self.has_looked:
            where = self._archive.settings.shown
            raise StudyNotFound(
                f"no study {self._name!r} in {where} - its launch ended before it was written"
            )
        self._archive.get(self._name)
        raise SearchError(f"study {self._name!r} has begun just now - look again")

    def _news(self, study: StoredStudy) -> list[Fact]:
        former = self._study
        if former and former.uid != study.uid:
            self._miss()
        if self._reading is None:
            self._reading = Trials(self._archive.storage, study.id, note=summaries.NOTE)
        try:
            found = self._reading.read()
        except StudyDeleted:
            self._miss()
        self._study = study
        self._trials = [trial for trial in found if trial.state != TrialState.WAITING]
        if former is None:
            return list(self._open(study))
        open_trials = [trial for trial in self._trials if trial.number not in self._told]
        facts = [fact for trial in open_trials for fact in self._trial(study, trial)]
        if former.spec.trials != study.spec.trials:
            facts.append(self._opened(study))
        return facts

    def _open(self, study: StoredStudy) -> Iterator[Fact]:
        """Tell how the study stands, and which trials run."""
        opening = self._opened(study)
        yield opening
        for trial in opening.study.trials:
            if trial.state != "running":
                self._told.add(trial.number)
            elif _has_begun(trial, study):
                self._epochs[trial.number] = max(trial.curve, default=0)
                yield Started(
                    number=trial.number,
                    params=trial.params,
                    epoch=self._epochs[trial.number],
                    default=trial.default,
                )

    def _trial(self, study: StoredStudy, frozen: FrozenTrial) -> Iterator[Fact]:
        """Tell what has become of a trial that had not ended at the last look."""
        trial = summaries.trial_summary(frozen, study.spec)
        number = trial.number
        if not _has_begun(trial, study):
            return
        if number not in self._epochs:
            self._epochs[number] = 0
            yield Started(number=number, params=trial.params, epoch=0, default=trial.default)
        for epoch, value in trial.curve.items():
            if epoch > self._epochs[number]:
                self._epochs[number] = epoch
                yield _reported(number, epoch, study.spec.objective, value)
        if trial.state != "running":
            self._told.add(number)
            yield Told(trial=trial)

    def _opened(self, study: StoredStudy) -> Opened:
        return Opened(study=self._summary(study), epochs=study.spec.epochs, notes=())

    def _summary(self, study: StoredStudy) -> StudySummary:
        owner = self._run_by.owner if self._run_by else None
        found = summaries.study_summary(
            study.name, study.spec, study.baselines, self._trials, owner=owner
        )
        return queued.standing(found, self._submission)


def _has_begun(trial: TrialSummary, study: StoredStudy) -> bool:
    """Tell whether all is known of what a trial tries; others write that after they make it."""
    return trial.state != "running" or bool(trial.curve) or is_point(trial.params, study.spec.space)


def _check_there(url: str) -> None:
    """Refuse to read a file that is gone: as long as it is open it can be read still."""
    if url.startswith(SQLITE) and not is_there(url):
        raise StorageError(f"{named(url)} is not there any more - put it back")


def _reported(number: int, epoch: int, objective: str, value: float) -> Reported:
    """Tell an epoch of which the database knows the objective alone."""
    report = EpochReport(
        epoch=epoch,
        training_loss=math.nan,
        metrics={objective: value},
        seconds=math.nan,
        rows_per_second=math.nan,
    )
    return Reported(number=number, attempt=0, report=report)
