"""A server put together: database, Ray, figures, loop; then all undone."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import TextIO

from search import workers
from search.archive import opened
from search.database import told
from search.records import Ending
from search.server.child import Child, Tell, coordinator, own_ray
from search.server.figures import LOOPBACK, Figures, answering
from search.server.log import Log
from search.server.loop import Server
from search.server.own_ray import OwnRay
from search.settings import Settings
from search.stopping import Stop
from search.submissions import Submissions


def serve(settings: Settings, *, studies: int, port: int, out: TextIO) -> Ending:
    """Run what was submitted until SIGINT or SIGTERM; a second one ends it at once.

    Arguments:
        settings: where database, checkpoints and Ray are; without a Ray one is started, which
            all studies share.
        studies: the most that run at a time.
        port: on the loopback address, for health and figures; 0 for any that is free.
        out: gets a line of JSON an event.

    Raises:
        SearchError: see the tree.
    """
    if settings.ray_address is not None:
        workers.check_named(settings.ray_address)
    figures, log = Figures(), Log(out)
    with ExitStack() as undo:
        archive = undo.enter_context(opened(settings, create=True))
        submissions = Submissions(archive.storage.engine)
        with told(settings.storage):
            submissions.check_writable()
        taken = undo.enter_context(answering(figures, port))
        ray = undo.enter_context(_ray(settings.ray_address, log))
        stop = undo.enter_context(Stop(None))

        def begin(study: str, address: str, tell: Tell) -> Child:
            return coordinator(replace(settings, ray_address=address), study, tell)

        server = Server(
            submissions=submissions,
            is_run=archive.is_run,
            begin=begin,
            ray=ray,
            reach=partial(told, settings.storage),
            studies=studies,
            log=log,
            figures=figures,
        )
        undo.callback(server.close)
        log("serving", studies=studies, address=f"http://{LOOPBACK}:{taken}")
        return server.run(stop)


@contextmanager
def _ray(given: str | None, log: Log) -> Iterator[Callable[[], str | None]]:
    """Tell where studies find Ray: where it is said to be, or where there is one of our own now.

    Raises:
        ClusterError: none of our own can be had.
    """
    if given is not None:
        yield lambda: given
        return
    workers.share_token()
    own = OwnRay(own_ray, log)
    try:
        own.start()
        yield own.address
    finally:
        own.close()
