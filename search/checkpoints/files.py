"""The files of a store: a name tells what is in it, and how to know that it is whole."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Literal, Protocol

from search.errors import CheckpointDamaged

HASH_DIGITS = 16
PART = ".part"
"""How the name of a file ends that is being written."""

Kind = Literal["state", "weights"]
KINDS: tuple[Kind, ...] = ("state", "weights")
_PART = re.compile(rf"(\.[0-9a-f]{{16}})?{re.escape(PART)}$")
_ENDING: dict[Kind, str] = {"state": "pt", "weights": "safetensors"}
_NAME = re.compile(
    r"(?P<kind>state|weights)-(?P<number>[0-9]+)-(?P<epoch>[0-9]+)-(?P<step>[0-9]+)"
    rf"-g(?P<generation>[0-9]+)-(?P<hash>[0-9a-f]{{{HASH_DIGITS}}})\.(?:pt|safetensors)"
)


class Files(Protocol):
    """Files by name, to be listed and read."""

    def names(self) -> list[str]:
        """List them anew; where nothing has been written yet there are none."""
        ...

    def read(self, name: str) -> bytes:
        """Read one whole.

        Raises:
            FileNotFoundError: it has gone.
            StoreError: it cannot be read.
            Outage: likewise, and waiting may help.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """One file of the store, as its name tells."""

    files: Files
    """Where it lies."""
    name: str
    """The file's."""
    kind: Kind
    number: int
    """The trial's."""
    epoch: int
    """States: epochs that had ended. Weights: the epoch they are from."""
    step: int
    """States: optimizer steps after that epoch."""
    generation: int
    """Of the owner that wrote it."""
    hash: str

    def __str__(self) -> str:
        return f"{self.files}/{self.name}"

    @property
    def age(self) -> tuple[int, int, int]:
        """Order the checkpoints of a trial and kind, the newest last."""
        return (self.epoch, self.step, self.generation)

    def read(self) -> bytes:
        """Read the file back.

        Raises:
            CheckpointDamaged: the content isn't what was written.
            FileNotFoundError: it has gone.
            StoreError: it cannot be read.
            Outage: likewise, and waiting may help.
        """
        content = self.files.read(self.name)
        if _digest(content) != self.hash:
            raise CheckpointDamaged(f"the checkpoint {self} is damaged: its hash does not match")
        return content


def name_of(
    kind: Kind, *, number: int, epoch: int, step: int, generation: int, content: bytes
) -> str:
    """Name a checkpoint: KIND-TRIAL-EPOCH-STEP-gGENERATION-HASH.ENDING."""
    stem = f"{kind}-{number:05d}-{epoch:05d}-{step:06d}-g{generation:04d}"
    return f"{stem}-{_digest(content)}.{_ENDING[kind]}"


def part_of(name: str) -> str:
    """Name the file in which another is being written: two that write it at once share none."""
    return f"{name}.{secrets.token_hex(8)}{PART}"


def whole_of(name: str) -> str:
    """Give the name under which a file is whole, though it is only being written."""
    return _PART.sub("", name)


def is_ours(name: str) -> bool:
    """Tell whether a file is a checkpoint, or was to become one."""
    return _NAME.fullmatch(whole_of(name)) is not None


def checkpoints(files: Files) -> list[Checkpoint]:
    """List a study's checkpoints, the newest of a trial last; where nothing is there are none."""
    found = []
    for name in files.names():
        if match := _NAME.fullmatch(name):
            kind: Kind = "state" if match["kind"] == "state" else "weights"
            found.append(
                Checkpoint(
                    files=files,
                    name=name,
                    kind=kind,
                    number=int(match["number"]),
                    epoch=int(match["epoch"]),
                    step=int(match["step"]),
                    generation=int(match["generation"]),
                    hash=match["hash"],
                )
            )
    return sorted(found, key=lambda c: (c.number, c.kind, c.age))


def newest_intact(
    files: Files, kind: Kind, number: int, *, upto: int | None = None
) -> tuple[Checkpoint, bytes] | None:
    """Read a trial's newest checkpoint of a kind; a damaged one is passed over.

    Arguments:
        files: the study's.
        kind: `state` or `weights`.
        number: the trial's.
        upto: the last epoch that it may know of; None for any.
    """
    mine = [c for c in checkpoints(files) if c.kind == kind and c.number == number]
    if upto is not None:
        mine = [c for c in mine if c.epoch <= upto]
    for checkpoint in reversed(mine):
        try:
            return checkpoint, checkpoint.read()
        except (CheckpointDamaged, FileNotFoundError):
            continue
    return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:HASH_DIGITS]
