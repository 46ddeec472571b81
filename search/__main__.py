"""`python -m search` is `lstm-search`."""

from search.cli import main

main()
