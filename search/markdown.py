"""Others' text in Markdown, to be read as it is: names of columns and files hold any sign."""

import re

_SIGNS = re.compile(r"[\\`*_\[\]<>|#~&$]|^[-+=]")
"""What Markdown or its usual additions take for a sign, anywhere or at the beginning of a line."""
_NUMBERED = re.compile(r"^(\d+)([.)])(?=\s|$)")
"""What begins an item of a list."""


def plain(text: str) -> str:
    """Keep a text from being read as Markdown; it becomes one line."""
    line = _SIGNS.sub(lambda sign: f"\\{sign[0]}", _line(text))
    return _NUMBERED.sub(r"\1\\\2", line)


def code(text: str) -> str:
    """Write a text as code on a line, whatever backticks it has."""
    line = _line(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    room = " " if "`" in (line[:1], line[-1:]) else ""
    return f"{fence}{room}{line or ' '}{room}{fence}"


def _line(text: str) -> str:
    return " ".join(text.split())
