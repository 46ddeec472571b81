"""Sizes of memory as a study file writes them."""

import re
from decimal import Decimal

from search.spec.words import shorten

SMALLEST = 500_000_000
"""The smallest limit, in bytes: PyTorch alone takes about half of it."""
LARGEST = 10 * 10**12
"""The largest; what lies above is surely a slip."""

_SIZE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s?(MB|GB|TB|MiB|GiB|TiB)")
_UNITS = {
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}


def size(value: str | int) -> int:
    """Read a size: `4GB`, `1.5 GiB`, or a number of bytes.

    Raises:
        ValueError: it is none, or not from `SMALLEST` up to `LARGEST`.
    """
    count = value
    if isinstance(count, str):
        parts = _SIZE.fullmatch(count.strip())
        if not parts:
            raise ValueError(f"got {shorten(value)} - use a size such as 4GB, 1.5GiB or 800MB")
        count = int(Decimal(parts[1]) * _UNITS[parts[2]])
    if not SMALLEST <= count <= LARGEST:
        raise ValueError(f"got {shorten(value)} - use a size from 500MB up to 10TB")
    return count
