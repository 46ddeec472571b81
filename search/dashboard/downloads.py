"""Downloads of checkpoints, in front of optuna-dashboard; and what may not be done through it."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO, NoReturn

from optuna.artifacts.exceptions import ArtifactNotFound

from search.dashboard.gate import App, Begin, Environment
from search.dashboard.kept import Gone, Kept
from search.errors import SearchError

_DETAIL = re.compile(r"/api/studies/([0-9]+)/?")
_DOWNLOAD = re.compile(r"/artifacts/([0-9]+)/([0-9a-f-]+)/?")
_ARTIFACTS = re.compile(r"/api/artifacts/.*")
_RENAME = re.compile(r"/api/studies/[0-9]+/rename/?")
_READS = ("GET", "HEAD")


class NoUploads:
    """What optuna-dashboard takes for its store of artifacts, so that it shows them."""

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Refuse: downloads don't come here."""
        raise ArtifactNotFound(artifact_id)

    def write(self, artifact_id: str, content_body: BinaryIO) -> NoReturn:  # noqa: ARG002
        """Refuse: uploads don't come here."""
        raise ArtifactNotFound(artifact_id)

    def remove(self, artifact_id: str) -> None:
        """Do nothing: a study is deleted with artifacts that lie elsewhere."""


@dataclass(frozen=True, slots=True)
class Downloads:
    """A WSGI application that answers for checkpoints, and passes all else on to another."""

    app: App
    kept: Kept
    answered: Callable[[int], None] = lambda _: None
    """Called with Optuna's id of a study after its page was answered."""

    def __call__(self, environment: Environment, begin: Begin) -> Iterable[bytes]:
        """Answer a request."""
        path, reads = environment["PATH_INFO"], environment["REQUEST_METHOD"] in _READS
        if reads and (wanted := _DOWNLOAD.fullmatch(path)):
            content = self._download(int(wanted[1]), wanted[2], begin)
            return content if environment["REQUEST_METHOD"] == "GET" else []
        if not reads and _ARTIFACTS.fullmatch(path):
            # Shown behind "Failed to delete", or "Failed to upload".
            why = "here: these are the study's checkpoints, and it keeps the best by itself"
            return _refuse(begin, "403 Forbidden", why)
        if not reads and _RENAME.fullmatch(path):
            why = "checkpoints and study file go by a study's name - launch it with --name NAME"
            return _refuse(begin, "403 Forbidden", why)
        if reads and (detail := _DETAIL.fullmatch(path)):
            self.kept.look(int(detail[1]))
            answer = self.app(environment, begin)
            self.answered(int(detail[1]))
            return answer
        return self.app(environment, begin)

    def _download(self, study_id: int, artifact_id: str, begin: Begin) -> list[bytes]:
        try:
            file = self.kept.open(study_id, artifact_id)
        except Gone:
            why = "this checkpoint is gone: the study has better ones now, or is gone itself"
            return _refuse(begin, "404 Not Found", why)
        except SearchError as error:
            return _refuse(begin, "503 Service Unavailable", str(error))
        headers = [
            ("Content-Type", file.kind),
            ("Content-Length", str(len(file.content))),
            ("Content-Disposition", f'attachment; filename="{file.name}"'),
            ("X-Content-Type-Options", "nosniff"),
        ]
        begin("200 OK", headers)
        return [file.content]


def _refuse(begin: Begin, status: str, why: str) -> list[bytes]:
    """Say why in the dashboard's own way, which shows it."""
    begin(status, [("Content-Type", "application/json")])
    return [json.dumps({"reason": why}).encode()]
