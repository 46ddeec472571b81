"""The command line: `lstm-search`, or `python -m search`."""

from search.cli import starting  # isort: skip - help lists commands as they are imported
from search.cli import studies  # isort: skip
from search.cli import looking  # isort: skip
from search.cli import service  # isort: skip
from search.cli import exports, secrets
from search.cli.app import app
from search.scratch import settle

__all__ = ["app", "exports", "looking", "main", "service", "starting", "studies"]


def main() -> None:
    """Run the command line."""
    secrets.hide()
    settle()
    app(prog_name="lstm-search")
