"""The commands that use an export: parse, call one operation, print."""

from typing import Annotated

import typer

from search import operations
from search.cli.app import command
from search.cli.options import Data, Folder, Json, Out, real, whole


@command("score exports/japanese-vowels studies/data/japanese_vowels_test.jsonl")
def score(folder: Folder, data: Data, as_json: Json = False) -> None:
    """Score an export on files with targets."""
    from search.render import output, reports

    metrics = operations.score(folder, data)
    output.show(dict(metrics) if as_json else reports.scores(metrics))


@command("predict exports/japanese-vowels new.jsonl --out labels.csv")
def predict(
    folder: Folder,
    data: Data,
    out: Out = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Classification: a column for each class.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Predict with an export, as CSV or JSON.

    Classification: a label for each row. Forecasting: the rows after the last one, in original
    units.
    """
    from search.render import output

    rows = output.predicted(operations.predict(folder, data, probabilities=probabilities))
    output.deliver(output.as_json(rows) if as_json else output.as_csv(rows), out)


@command("generate exports/quickstart --prompt ROMEO: --length 400 --temperature 0.8")
def generate(
    folder: Folder,
    prompt: Annotated[str, typer.Option(help="Text to go on from.")],
    length: Annotated[
        int, typer.Option(parser=whole(1), metavar="N", help="Tokens to write.")
    ] = 200,
    temperature: Annotated[
        float,
        typer.Option(
            parser=real, metavar="T", help="1: as the model holds likely; 0: the likeliest."
        ),
    ] = 1.0,
    seed: Annotated[int, typer.Option(parser=whole(0), metavar="N", help="Of the draws.")] = 0,
) -> None:
    """Let an exported language model go on from a prompt."""
    from search.render import output

    text = operations.generate(
        folder, prompt=prompt, length=length, temperature=temperature, seed=seed
    )
    output.deliver(f"{prompt}{text}\n", None)
