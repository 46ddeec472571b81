"""What all commands have in common: an example in their help, errors as lines, exit codes."""

from collections.abc import Callable
from functools import wraps
from importlib.metadata import version
from typing import Annotated, Any

import typer

from lstm_attn.errors import LstmAttnError
from search.errors import SearchError, WrongUse

app = typer.Typer(
    name="lstm-search",
    help="Search hyperparameters of LSTM models with attention.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help is there sooner and can be copied
    pretty_exceptions_enable=False,
)


def command(
    example: str, *, name: str | None = None
) -> Callable[[Callable[..., None]], Callable[..., Any]]:
    """Register a function as a command whose known errors end as lines on stderr.

    Arguments:
        example: what stands behind `lstm-search` in the example of its help.
        name: the command's; the function's where None.
    """

    def register(function: Callable[..., None]) -> Callable[..., Any]:
        @wraps(function)
        def run(**given: object) -> None:
            try:
                function(**given)
            except (SearchError, LstmAttnError) as error:
                for problem in error.problems:
                    typer.echo(problem, err=True)
                known = error.exit_code if isinstance(error, SearchError) else WrongUse.exit_code
                raise typer.Exit(known) from error

        return app.command(name, epilog=f"\b\nExample:\n  lstm-search {example}")(run)

    return register


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"lstm-search {version('lstm-attn-search')}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass
