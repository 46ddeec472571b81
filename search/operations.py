"""One function a command: the service as a Python API.

Names of studies stand for themselves; where one stands on the command line, its file will do.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from search import looking, using
from search.records import (
    CheckReport,
    Ending,
    Exported,
    Fact,
    Launched,
    ReplayedEpoch,
    Stopped,
    StudySummary,
    Submitted,
)
from search.report import report as report  # noqa: PLC0414 - one of the functions here
from search.settings import Settings
from search.starting import init as init  # noqa: PLC0414 - one function a command

if TYPE_CHECKING:
    from search.archive import Archive


def check(file: Path, *, overrides: Sequence[str] = (), name: str | None = None) -> CheckReport:
    """Look at a study file, its data and its models, without training or writing anything.

    Arguments:
        file: the study file.
        overrides: `key=value` lines over the file's.
        name: over the file's.
    """
    from search.checking import check as look
    from search.spec import load

    return look(load(file, overrides, name))


def launch(
    file: Path,
    settings: Settings,
    *,
    watch: Callable[[Fact], None],
    overrides: Sequence[str] = (),
    name: str | None = None,
    trials: int | None = None,
    timeout: float | None = None,
    slots: int | None = None,
    outage_seconds: float | None = None,
) -> Launched:
    """Run a study, or go on with it.

    Arguments:
        file: the study file.
        settings: where database, checkpoints and Ray are.
        watch: sees what happens.
        overrides: `key=value` lines over the file's.
        name: over the file's.
        trials: the study's total, over the file's.
        timeout: seconds of this launch, over the file's.
        slots: trials at a time at most, over the file's.
        outage_seconds: how long a database or a disk that fails is waited for; None: as usual.
    """
    from search.launch import launch as run
    from search.spec import load

    return run(
        load(file, [*overrides, *_lines(trials, slots)], name),
        settings,
        timeout=timeout,
        watch=watch,
        outage_seconds=outage_seconds,
    )


def submit(
    file: Path,
    settings: Settings,
    *,
    overrides: Sequence[str] = (),
    name: str | None = None,
    trials: int | None = None,
    slots: int | None = None,
    with_data: bool = False,
) -> Submitted:
    """Put a study on the queue of the database's servers.

    Arguments:
        file: the study file.
        settings: where database and checkpoints are.
        overrides: `key=value` lines over the file's.
        name: over the file's.
        trials: the study's total, over the file's.
        slots: trials at a time at most, over the file's.
        with_data: whether its files of data are put into the checkpoint store.
    """
    from search.server import submit as put
    from search.spec import load

    changed = load(file, [*overrides, *_lines(trials, slots)], name)
    return put(changed, settings, with_data=with_data)


def serve(settings: Settings, *, studies: int, port: int, out: TextIO) -> Ending:
    """Run what was submitted, until a signal.

    Arguments:
        settings: where database, checkpoints and Ray are.
        studies: the most that run at a time.
        port: on this machine's loopback, for health and figures.
        out: gets a line of JSON an event.
    """
    from search.server import serve as run

    return run(settings, studies=studies, port=port, out=out)


def coordinate(settings: Settings, name: str, *, orders: int, out: TextIO) -> None:
    """Run a submitted study for its server.

    Arguments:
        settings: where database, checkpoints and Ray are.
        name: the study's.
        orders: descriptor of what the server wants.
        out: gets a line of JSON an event.
    """
    from search.server import coordinate as run

    run(settings, name, orders, out)


def stop(settings: Settings, name: str) -> Stopped:
    """End a study wherever it runs, as by Ctrl-C, or waits; tell what that meant."""
    from search import queued

    with _archive(settings) as archive:
        return queued.stop(archive, name)


def list_studies(settings: Settings) -> tuple[StudySummary, ...]:
    """Sum up all studies of the database, the oldest first, and those that wait to begin.

    Trials that have ended are without their curves.

    Raises:
        StorageError: the database cannot be had, or holds what another version has written.
        Outage: it cannot be had for now.
    """
    from search import queued

    with _archive(settings) as archive:
        return queued.summaries(archive)


best, status, watch = looking.best, looking.status, looking.watch


def replay(
    settings: Settings, name: str, number: int, *, watch: Callable[[ReplayedEpoch], None]
) -> tuple[ReplayedEpoch, ...]:
    """Train a recorded trial again, alone, and set each epoch beside what was recorded.

    Arguments:
        settings: where the database is.
        name: the study's.
        number: the trial's.
        watch: sees each epoch as it ends.
    """
    from search.carrying import reader
    from search.replaying import recorded_trial
    from search.replaying import replay as again

    with _archive(settings) as archive:
        study = archive.get(name)
        trial = recorded_trial(archive.summary(study), number)
        read = reader(archive.upload(name), settings)
        return tuple(again(study, trial, archive.threads(study, number), watch, read))


def export(settings: Settings, name: str, *, to: Path, top: int = 1) -> tuple[Exported, ...]:
    """Write the best trials as folders that another program loads, each scored again first.

    Arguments:
        settings: where database and checkpoints are.
        name: the study's.
        to: the folder; for more than one, a folder each in it.
        top: how many of the best.
    """
    from search.carrying import at_hand
    from search.export import export_best

    with _archive(settings) as archive:
        study = archive.get(name)
        return export_best(
            spec=study.spec,
            study=archive.summary(study),
            store=study.place(settings),
            to=to,
            top=top,
            fingerprint=study.fingerprint,
            known_tests=archive.test_scores(study),
            keep_tests=partial(archive.keep_test_scores, study),
            data=partial(at_hand, archive.upload(name), settings),
        )


score, predict, generate = using.score, using.predict, using.generate


def dashboard(
    settings: Settings,
    *,
    port: int,
    ready: Callable[[str], None],
    host: str = "127.0.0.1",
    auth: str | None = None,
) -> None:
    """Serve optuna-dashboard over the database until interrupted.

    Arguments:
        settings: where database and checkpoints are.
        port: of the address.
        ready: called with the URL once it answers.
        host: the address; any but this machine's loopback needs `auth`.
        auth: `USER:FILE`, the password being the file's first line.
    """
    from search.dashboard import Credentials, serve

    credentials = None if auth is None else Credentials.read(auth)
    serve(settings, port=port, ready=ready, host=host, credentials=credentials)


def delete(settings: Settings, name: str) -> None:
    """Delete a study with its checkpoints and uploaded data, and take it off the queue."""
    from search import queued

    with _archive(settings) as archive:
        queued.delete(archive, name)


def study_name(name_or_file: str) -> str:
    """Give the name of a study; where a name stands, its file will do."""
    path = Path(name_or_file)
    if path.suffix != ".toml":
        return name_or_file
    from search.spec import load

    return load(path).name


def _lines(trials: int | None, slots: int | None) -> list[str]:
    """Write options as lines over a file's."""
    over = {"search.trials": trials, "resources.slots": slots}
    return [f"{key}={value}" for key, value in over.items() if value is not None]


def _archive(settings: Settings) -> "AbstractContextManager[Archive]":
    from search.archive import opened

    return opened(settings)
