"""The commands that only look at studies: parse, call one operation, print."""

import sys
from typing import Annotated

import typer

from search import operations
from search.cli.app import command
from search.cli.options import Json, Name, Storage, Top, places
from search.cli.studies import EXIT_CODES


@command("list", name="list")
def list_(storage: Storage = None, as_json: Json = False) -> None:
    """List all studies: how far they are, their best."""
    from search.render import output, plain, standings

    found = operations.list_studies(places(storage))
    output.show(plain.studies(found) if as_json else standings.studies(found))


@command("status quickstart --watch")
def status(
    name: Name,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Show it as it goes, until nobody runs it or Ctrl-C."),
    ] = False,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Show how a study stands: scores, counts, failures.

    With --watch a terminal shows what a launch does, and a pipe gets lines; it ends once nobody
    runs the study, with exit code 0, or by Ctrl-C, with 130.
    """
    from search.render import output, plain, progress, standings

    found, study_name = places(storage), operations.study_name(name)
    if watch:
        looking = f"looking for {study_name}"
        with progress.progress(
            sys.stdout, quiet=as_json, preparing=looking, for_reader=True
        ) as shown:
            watched = operations.watch(found, study_name, watch=shown.watch)
        study, ending = watched.study, watched.ending
        if as_json and study:  # with the curves of the trials that had ended before
            study = operations.status(found, study_name, curves=True)
    else:
        study, ending = operations.status(found, study_name, curves=as_json), None
    if study:
        output.show(plain.status(study) if as_json else standings.status(study))
    else:
        output.show(None if as_json else standings.unread(study_name))
    raise typer.Exit(EXIT_CODES[ending] if ending else 0)


@command("best quickstart --top 10")
def best(name: Name, top: Top = 5, storage: Storage = None, as_json: Json = False) -> None:
    """Show the best trials, and what made them so.

    Beside them: what the defaults have instead, how large their models are, how much each
    parameter matters, and the baselines.
    """
    from search.render import explained, output, plain, signs

    found = operations.best(places(storage), operations.study_name(name), top=top)
    shown = explained.best(found, signs.signs_for(sys.stdout.encoding))
    output.show(plain.best(found) if as_json else shown)
