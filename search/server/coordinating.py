"""In a process of its own: one submitted study, run as its server says."""

import json
import math
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from lstm_attn.errors import LstmAttnError
from search import spec
from search.archive import opened
from search.carrying import named_files, reader
from search.checkpoints import checkpoints
from search.errors import SearchError, StudyNotFound
from search.launch import launch
from search.records import Ending, Fact
from search.server.messages import Message, ended, failed, message
from search.settings import Settings
from search.submissions import Submission, Submissions
from search.uploads import Upload


class Withdrawn(Exception):
    """What was submitted is not to be run any more, or not as it was submitted then."""


class Orders:
    """What the server wants: heard line by line until it is gone.

    Arguments:
        source: gives lines of `share INDEX COUNT` each; their end is the server's. A descriptor,
            since a thread that waits in a buffered file stops the interpreter from ending.
    """

    def __init__(self, source: int) -> None:
        self._source = source
        self._index, self._count = 0, 1
        self._gone = threading.Event()
        self._thread = threading.Thread(target=self._hear, name="orders", daemon=True)
        self._thread.start()

    def asked(self) -> Ending | None:
        """End as by SIGTERM once the server is gone."""
        return Ending.TERMINATED if self._gone.is_set() else None

    def share(self, room: int) -> int:
        """Give this study's part of the places there are: all studies get the same, to within one.

        Arguments:
            room: places in the cluster.
        """
        return max(1, room // self._count + (self._index < room % self._count))

    def join(self) -> None:
        """Wait until the server is gone."""
        self._thread.join()

    def _hear(self) -> None:
        rest = b""
        while more := os.read(self._source, 4096):
            *lines, rest = (rest + more).split(b"\n")
            for line in lines:
                _, index, count = line.split()
                self._index, self._count = int(index), int(count)
        self._gone.set()


def coordinate(settings: Settings, study: str, orders: int, out: TextIO) -> None:
    """Run a submitted study to its end, saying what happens.

    Arguments:
        settings: where database, checkpoints and Ray are.
        study: its name.
        orders: descriptor of what the server wants, line by line.
        out: gets a line of JSON a message.
    """

    def say(what: Message | None) -> None:
        try:
            if what:
                out.write(f"{json.dumps(_finite(what))}\n")
                out.flush()
        except BrokenPipeError:  # the server is gone; what runs hands in all the same
            with Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), out.fileno())

    def watch(fact: Fact) -> None:
        say(message(fact))

    heard = Orders(orders)
    try:
        one, places, upload = _submitted(settings, study)
        _check_wanted(one, one)
        file = spec.again(one.given, Path(one.path))
        there = upload if upload and upload.paths == named_files(file.data) else None
        launched = launch(
            file,
            places,
            timeout=None,
            watch=watch,
            orders=heard,
            read=reader(there, settings),
            once_held=lambda archive: _check_wanted(
                one, Submissions(archive.storage.engine).find(study)
            ),
        )
    except Withdrawn:  # somebody has ended it since the server looked
        say({"event": "ended", "ending": Ending.STOPPED.name.lower()})
    except (SearchError, LstmAttnError) as error:
        say(failed(error, error.problems))
    except SystemExit:
        if not heard.asked():
            raise
        say({"event": "ended", "ending": Ending.TERMINATED.name.lower()})  # before it had begun
    else:
        say(ended(launched))


def _submitted(settings: Settings, study: str) -> tuple[Submission, Settings, Upload | None]:
    """Read a submission, and tell where all is: a study goes on where it has checkpoints."""
    with opened(settings) as archive:
        one, begun = Submissions(archive.storage.engine).find(study), archive.find(study)
        upload = archive.upload(study)
    if one is None:
        raise StudyNotFound(f"study {study!r} was not submitted - submit its file")
    if one.checkpoints:
        return one, replace(settings, checkpoints=one.checkpoints), upload
    begun_there = replace(settings, checkpoints=None)
    if begun and checkpoints(begun.place(begun_there)):
        return one, begun_there, upload
    return one, settings, upload


def _check_wanted(one: Submission, now: Submission | None) -> None:
    """Go no further with what was stopped, deleted or submitted anew since it was read.

    Raises:
        Withdrawn: it was.
    """
    if now is None or (now.nonce, now.state) != (one.nonce, "waiting"):
        raise Withdrawn


def _finite(value: Any) -> Any:  # noqa: ANN401 - what JSON holds has no narrower type
    """Put None for numbers that JSON doesn't have."""
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
