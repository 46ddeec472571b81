"""A Ray that is left while bytes of it are on their way, and questions that come too late."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest
import ray
from ray._private.worker import listen_error_messages
from ray.exceptions import RaySystemError

from search import workers
from search.records import PayloadLate, PayloadLost
from search.workers import cluster, slot
from search.workers.session import session
from search.workers.slot import RemotePayload


class Fetching(threading.Thread):
    """Fetches in the background, and keeps why it could not."""

    lost = ""

    def __init__(self, payload: RemotePayload) -> None:
        super().__init__()
        self.payload = payload
        self.start()

    def run(self) -> None:
        try:
            self.payload.fetch()
        except PayloadLost as error:
            self.lost = str(error)


def test_a_ray_is_not_left_while_it_is_asked_for_bytes_and_is_asked_no_more_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    happened: list[str] = []
    asked, go_on = threading.Event(), threading.Event()

    def wait(*_: object, **__: object) -> None:
        happened.append("asks")
        asked.set()
        go_on.wait()
        happened.append("has asked")

    def get(*_: object, **__: object) -> None:
        raise slot.GetTimeoutError

    monkeypatch.setattr(ray, "wait", wait)
    monkeypatch.setattr(ray, "get", get)
    monkeypatch.setattr(ray, "shutdown", lambda: happened.append("is left"))
    reference: Any = object()
    fetching, before = Fetching(RemotePayload(reference)), session.number
    asked.wait()
    leaving = threading.Thread(target=cluster.disconnect)
    leaving.start()
    while session.number == before:
        leaving.join(0.01)
    leaving.join(0.2)
    go_on.set()
    fetching.join()
    leaving.join()
    assert happened == ["asks", "has asked", "is left"]
    assert fetching.lost == "the Ray that had it is gone"


def test_bytes_that_do_not_come_are_lost_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    def get(*_: object, **__: object) -> None:
        raise slot.GetTimeoutError

    monkeypatch.setattr(ray, "wait", lambda *_, **__: None)
    monkeypatch.setattr(ray, "get", get)
    monkeypatch.setattr(slot, "FETCH_SECONDS", 0.1)
    reference: Any = object()
    with pytest.raises(PayloadLate, match=r"not come within 0\.1 s"):
        RemotePayload(reference).fetch()


@pytest.mark.slow
def test_after_ray_was_left_nothing_of_it_is_fetched_and_none_is_started_by_a_late_question() -> (
    None
):
    workers.connect(None, slots=1, cpus=1)
    never = ray.remote(num_cpus=1000)(lambda: b"").remote()
    there = RemotePayload(ray.put(b"state"))
    assert there.fetch() == b"state"
    fetching = Fetching(RemotePayload(never))
    workers.disconnect()
    fetching.join()
    assert fetching.lost == "the Ray that had it is gone"
    with pytest.raises(RaySystemError, match="not been started"):
        ray.put(b"late")
    assert not ray.is_initialized()
    workers.connect(None, slots=1, cpus=1)
    with pytest.raises(PayloadLost, match="gone"):
        there.fetch()
    workers.disconnect()


def test_ray_does_not_tell_by_itself_what_has_befallen_it(
    capfd: pytest.CaptureFixture[str],
) -> None:
    told, over = ["Raylet is terminated."], threading.Event()

    def poll() -> tuple[None, dict[str, Any]]:
        over.set()
        return None, {"job_id": None, "error_message": told.pop()}

    listens = SimpleNamespace(subscribe=lambda: None, poll=poll)
    job = SimpleNamespace(binary=lambda: b"")
    listen_error_messages(SimpleNamespace(gcs_error_subscriber=listens, current_job_id=job), over)
    assert not told
    assert capfd.readouterr() == ("", "")
