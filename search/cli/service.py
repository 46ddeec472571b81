"""The commands of the service: parse, call one operation, print."""

import sys
from typing import Annotated

import typer

from search import operations
from search.cli import hints
from search.cli.app import command
from search.cli.options import (
    Checkpoints,
    File,
    Overrides,
    Rename,
    Slots,
    Storage,
    Trials,
    places,
    whole,
)


@command("submit studies/quickstart.toml")
def submit(
    file: File,
    *,
    trials: Trials = None,
    slots: Slots = None,
    with_data: Annotated[
        bool,
        typer.Option(
            "--with-data",
            help="Put its files of data into the checkpoint store, for servers that don't have "
            "them; where that is a folder, it must be one that the servers have, too.",
        ),
    ] = False,
    name: Rename = None,
    overrides: Overrides = None,
    storage: Storage = None,
    checkpoints: Checkpoints = None,
) -> None:
    """Hand a study to the database's servers, and return at once.

    Without --with-data its data must be where a server reaches them under the same path. A study
    that is there goes on; submitted again, it is run as its file says now.
    """
    from search.render import output, standings

    submitted = operations.submit(
        file,
        places(storage, checkpoints),
        overrides=overrides or (),
        name=name,
        trials=trials,
        slots=slots,
        with_data=with_data,
    )
    place = hints.place(storage)
    status = hints.said("status", submitted.name, **{"--storage": place})
    server = hints.said("serve", **{"--storage": place})
    output.show(standings.submitted(submitted, server=server, status=status))


@command("serve --studies 2")
def serve(
    studies: Annotated[
        int, typer.Option(parser=whole(1, 1000), metavar="N", help="Studies at a time, at most.")
    ] = 2,
    port: Annotated[
        int,
        typer.Option(
            parser=whole(0, 65535),
            metavar="N",
            help="For /healthz and /metrics, on this machine alone; 0: any that is free.",
        ),
    ] = 9464,
    storage: Storage = None,
    checkpoints: Checkpoints = None,
) -> None:
    """Run what was submitted, first come first served, until Ctrl-C.

    Each event is a line of JSON. After a crash, started again it goes on with all that is
    unfinished. A second Ctrl-C ends it at once.
    """
    operations.serve(places(storage, checkpoints), studies=studies, port=port, out=sys.stdout)


@command("coordinate quickstart", hidden=True)
def coordinate(study: Annotated[str, typer.Argument(metavar="NAME")]) -> None:
    """Run a submitted study for the server that has started this."""
    operations.coordinate(places(None), study, orders=sys.stdin.fileno(), out=sys.stdout)
