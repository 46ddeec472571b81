"""A name for encoded data: the same content has the same, on every machine."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from lstm_attn.encoding import Encoding
from lstm_attn.sequences import Split


def fingerprint(encoding: Encoding, splits: Sequence[Split | None]) -> str:
    """Hash the encoding's JSON and every array of every split, with their shapes and types."""
    digest = hashlib.sha256()
    digest.update(json.dumps(encoding.to_json(), sort_keys=True).encode())
    for split in splits:
        if split is None:
            digest.update(b"none")
            continue
        for field in fields(split):
            array = np.ascontiguousarray(getattr(split, field.name))
            array = array.astype(array.dtype.newbyteorder("<"), copy=False)
            digest.update(f"{field.name} {array.dtype.str} {array.shape}".encode())
            digest.update(array.data)
    return digest.hexdigest()
