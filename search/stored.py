"""A study as the database holds it: what was settled when it was launched."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from search.addresses import is_settled, same
from search.checkpoints import Place, at, check_move
from search.records import BaselineScore
from search.settings import Settings
from search.spec import StudySpec, is_name
from search.versions import Versions

_UID = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStudy:
    """A study as the database holds it, without its trials."""

    id: int
    """Optuna's."""
    uid: str
    """Our own, which no other study ever has."""
    name: str
    spec: StudySpec
    fingerprint: str
    """Of its data."""
    baselines: tuple[BaselineScore, ...]
    data_summary: Mapping[str, str | int | float]
    checkpoints: str | None = None
    """Where its checkpoints lie, if that was given when it was launched."""
    versions: tuple[Versions, ...] = ()
    """With which it was launched, one after another; none where an older version has begun it."""

    def place(self, settings: Settings) -> Place:
        """Give the place of its checkpoints."""
        return self._in(settings.checkpoints_of(self.checkpoints))

    def check_place(self, settings: Settings) -> None:
        """Refuse to go on with it elsewhere than where its checkpoints are.

        Raises:
            WrongUse: they are there.
            Outage: it cannot be told for now.
        """
        old = self.checkpoints or settings.usual_checkpoints
        new = settings.checkpoints_of(self.checkpoints)
        if not same(old, new):
            check_move(self.name, self._in(old), self._in(new))

    def _in(self, address: str) -> Place:
        return at(address).inside(f"{self.name}-{self.uid[:8]}")


def stored(study_id: int, name: str, attribute: Mapping[str, Any]) -> StoredStudy:
    """Read what is written of a study.

    Arguments:
        study_id: Optuna's.
        name: the study's.
        attribute: ours in the database.

    Raises:
        ValueError: its name, its id or its place for checkpoints, which lead to files, is none.
        KeyError: something is missing; likewise `AttributeError` and `TypeError`.
    """
    uid, place = attribute["uid"], attribute.get("checkpoints")
    if not is_name(name) or not _UID.fullmatch(uid):
        raise ValueError("it names no folder")
    if place is not None and not is_settled(place):
        raise ValueError("it names no place for checkpoints")
    return StoredStudy(
        id=study_id,
        uid=uid,
        name=name,
        spec=StudySpec.from_json(attribute["spec"]),
        fingerprint=attribute["fingerprint"],
        baselines=tuple(BaselineScore(**baseline) for baseline in attribute["baselines"]),
        data_summary=attribute["data"],
        checkpoints=place,
        versions=tuple(dict(one) for one in attribute.get("versions", ())),
    )
