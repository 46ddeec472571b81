"""The command that begins: a study file for data that somebody has."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from search import operations
from search.cli.app import command
from search.cli.options import kinds, writable


def study_path(to: Path | None) -> Path | None:
    """Refuse a study file that no command would take for one, or that cannot be written.

    Raises:
        typer.BadParameter: its name doesn't end in .toml, or its folder isn't there.
    """
    if to is not None and to.suffix != ".toml":
        raise typer.BadParameter(f"got {str(to)!r} - name a file that ends in .toml")
    return writable(to)


@command("init sales.csv --target units")
def init(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="A file, a folder of files of one kind, a glob.")
    ],
    target: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="The labels, or what to forecast. Else guessed."),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            autocompletion=kinds,
            help="classification, forecasting or language-modeling. Else guessed.",
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml",
            callback=study_path,
            help="The study file. Else named after the data, in the working folder.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite a study file that is there.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Don't say what was guessed.")] = False,
) -> None:
    """Write a study file for your own data, with guesses to change.

    It looks at the data, guesses task, columns and sizes, says what and why, and tries the file
    before it is written. Its search is a first one: it ends within minutes. Beside it lies
    `.lstm-search.schema.json`, from which editors complete its keys.
    """
    from search.placing import place
    from search.render import drafts, output, progress
    from search.spec import schema_file

    with progress.busy(f"looking at {data}", sys.stderr, quiet=quiet):
        draft = operations.init(data, target=target, kind=task, to=to, force=force)
    place(draft.path, drafts.study_file(draft), force=force)
    schema, beside = schema_file().read_text(encoding="utf-8"), draft.path.with_name(draft.schema)
    if not beside.is_file() or beside.read_bytes() != schema.encode():
        place(beside, schema, force=True)
    if not quiet:
        output.tell(drafts.guesses(draft))
    output.show(drafts.written(draft))
