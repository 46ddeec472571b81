"""What all commands have in common: an example in their help, errors as lines, exit codes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from lstm_attn.errors import LstmAttnError, NoRoom
from search.errors import Outage, SearchError, WrongUse

_UsageError: Any = typer.BadParameter.__base__
"""What all wrong arguments and options are; typer itself doesn't name it."""


class Commands(TyperGroup):
    """The commands, of whose wrong use a line is told, without the usage above it."""

    def make_context(self, *given: Any, **named: Any) -> Any:  # noqa: ANN401 - typer's own
        """Read what stands before the command's name."""
        with _in_a_line():
            return super().make_context(*given, **named)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's own
        """Read what stands after the command's name, and run it."""
        with _in_a_line(ctx):
            return super().invoke(ctx)


def _example(line: str) -> str:
    """Write the end of a help: an example, on a line of its own."""
    return f"\b\nExample:\n  lstm-search {line}"


app = typer.Typer(
    name="lstm-search",
    cls=Commands,
    help="Search hyperparameters of LSTM models with attention.",
    no_args_is_help=True,
    epilog=_example("init sales.csv"),
    rich_markup_mode=None,  # plain help is there sooner and can be copied
    pretty_exceptions_enable=False,
)


def command(
    example: str, *, name: str | None = None, hidden: bool = False
) -> Callable[[Callable[..., None]], Callable[..., Any]]:
    """Register a function as a command whose known errors end as lines on stderr.

    Arguments:
        example: what stands behind `lstm-search` in the example of its help.
        name: the command's; the function's where None.
        hidden: whether help is silent about it.
    """

    def register(function: Callable[..., None]) -> Callable[..., Any]:
        @wraps(function)
        def run(**given: object) -> None:
            try:
                function(**given)
            except (SearchError, LstmAttnError) as error:
                for problem in error.problems:
                    _tell(problem)
                raise typer.Exit(_exit_code(error)) from error

        return app.command(name, epilog=_example(example), hidden=hidden)(run)

    return register


def _exit_code(error: SearchError | LstmAttnError) -> int:
    if isinstance(error, SearchError):
        return error.exit_code
    return Outage.exit_code if isinstance(error, NoRoom) else WrongUse.exit_code


@contextmanager
def _in_a_line(ctx: Any = None) -> Iterator[None]:  # noqa: ANN401 - typer's own
    """Tell what is wrong with arguments and options as everything else that is wrong.

    Arguments:
        ctx: of the command line, once it is known which command there is.
    """
    try:
        yield
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # no arguments at all: help is shown
            raise
        said = error.format_message().rstrip(".")
        if said.endswith("is not readable"):
            said += " - change its rights, or name another"
        _tell(said if " - " in said else f"{said} - see {_command(error.ctx, ctx)} --help")
        raise typer.Exit(WrongUse.exit_code) from error


def _command(inner: Any, outer: Any) -> str:  # noqa: ANN401 - typer's own
    """Name the command that an error is of, which not all of them know by themselves."""
    if inner:
        return str(inner.command_path)
    return " ".join(filter(None, (app.info.name, outer and outer.invoked_subcommand)))


def _tell(problem: str) -> None:
    """Print a problem as one line on stderr, whatever a file or an option has put into it."""
    line = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in problem)
    typer.echo(line, err=True)


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
