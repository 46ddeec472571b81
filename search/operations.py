"""One function a command: the service as a Python API.

Names of studies stand for themselves; where one stands on the command line, its file will do.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from search.errors import StudyNotFound
from search.records import CheckReport, Exported, Fact, Launched, ReplayedEpoch, StudySummary
from search.settings import Settings

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

    over = {"search.trials": trials, "resources.slots": slots}
    more = [f"{key}={value}" for key, value in over.items() if value is not None]
    patience = {} if outage_seconds is None else {"outage_seconds": outage_seconds}
    checked = load(file, [*overrides, *more], name)
    return run(checked, settings, timeout=timeout, watch=watch, **patience)


def stop(settings: Settings, name: str) -> bool:
    """Ask a study's owner, wherever it runs, to end as by Ctrl-C; tell whether there is one."""
    from search import lease

    with _archive(settings) as archive:
        archive.get(name)
        return lease.ask_to_stop(archive.storage.engine, name)


def list_studies(settings: Settings) -> tuple[StudySummary, ...]:
    """Sum up all studies of the database, the oldest first."""
    with _archive(settings) as archive:
        return tuple(archive.summary(archive.get(name)) for name in archive.names())


def status(settings: Settings, name: str) -> StudySummary:
    """Sum up one study."""
    with _archive(settings) as archive:
        return archive.summary(archive.get(name))


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
    from search.replaying import replay as again

    with _archive(settings) as archive:
        study = archive.get(name)
        trials = {trial.number: trial for trial in archive.summary(study).trials}
        if number not in trials:
            raise StudyNotFound(
                f"study {name!r} has no trial {number} - it has 0 to {max(trials, default=0)}"
                if trials
                else f"study {name!r} has no trials yet - launch it"
            )
        return tuple(again(study, trials[number], archive.threads(study, number), watch))


def export(settings: Settings, name: str, *, to: Path, top: int = 1) -> tuple[Exported, ...]:
    """Write the best trials as folders that another program loads, each scored again first.

    Arguments:
        settings: where database and checkpoints are.
        name: the study's.
        to: the folder; for more than one, a folder each in it.
        top: how many of the best.
    """
    from search.export import export_best

    with _archive(settings) as archive:
        study = archive.get(name)
        return export_best(
            spec=study.spec,
            study=archive.summary(study),
            checkpoint_folder=study.folder(settings),
            to=to,
            top=top,
            fingerprint=study.fingerprint,
            known_tests=archive.test_scores(study),
            keep_tests=partial(archive.keep_test_scores, study),
        )


def score(folder: Path, data: Path) -> Mapping[str, float]:
    """Score an export on a file of data with targets."""
    from lstm_attn import load

    return load(folder).score(data)


def predict(
    folder: Path, data: Path, *, probabilities: bool = False
) -> list[dict[str, int | float | str | bool]]:
    """Predict with an export for a file of data; a row of values each.

    Arguments:
        folder: the export.
        data: a file as the export was trained on; targets aren't needed.
        probabilities: whether each class has its column.
    """
    from lstm_attn import load

    return load(folder).predict(data, probabilities=probabilities)


def generate(folder: Path, *, prompt: str, length: int, temperature: float, seed: int) -> str:
    """Let an exported language model write on.

    Arguments:
        folder: the export.
        prompt: what it goes on from.
        length: tokens to write.
        temperature: 0 or more; lower is more sure of itself, 0 takes the likeliest.
        seed: of the draws.
    """
    from lstm_attn import load

    return load(folder).generate(prompt, length=length, temperature=temperature, seed=seed)


def dashboard(settings: Settings, *, port: int, ready: Callable[[str], None]) -> None:
    """Serve optuna-dashboard over the database until interrupted.

    Arguments:
        settings: where the database is.
        port: on this machine's loopback.
        ready: called with the address once it answers.
    """
    from search.dashboard import serve

    serve(settings, port=port, ready=ready)


def delete(settings: Settings, name: str) -> None:
    """Delete a study with its checkpoints."""
    with _archive(settings) as archive:
        archive.delete(archive.get(name))


def study_name(name_or_file: str) -> str:
    """Give the name of a study; where a name stands, its file will do."""
    path = Path(name_or_file)
    if path.suffix != ".toml":
        return name_or_file
    from search.spec import load

    return load(path).name


def _archive(settings: Settings) -> "AbstractContextManager[Archive]":
    from search.archive import opened

    return opened(settings)
