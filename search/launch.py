"""From a study file to a study that runs: data, database, lease, Ray, loop; then all undone."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import partial

import numpy as np

from lstm_attn import baselines
from lstm_attn.data import prepare
from lstm_attn.sequences import SequenceData
from lstm_attn.stream import epoch_steps
from lstm_attn.tasks import task_for
from search import lease, spec, workers
from search.archive import Archive, StoredStudy, opened
from search.carrying import Read
from search.checkpoints import Store, at
from search.coordinator import Coordinator
from search.database import is_there
from search.errors import Outage, SpecChanged
from search.ledger import Ledger
from search.patience import PATIENCE_SECONDS, Interrupted, Patience
from search.records import BaselineScore, Ending, Fact, Launched, Opened, StudySummary, Waiting
from search.settings import Settings
from search.spec import SpecFile, StudySpec
from search.stopping import Orders, Stop


def launch(
    file: SpecFile,
    settings: Settings,
    *,
    timeout: float | None,
    watch: Callable[[Fact], None],
    orders: Orders | None = None,
    outage_seconds: float | None = None,
    read: Read = prepare,
) -> Launched:
    """Run a study, or go on with it, until its budget is spent or someone asks it to stop.

    Arguments:
        file: the study file, checked.
        settings: where database, checkpoints and Ray are.
        timeout: seconds this launch may take; None: as the file says.
        watch: sees what happens.
        orders: of a server that runs the study; None: the launch stands alone.
        outage_seconds: how long what fails is waited for; None: `PATIENCE_SECONDS`.
        read: gives the data that the file names.

    Raises:
        SearchError, LstmAttnError: see the trees.
    """
    stop = Stop(timeout if timeout is not None else file.timeout, orders=orders)
    patience = Patience(stop, watch, seconds=outage_seconds or PATIENCE_SECONDS)
    try:
        return _launch(file, settings, stop, patience, watch, read)
    except Interrupted as interrupted:
        stop.insist(interrupted.ending)
        raise Outage(
            f"nothing was begun, {interrupted.ending.value}: {interrupted.outage}"
        ) from interrupted


def _launch(
    file: SpecFile,
    settings: Settings,
    stop: Stop,
    patience: Patience,
    watch: Callable[[Fact], None],
    read: Read,
) -> Launched:
    """Take one thing after the other; on the way out all is undone."""
    with ExitStack() as undo:
        data = patience(lambda: _told_first(file, settings, undo, read))
        archive = patience(lambda: undo.enter_context(opened(settings, create=True)))
        held = patience(
            lambda: lease.acquire(
                archive.storage.engine,
                file.name,
                waiting=lambda owner: watch(Waiting(owner=str(owner), seconds=owner.seconds_left)),
            )
        )
        undo.callback(held.release)
        stop.heed(held)
        patience.before_retry = held.try_to_renew
        data = data or checked_data(file, read)
        study = patience(lambda: archive.find(file.name))
        if study:
            study.check_place(settings)
            study = replace(study, spec=same(file, study, data, archive))
            if summary := patience(partial(_spent, study, archive)):
                patience(partial(_sweep, study, summary, archive, held))
                return Launched(ending=Ending.SPENT, study=summary, fresh=False)
        workers.connect(settings.ray_address, slots=file.resources.slots, cpus=file.threads)
        undo.callback(workers.disconnect)
        undo.enter_context(stop)  # Ray has just taken signals for itself
        places = workers.RayWorkers(
            data,
            slots=file.resources.slots,
            cpus=file.threads,
            gpus=file.resources.gpu_share(gpus=workers.has_gpus()),
            share=stop.share,
            limits=file.resources.limits,
            join=partial(_join_anew, file, settings, stop),
        )
        undo.callback(places.close)
        places.open(file.trials)  # they start while the baselines are scored
        study = _stored(study, file, data, archive, patience)
        ending = _run(study, data, archive, held, places, stop, patience, watch)
        try:
            summary = patience(partial(archive.summary, study))
        except Interrupted as interrupted:
            raise interrupted.outage from interrupted
        return Launched(ending=ending, study=summary, fresh=True)


def _join_anew(file: SpecFile, settings: Settings, stop: Stop) -> None:
    """Join what has come in the place of a Ray that is gone."""
    workers.disconnect()
    workers.connect(settings.ray_address, slots=file.resources.slots, cpus=file.threads)
    stop.listen()  # Ray has just taken signals for itself


def _told_first(
    file: SpecFile, settings: Settings, undo: ExitStack, read: Read
) -> SequenceData | None:
    """Tell what the user can mend before anything is made, written or started.

    Arguments:
        file: the study file.
        settings: where database, checkpoints and Ray are.
        undo: gets the leaving of a Ray that is joined.
        read: gives the data that the file names.

    Returns:
        the data; None where somebody runs the study, who is met before data are read.
    """
    data, study = None, None
    if is_there(settings.storage):
        with opened(settings) as archive:
            if archive.is_run(file.name):
                return None
            data = checked_data(file, read)
            if study := archive.find(file.name):
                study.check_place(settings)
                renewed = replace(study, spec=same(file, study, data, archive))
                if _spent(renewed, archive):
                    return data
    data = data or checked_data(file, read)
    at(settings.checkpoints_of(study.checkpoints if study else None)).check()
    if settings.ray_address:  # one of our own is started only once the study is ours
        workers.connect(settings.ray_address, slots=None, cpus=file.threads)
        undo.callback(workers.disconnect)
    return data


def _spent(study: StoredStudy, archive: Archive) -> StudySummary | None:
    """Sum up a study that has all its trials; None of one that hasn't."""
    summary = archive.summary(study)
    is_spent = not summary.count("running") and summary.finished >= study.spec.trials
    return summary if is_spent else None


def checked_data(file: SpecFile, read: Read = prepare) -> SequenceData:
    """Read the data, and tell what doesn't go together before anything is started."""
    data = read(file.data, file.task)
    spec.resolve(file, data, gpus=False)
    return data


def score_baselines(spec: StudySpec, data: SequenceData) -> tuple[BaselineScore, ...]:
    """Score the models that are no networks on the rows that rank trials, and on test rows."""
    found = baselines.baselines(
        data,
        objective=spec.objective,
        context=spec.largest_context,
        validation_rows=spec.validation_rows,
    )
    return tuple(BaselineScore(**asdict(baseline)) for baseline in found)


def steps_of_epoch(spec: StudySpec, data: SequenceData) -> int:
    """Count the optimizer steps of an epoch at the default batch size and context."""
    _, training = spec.space.configure(spec.space.defaults()[0])
    rows = task_for(data, spec.objective).row_count(training.context)
    return training.epoch_steps or epoch_steps(-(-rows // training.batch_size))


def remarks(spec: StudySpec, data: SequenceData) -> dict[str, str]:
    """Say what is done to the data that the user may not expect."""
    if data.task.kind != "classification":
        return {}
    lengths = np.diff(data.train.offsets)
    context = spec.largest_context
    cut = int((lengths > context).sum())
    if not cut:
        return {}
    return {
        "context": f"{cut} of {len(lengths)} training rows are cut to their first {context} "
        "steps - set training.context for more"
    }


def same(file: SpecFile, study: StoredStudy, data: SequenceData, archive: Archive) -> StudySpec:
    """Hold the file against the stored study: only budget, keeping and resources may differ."""
    wanted = spec.resolve(file, data, gpus=False)
    differences = study.spec.differences(wanted)
    if data.fingerprint != study.fingerprint:
        differences.append("data: its content has changed")
    if differences:
        free = archive.free_name(file.name)
        raise SpecChanged(
            f"study {file.name!r} is there already and searches something else:",
            *(f"  {line}" for line in differences),
            f"launch it under a name of its own: lstm-search launch {file.path} --name {free}",
        )
    return study.spec.with_budget(
        trials=file.trials,
        timeout=file.timeout,
        keep=file.keep,
        checkpoint_every=file.checkpoint_every,
        resources=file.resources,
    )


def _stored(
    study: StoredStudy | None,
    file: SpecFile,
    data: SequenceData,
    archive: Archive,
    patience: Patience,
) -> StoredStudy:
    """Write a study with what may have changed, or a new one."""
    if study:
        return patience(partial(archive.update, study))
    resolved = spec.resolve(file, data, gpus=workers.has_gpus())
    return patience(
        partial(
            archive.create,
            resolved,
            fingerprint=data.fingerprint,
            baselines=score_baselines(resolved, data),
            data_summary=data.summary,
        )
    )


def _run(
    study: StoredStudy,
    data: SequenceData,
    archive: Archive,
    held: lease.Lease,
    places: workers.RayWorkers,
    stop: Stop,
    patience: Patience,
    watch: Callable[[Fact], None],
) -> Ending:
    """Put the parts together and run the loop."""
    archive.guard(study)
    with ExitStack() as undo:
        steps = steps_of_epoch(study.spec, data)
        ledger = Ledger(archive.storage, study.id, study.spec, epoch_steps=steps, through=patience)
        store = patience(lambda: _store(study, archive, held))
        undo.callback(store.close)  # before the workers, with whom payloads lie
        notes = tuple(f"{name}: {said}" for name, said in remarks(study.spec, data).items())
        summary = patience(partial(archive.summary, study))
        left = stop.seconds_left
        watch(Opened(study=summary, epochs=study.spec.epochs, notes=notes, seconds=left))
        coordinator = Coordinator(
            ledger=ledger,
            workers=places,
            store=store,
            checkpoint_every=study.spec.checkpoint_every,
            watch=watch,
            through=patience,
        )
        patience.meanwhile = coordinator.put_aside
        return coordinator.run(stop)


def _sweep(study: StoredStudy, summary: StudySummary, archive: Archive, held: lease.Lease) -> None:
    """Let go of what a launch that was killed after its last trial has left."""
    store = _store(study, archive, held)
    store.sweep([], [trial.number for trial in summary.leaders])
    store.close()


def _store(study: StoredStudy, archive: Archive, held: lease.Lease) -> Store:
    return Store(
        study.place(archive.settings),
        generation=held.generation,
        keep=study.spec.keep,
        may_delete=held.surely_held,
    )
