"""What a checkpoint says of itself, read without torch and without its tensors.

Weights are a safetensors file with a header of strings. A state is a torch file, which is a zip
archive: its header is one more member, and the archive's comment the SHA-256 of all before it.
"""

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict

from lstm_attn.errors import CheckpointError
from lstm_attn.reports import EpochReport

MEMBER = "archive/header.json"
"""The header's name in a state's archive, in whose one folder torch wants all members."""
_DIGEST = 64
"""Letters of a SHA-256."""
ADVICE = "give one that this program wrote, or go back to the one before"
"""What would do where a checkpoint or export cannot be read."""

DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What reading a damaged or foreign archive or JSON raises."""


def read_header(content: bytes) -> dict[str, str]:
    """Read the header of weights or of a state.

    Arguments:
        content: a whole checkpoint. Of a state every byte is checked, of weights the header alone.

    Raises:
        CheckpointError: it is no checkpoint.
    """
    try:
        text = _state_header(content) if content.startswith(b"PK") else _weights_header(content)
        header = json.loads(text)
        strings = {name: value for name, value in header.items() if isinstance(value, str)}
    except (*DAMAGE, AttributeError) as error:
        raise CheckpointError(f"checkpoint: no header in it ({error}) - {ADVICE}") from error
    if len(strings) != len(header):
        raise CheckpointError(f"checkpoint: a header of more than strings - {ADVICE}")
    return strings


def report_to_json(report: EpochReport) -> str:
    """Write an epoch's report as a header holds it; all its numbers are finite."""
    return json.dumps(asdict(report), allow_nan=False)


def report_from_json(text: str) -> EpochReport:
    """Read what `report_to_json` wrote, to the last bit.

    Raises:
        CheckpointError: it isn't that.
    """
    try:
        return EpochReport(**json.loads(text))
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"checkpoint: no report of an epoch ({error}) - {ADVICE}") from error


def seal_state(archive: bytes, header: Mapping[str, str]) -> bytes:
    """Give a state's archive its header and its checksum."""
    file = io.BytesIO(archive)
    with zipfile.ZipFile(file, "a") as members:
        members.writestr(zipfile.ZipInfo(MEMBER), json.dumps(dict(header)))
        members.comment = bytes(_DIGEST)
    content = file.getvalue()[:-_DIGEST]
    return content + _digest(content)


def check_state(content: bytes) -> None:
    """Refuse a state of which a byte is not as it was written.

    Raises:
        CheckpointError: it is damaged, or no state.
    """
    if content[-_DIGEST:] != _digest(content[:-_DIGEST]):
        raise CheckpointError(f"state: the checksum differs - {ADVICE}")


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _state_header(content: bytes) -> bytes:
    check_state(content)
    with zipfile.ZipFile(io.BytesIO(content)) as members:
        return members.read(MEMBER)


def _weights_header(content: bytes) -> str:
    """Cut the strings out of a safetensors file: 8 bytes of length, JSON, then tensors."""
    (length,) = struct.unpack_from("<Q", content)
    whole = json.loads(content[8 : 8 + length])
    return json.dumps(whole["__metadata__"])
