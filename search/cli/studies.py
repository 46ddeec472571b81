"""The commands around studies: parse, call one operation, print."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from search import operations, verdict
from search.cli import hints
from search.cli.app import command
from search.cli.options import (
    Checkpoints,
    File,
    Json,
    Name,
    Overrides,
    Quiet,
    Rename,
    Slots,
    Storage,
    Top,
    Trials,
    duration,
    places,
    whole,
)
from search.errors import NoResult, SearchError, WrongUse
from search.records import Ending, Stopped

STOPPED: dict[Stopped, str] = {
    "asked": "asked to stop",
    "dequeued": "it no longer waits for a server",
    "idle": "nobody runs it",
}
EXIT_CODES = {Ending.INTERRUPTED: 130, Ending.STOPPED: 130, Ending.TERMINATED: 143}
"""Of launches that can go on; others end with 0."""


@command("check studies/quickstart.toml")
def check(
    file: File,
    overrides: Overrides = None,
    name: Rename = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Look at a study without training: data, baselines, cost."""
    from search.render import output, plain, progress, reports

    with progress.busy(f"checking {file}", sys.stderr, quiet=quiet):
        report = operations.check(file, overrides=overrides or (), name=name)
    output.show(plain.check(report) if as_json else reports.check(report))


@command("launch studies/quickstart.toml --slots 2 --timeout 30m")
def launch(
    file: File,
    *,
    trials: Trials = None,
    timeout: Annotated[
        float | None,
        typer.Option(parser=duration, metavar="TIME", help="Of this launch: 30m, 1h30m, 45s."),
    ] = None,
    slots: Slots = None,
    name: Rename = None,
    overrides: Overrides = None,
    storage: Storage = None,
    storage_patience: Annotated[
        float | None,
        typer.Option(
            parser=duration,
            metavar="TIME",
            help="How long a database or disk that fails is waited for. Else 10m.",
        ),
    ] = None,
    checkpoints: Checkpoints = None,
    quiet: Quiet = False,
) -> None:
    """Run a study, or go on with it.

    Ctrl-C ends it so that it can go on; a second one ends it at once.

    Exit code 0: its budget is spent, or its time is over; 3: it is run elsewhere; 130 and 143:
    it was interrupted, and launching it again goes on with it; 1: so does it after a fault, as
    after a disk that stays full, or a database out of reach, for 10 minutes; 1 as well where all
    trials have ended, none of them an epoch.
    """
    from search.render import output, progress, standings

    with progress.progress(sys.stderr, quiet=quiet) as shown:
        launched = operations.launch(
            file,
            places(storage, checkpoints),
            watch=shown.watch,
            overrides=overrides or (),
            name=name,
            trials=trials,
            timeout=timeout,
            slots=slots,
            outage_seconds=storage_patience,
        )
    if launched.fruitless:
        exhausted = launched.ending is Ending.EXHAUSTED or launched.study.exhausted
        raise NoResult(verdict.fruitless(launched.study, exhausted=exhausted))
    given = {"--name": name, "--storage": hints.place(storage), "--checkpoints": checkpoints}
    more: dict[str, int | list[str] | None] = {
        "--set": overrides,
        "--slots": slots,
        "--trials": trials if launched.fresh else None,
    }
    again = hints.said("launch", str(file), **given, **more)
    export = hints.said(
        "export", launched.study.name, "--to", "FOLDER", **{**given, "--name": None}
    )
    output.show(standings.launched(launched, again=again, export=export))
    raise typer.Exit(EXIT_CODES.get(launched.ending, 0))


@command("stop quickstart")
def stop(name: Name, storage: Storage = None) -> None:
    """End a study, wherever it runs or waits, as by Ctrl-C."""
    typer.echo(STOPPED[operations.stop(places(storage), operations.study_name(name))])


@command("replay quickstart 7")
def replay(
    name: Name,
    number: Annotated[
        int, typer.Argument(parser=whole(0), metavar="NUMBER", help="The trial's number.")
    ],
    storage: Storage = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a recorded trial again and compare each epoch.

    Exit code 0: all are the same to the last bit; 1: some are not.
    """
    from search.render import output, plain, progress, reports

    with progress.busy(f"training trial {number} again", sys.stderr, quiet=quiet) as say:
        epochs = operations.replay(
            places(storage),
            operations.study_name(name),
            number,
            watch=lambda one: say(f"training trial {number} again: epoch {one.epoch} has ended"),
        )
    table = reports.replayed(f"{name}, trial {number}", epochs)
    output.show(plain.replayed(epochs) if as_json else table)
    raise typer.Exit(0 if verdict.same(epochs) else 1)


@command("export quickstart --to exports/quickstart")
def export(
    name: Name,
    to: Annotated[
        Path,
        typer.Option(metavar="DIR", help="The folder; for several, each in its own."),
    ],
    top: Top = 1,
    storage: Storage = None,
    checkpoints: Checkpoints = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the best trials as folders to be loaded.

    Each is loaded in a fresh process and scored again before it is called done.
    """
    from search.render import output, plain, progress, reports

    with progress.busy(f"scoring the best of {name} again", sys.stderr, quiet=quiet):
        found, study = places(storage, checkpoints), operations.study_name(name)
        exports = operations.export(found, study, to=to, top=top)
    output.show(plain.exported(exports) if as_json else reports.exported(exports))


@command("report quickstart --to quickstart.html")
def report(
    name: Name,
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file; needed without --json.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    storage: Storage = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write JSON, without curves; print it without --to.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing where a file is written.")
    ] = False,
) -> None:
    """Write all about a study as one page for a browser.

    The page needs no network: curves, importance of parameters, the efficient front, the best
    trials, and how to do it again.
    """
    from search.render import output, plain, progress, reports

    if to is None and not as_json:
        raise WrongUse("--to: no file is named - use --to FILE, or --json")
    with progress.busy(f"reading {name}", sys.stderr, quiet=quiet):
        found = operations.report(
            places(storage),
            operations.study_name(name),
            to=to,
            force=force,
            written_as=(lambda one: output.as_json(plain.report(one))) if as_json else None,
        )
    if to is None:
        output.show(plain.report(found))
    elif not quiet:
        output.show(reports.reported(found, to))


@command("dashboard --port 8081")
def dashboard(
    port: Annotated[
        int, typer.Option(parser=whole(0, 65535), metavar="N", help="Its port.")
    ] = 8080,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Any but this machine's loopback needs --auth.")
    ] = "127.0.0.1",
    auth: Annotated[
        str | None,
        typer.Option(metavar="USER:FILE", help="Ask for this user and the password in the file."),
    ] = None,
    storage: Storage = None,
    checkpoints: Checkpoints = None,
) -> None:
    """Serve optuna-dashboard over the database until Ctrl-C."""
    operations.dashboard(
        places(storage, checkpoints),
        port=port,
        ready=lambda url: typer.echo(f"{url} - Ctrl-C to end"),
        host=host,
        auth=auth,
    )


@command("delete quickstart --yes")
def delete(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    storage: Storage = None,
    checkpoints: Checkpoints = None,
) -> None:
    """Delete a study with its checkpoints, after asking."""
    found, study = places(storage, checkpoints), operations.study_name(name)
    if not yes:
        trials = operations.status(found, study, curves=False).trials
        _ask(f"delete {study} with {len(trials)} trials? [y/N] ")
    operations.delete(found, study)
    typer.echo(f"deleted {study}")


def _ask(question: str) -> None:
    """Ask on stderr; anything but yes is no.

    Raises:
        SearchError: the answer is no.
        WrongUse: nobody is there to answer.
    """
    typer.echo(question, err=True, nl=False)
    answer = sys.stdin.readline() if sys.stdin else ""  # None where it was closed
    if not answer:
        typer.echo(err=True)
        raise WrongUse("not deleted, nobody is there to answer - use --yes")
    if answer.strip().lower() not in ("y", "yes"):
        raise SearchError("not deleted - answer y, or use --yes")
