"""From a study file to a study that runs: data, database, lease, Ray, loop; then all undone."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache, partial

from lstm_attn.data import prepare
from lstm_attn.errors import NoRoom
from lstm_attn.sequences import SequenceData
from search import lease, spec, workers
from search.archive import Archive, opened
from search.carrying import Read
from search.checkpoints import Store, at
from search.coordinator import Coordinator
from search.database import is_there
from search.errors import Outage, SpecChanged, WrongUse
from search.ledger import Ledger
from search.noting import Noting
from search.patience import PATIENCE_SECONDS, Interrupted, Patience
from search.reckoning import remarks, score_baselines, steps_of_epoch
from search.records import Ending, Fact, Launched, Opened, StudySummary, Waiting
from search.settings import Settings
from search.spec import SpecFile, StudySpec
from search.stopping import Orders, Stop
from search.stored import StoredStudy


def launch(
    file: SpecFile,
    settings: Settings,
    *,
    timeout: float | None,
    watch: Callable[[Fact], None],
    orders: Orders | None = None,
    outage_seconds: float | None = None,
    read: Read = prepare,
    once_held: Callable[[Archive], None] = lambda _: None,
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
        once_held: called when nobody else can begin or delete the study any more; may raise.

    Raises:
        SearchError, LstmAttnError: see the trees.
    """
    stop = Stop(timeout if timeout is not None else file.timeout, orders=orders)
    patience = Patience(stop, watch, seconds=outage_seconds or PATIENCE_SECONDS)
    try:
        served = orders is not None
        return _launch(file, settings, stop, patience, watch, cache(read), once_held, served=served)
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
    once_held: Callable[[Archive], None],
    *,
    served: bool,
) -> Launched:
    """Take one thing after the other; on the way out all is undone."""
    with ExitStack() as undo:
        data = patience(lambda: _told_first(file, settings, undo, read, served=served))
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
        patience(partial(once_held, archive))
        data = data or patience(partial(checked_data, file, read))
        if study := patience(partial(_found, file.name, archive)):
            study = replace(study, spec=same(file, study, data, archive))
            if over := patience(partial(_over, study, archive)):
                patience(partial(archive.update_budget, study))
                patience(partial(_sweep, study, over.study, archive, held))
                return over
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
    file: SpecFile, settings: Settings, undo: ExitStack, read: Read, *, served: bool
) -> SequenceData | None:
    """Tell what the user can mend before anything is made, written or started.

    Arguments:
        file: the study file.
        settings: where database, checkpoints and Ray are.
        undo: gets the leaving of a Ray that is joined.
        read: gives the data that the file names.
        served: whether a server runs the study, which has time to wait for a store.

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
                with _answering(served=served):
                    study.check_place(settings)
                renewed = replace(study, spec=same(file, study, data, archive))
                if _over(renewed, archive):
                    return data
    data = data or checked_data(file, read)
    with _answering(served=served):
        at(settings.checkpoints_of(study.checkpoints if study else None)).check()
    if settings.ray_address:  # one of our own is started only once the study is ours
        workers.connect(settings.ray_address, slots=None, cpus=file.threads)
        undo.callback(workers.disconnect)
    return data


@contextmanager
def _answering(*, served: bool) -> Iterator[None]:
    """Tell a store that has never answered as what the user can mend; a server waits for it."""
    try:
        yield
    except Outage as away:
        if served:
            raise
        raise WrongUse(f"--checkpoints: {away}") from away


def _found(name: str, archive: Archive) -> StoredStudy | None:
    """Find a study that may go on where its checkpoints are to lie."""
    study = archive.find(name)
    if study:
        study.check_place(archive.settings)
    return study


def _over(study: StoredStudy, archive: Archive) -> Launched | None:
    """Sum up a study that has all trials it can have; None of one that hasn't."""
    summary = archive.summary(study)
    ending = Ending.SPENT if summary.finished >= summary.budget else Ending.EXHAUSTED
    return Launched(ending=ending, study=summary, fresh=False) if summary.over else None


def checked_data(file: SpecFile, read: Read = prepare) -> SequenceData:
    """Read the data, and tell what doesn't go together before anything is started.

    Raises:
        Outage: there is no room to read them.
    """
    try:
        data = read(file.data, file.task)
    except NoRoom as full:
        raise Outage(*full.problems) from full
    spec.resolve(file, data, gpus=False)
    return data


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
            f"give it a name of its own, with --name {free}",
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
        archive.guard(study)
        return patience(partial(archive.update, study))
    resolved = spec.resolve(file, data, gpus=workers.has_gpus())
    study = patience(
        partial(
            archive.create,
            resolved,
            fingerprint=data.fingerprint,
            baselines=score_baselines(resolved, data),
            data_summary=data.summary,
        )
    )
    archive.guard(study)
    return study


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
    with ExitStack() as undo:
        steps = steps_of_epoch(study.spec, data)
        ledger = Ledger(archive.storage, study.id, study.spec, epoch_steps=steps, through=patience)
        store = patience(lambda: _store(study, archive, held))
        undo.callback(store.close)  # before the workers, with whom payloads lie
        notes = tuple(f"{name}: {said}" for name, said in remarks(study.spec, data).items())
        summary = patience(partial(archive.summary, study))
        noting = Noting(archive.storage, study.id, study.spec, study.data_summary, watch)
        left = stop.seconds_left
        noting(Opened(study=summary, epochs=study.spec.epochs, notes=notes, seconds=left))
        coordinator = Coordinator(
            ledger=ledger,
            workers=places,
            store=store,
            checkpoint_every=study.spec.checkpoint_every,
            watch=noting,
            through=patience,
            beside=patience.beside(),
        )
        patience.meanwhile = coordinator.put_aside
        return noting.to_the_end(partial(coordinator.run, stop))


def _sweep(study: StoredStudy, summary: StudySummary, archive: Archive, held: lease.Lease) -> None:
    """Let go of what a launch that was killed after its last trial has left."""
    store = _store(study, archive, held)
    store.sweep([], {one.number: one.best_epoch for one in summary.leaders if one.best_epoch})
    store.close()


def _store(study: StoredStudy, archive: Archive, held: lease.Lease) -> Store:
    return Store(
        study.place(archive.settings),
        generation=held.generation,
        keep=study.spec.keep,
        may_delete=held.surely_held,
    )
