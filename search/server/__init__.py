"""The service: runs what was submitted, each study's coordinator in a process of its own.

A coordinator says what happens as a line of JSON each on its stdout, and hears on its stdin how
large its share of the cluster is; when that closes it hands in and ends.
"""

from search.server.coordinating import coordinate
from search.server.serving import serve
from search.server.submitting import submit

__all__ = ["coordinate", "serve", "submit"]
