"""What a file of text that is no UTF-8 may be, where it is seen, and how it becomes UTF-8."""

import gzip
import re
import shlex
from pathlib import Path

_MARKS = {
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
"""How text begins that says its encoding by itself; the longer first."""
_PAIRS = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")
_HIGH = re.compile(rb"[\x80-\xff]")
_C1 = re.compile(rb"[\x80-\x9f]")
"""Letters in Windows-1252; nothing that is ever written in Latin-1."""
_LETTER = re.compile(rb"[A-Za-z\x80-\xff]")
_WESTERN = 3
"""At most one of so many letters is none of ASCII's in a language of Western Europe."""


def not_utf8(path: Path, *, packed: bool = False) -> str:
    """Say where a file is no UTF-8, what it looks like, and what cures it.

    Arguments:
        path: the file, which could not be read as UTF-8.
        packed: whether it was unpacked to be read.

    Returns:
        a problem in a line.
    """
    content = gzip.decompress(path.read_bytes()) if packed else path.read_bytes()
    at = _first_wrong(content)
    line = content.count(b"\n", 0, at) + 1
    column = at - content.rfind(b"\n", 0, at)
    encoding = _likely(content)
    if encoding is None and b"\0" in content:
        return f"{path}: no text, but bytes of another kind - name a file of text in UTF-8"
    looks = f", it looks like {encoding}" if encoding else ""
    # Of text that is UTF-8 elsewhere only the bytes that are wrong are left out.
    told = f"-f {(encoding or 'ENCODING').upper()}" if encoding != "UTF-8" else "-c -f UTF-8"
    name = path.name.removesuffix(path.suffix) if packed else path.name
    stem, dot, ending = name.rpartition(".")
    out = shlex.quote(str(path.with_name(f"{stem}-utf8{dot}{ending}")))
    given = shlex.quote(str(path))
    cure = f"iconv {told} -t UTF-8 {given} > {out}"
    if packed:
        cure = f"gzip -dc {given} | iconv {told} -t UTF-8 > {out}"
    if encoding == "UTF-8":
        looks = ", though most of it is: the file is damaged there"
    return (
        f"{path}: not UTF-8 text at line {line}, byte {column} (0x{content[at]:02x}){looks} - "
        f"write it as UTF-8: {cure}"
    )


def _first_wrong(content: bytes) -> int:
    """Find the first byte that no text in UTF-8 has there."""
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return error.start
    return max(content.find(b"\0"), 0)


def _likely(content: bytes) -> str | None:
    """Name the encoding of a text as far as its bytes tell it; None where they don't."""
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return encoding
    even, odd = content[::2].count(b"\0"), content[1::2].count(b"\0")
    if (even + odd) * 3 > len(content) and min(even, odd) * 9 < max(even, odd):
        return "UTF-16BE" if even > odd else "UTF-16LE"  # of letters that are ASCII's, mostly
    if even or odd:
        return None
    high = len(_HIGH.findall(content))
    if sum(map(len, _PAIRS.findall(content))) * 2 > high:
        return "UTF-8"
    if high * _WESTERN > len(_LETTER.findall(content)):
        return None
    return "Windows-1252" if _C1.search(content) else "ISO-8859-1"
