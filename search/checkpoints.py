"""The checkpoint store of a study: a folder that keeps little and never lies.

Kept are the best weights of the leading trials, the last two states of each running trial, and
while a file is being replaced its successor too. A file's name tells what it is, the owner's
generation and the hash of its content; it is written under a temporary name, flushed to the disk
and renamed. Deleting comes last, and only while the lease is surely ours.
"""

import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from lstm_attn.errors import CheckpointError
from lstm_attn.headers import read_header, report_from_json
from lstm_attn.reports import EpochReport
from search.errors import StoreError
from search.outages import outage
from search.records import Payload
from search.writer import Writer

STATES_KEPT = 2
"""States of a running trial: the newest, and one to fall back on."""
HASH_DIGITS = 16

Kind = Literal["state", "weights"]
KINDS: tuple[Kind, ...] = ("state", "weights")
_ENDING: dict[Kind, str] = {"state": "pt", "weights": "safetensors"}
_NAME = re.compile(
    r"(?P<kind>state|weights)-(?P<number>\d+)-(?P<epoch>\d+)-(?P<step>\d+)"
    rf"-g(?P<generation>\d+)-(?P<hash>[0-9a-f]{{{HASH_DIGITS}}})\.(?:pt|safetensors)"
)
_TEMPORARY = ".part"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """One file of the store, as its name tells."""

    path: Path
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

    @property
    def age(self) -> tuple[int, int, int]:
        """Order the checkpoints of a trial and kind, the newest last."""
        return (self.epoch, self.step, self.generation)

    def read(self) -> bytes:
        """Read the file back.

        Raises:
            StoreError: the content isn't what was written.
        """
        content = self.path.read_bytes()
        if _digest(content) != self.hash:
            raise StoreError(f"the checkpoint {self.path} is damaged: its hash does not match")
        return content


def checkpoints(folder: Path) -> list[Checkpoint]:
    """List a study's checkpoints, the newest of a trial last; an absent folder has none."""
    if not folder.is_dir():
        return []
    found = []
    for path in folder.iterdir():
        if match := _NAME.fullmatch(path.name):
            kind: Kind = "state" if match["kind"] == "state" else "weights"
            found.append(
                Checkpoint(
                    path=path,
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
    folder: Path, kind: Kind, number: int, *, upto: int | None = None
) -> tuple[Checkpoint, bytes] | None:
    """Read a trial's newest checkpoint of a kind; a damaged one is passed over.

    Arguments:
        folder: the study's.
        kind: `state` or `weights`.
        number: the trial's.
        upto: the last epoch that it may know of; None for any.
    """
    mine = [c for c in checkpoints(folder) if c.kind == kind and c.number == number]
    if upto is not None:
        mine = [c for c in mine if c.epoch <= upto]
    for checkpoint in reversed(mine):
        try:
            return checkpoint, checkpoint.read()
        except (StoreError, FileNotFoundError):
            continue
    return None


class Store:
    """The coordinator's hand in the store: write, settle, sweep.

    Arguments:
        folder: the study's own.
        generation: of the lease that is held.
        keep: trials whose best weights are kept.
        may_delete: tells whether the lease is surely still ours.

    Raises:
        StoreError: it cannot be made or, in all that follows, written.
        Outage: it is full, likewise. What was to be written is held, and tried again by the next
            call, whichever that is; nothing overtakes it.
    """

    def __init__(
        self, folder: Path, *, generation: int, keep: int, may_delete: Callable[[], bool]
    ) -> None:
        self.folder = folder
        self._generation = generation
        self._keep = keep
        self._may_delete = may_delete
        with self._troubles():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._writer = Writer()

    def sweep(self, running: Collection[int], leaders: list[int]) -> None:
        """Delete what a former owner left: half-written files, states and weights not wanted."""
        if not self._may_delete():
            return
        with self._troubles():
            for path in self.folder.glob(f"*{_TEMPORARY}"):
                path.unlink(missing_ok=True)
        for number in {c.number for c in checkpoints(self.folder)}:
            if number in running:
                self._thin(number, "state", STATES_KEPT)
                self._thin(number, "weights", 1)
            else:
                self._let_states_go(number, leaders)
        self._keep_leaders(leaders)

    def state(self, number: int, *, upto: int) -> bytes | None:
        """Read the newest intact state of a trial; None where there is none.

        Arguments:
            number: the trial's.
            upto: its last recorded epoch. After a power cut a state may know later ones, which
                would then never be recorded.
        """
        found = newest_intact(self.folder, "state", number, upto=upto)
        return found[1] if found else None

    def bests(self, number: int) -> list[EpochReport]:
        """Read what a trial's checkpoints say of its best epoch."""
        found = [newest_intact(self.folder, kind, number) for kind in KINDS]
        bests = []
        for _, content in filter(None, found):
            with suppress(CheckpointError, KeyError):  # nothing is known from it, then
                bests.append(report_from_json(read_header(content)["best"]))
        return bests

    def keep_state(self, number: int, *, epoch: int, step: int, payload: Payload) -> Future[None]:
        """Fetch and write a state, in the background, and let the oldest go."""
        content = cache(payload.fetch)

        def work() -> None:
            self._write("state", number, epoch, step, content())
            self._thin(number, "state", STATES_KEPT)

        return self._writer.submit(work)

    def keep_weights(
        self, number: int, *, epoch: int, payload: Payload, leaders: list[int]
    ) -> Future[None]:
        """Fetch and write a leader's best weights, in the background.

        Its former weights go, and those of whom it has displaced.
        """
        content = cache(payload.fetch)

        def work() -> None:
            written = self._write("weights", number, epoch, 0, content())
            found = checkpoints(self.folder)
            former = [c for c in found if (c.kind, c.number) == ("weights", number)]
            self._delete([c for c in former if c.path != written])
            self._keep_leaders(leaders)

        return self._writer.submit(work)

    def settle(self, number: int, leaders: list[int]) -> None:
        """Let go of a trial that has ended: its states, and weights of who leads no more."""

        def work() -> None:
            self._let_states_go(number, leaders)
            self._keep_leaders(leaders)

        self._writer.submit(work)

    def leads(self, number: int, leaders: list[int]) -> bool:
        """Tell whether a trial is among those whose weights are kept."""
        return number in leaders[: self._keep]

    def check(self) -> None:
        """Raise what went wrong in the background since the last call."""
        self._writer.check()

    def finish(self, *written: Future[None]) -> None:
        """Wait until these are written, or all there are; raise what went wrong.

        Raises:
            PayloadLost: the content of one of these is gone.
        """
        self._writer.finish(*written)

    def close(self) -> None:
        """Write what can be written, and end: `check` tells what could not."""
        self._writer.close()

    def _write(self, kind: Kind, number: int, epoch: int, step: int, content: bytes) -> Path:
        stem = f"{kind}-{number:05d}-{epoch:05d}-{step:06d}-g{self._generation:04d}"
        path = self.folder / f"{stem}-{_digest(content)}.{_ENDING[kind]}"
        with self._troubles():
            write_whole(path, content)
        return path

    def _thin(self, number: int, kind: Kind, keep: int) -> None:
        """Keep the newest `keep` files of a trial and kind."""
        mine = [c for c in checkpoints(self.folder) if c.number == number and c.kind == kind]
        self._delete(mine[: max(0, len(mine) - keep)])

    def _let_states_go(self, number: int, leaders: list[int]) -> None:
        """Delete a trial's states; of a leader without weights the newest stays, which has them."""
        whole = {c.number for c in checkpoints(self.folder) if c.kind == "weights"}
        needed = self.leads(number, leaders) and number not in whole
        self._thin(number, "state", 1 if needed else 0)

    def _keep_leaders(self, leaders: list[int]) -> None:
        """Keep the weights of the best trials among those that have any."""
        found = [c for c in checkpoints(self.folder) if c.kind == "weights"]
        whole = {c.number for c in found}
        kept = [number for number in leaders if number in whole][: self._keep]
        self._delete([c for c in found if c.number not in kept])

    def _delete(self, doomed: list[Checkpoint]) -> None:
        for checkpoint in doomed:
            if checkpoint.generation <= self._generation and self._may_delete():
                with self._troubles():
                    checkpoint.path.unlink(missing_ok=True)

    @contextmanager
    def _troubles(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            place = f"the checkpoint store {self.folder}"
            full = outage(place, error)
            raise full or StoreError(f"{place} cannot be written: {error}") from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, even when the power goes."""
    temporary = path.with_name(path.name + _TEMPORARY)
    try:
        with temporary.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)  # half of it is in the way where the disk is full
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:HASH_DIGITS]
