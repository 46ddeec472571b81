"""How a service is: health and figures over HTTP, on this machine's loopback alone."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from search.errors import WrongUse
from search.server.messages import STATES, Message

LOOPBACK = "127.0.0.1"

_PLAIN = ("Content-Type", "text/plain; charset=utf-8")
FRESH_SECONDS = 60.0
"""How long ago the database may have answered for the service to be in health."""


@dataclass(slots=True, kw_only=True)
class StudyFigures:
    """What is known of one study that runs here."""

    trials: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATES, 0))
    running: set[int] = field(default_factory=set)
    """Numbers of the trials that run: one may be said to have ended more than once."""
    slots: int = 0
    unwritten: int = 0
    """Reports that wait for the database."""
    last_report: float | None = None
    """By the clock, in seconds; None before the first."""


class Figures(Collector):
    """Counts what coordinators say, and gives it to Prometheus.

    Arguments:
        clock: gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._studies: dict[str, StudyFigures] = {}
        self._queue: dict[str, int] = {}
        self._reached: float | None = None

    def saw_queue(self, states: dict[str, int]) -> None:
        """Take the number of submissions by state: the database has answered."""
        with self._lock:
            self._queue, self._reached = states, self._clock()

    def began(self, study: str) -> None:
        """Know a study that runs here now."""
        with self._lock:
            self._studies[study] = StudyFigures()

    def ended(self, study: str) -> None:
        """Forget a study that runs here no more."""
        with self._lock:
            self._studies.pop(study, None)

    def take(self, study: str, said: Message) -> None:
        """Count what a coordinator says."""
        with self._lock:
            known = self._studies[study]
            match said["event"]:
                case "opened":
                    known.trials.update(said["trials"])
                    known.running.clear()
                case "trial started":
                    known.running.add(said["trial"])
                case "trial handed in" | "trial lost":
                    known.running.discard(said["trial"])
                case "trial ended":
                    known.running.discard(said["trial"])
                    known.trials[said["state"]] += 1
                case "epoch":
                    known.last_report = self._clock()
                case "slots":
                    known.slots = said["ready"]
                case "unwritten":
                    known.unwritten = said["reports"]

    def healthy(self) -> bool:
        """Tell whether the database has answered lately."""
        with self._lock:
            return self._reached is not None and self._clock() - self._reached < FRESH_SECONDS

    def collect(self) -> Iterable[Metric]:
        """Give all figures, as Prometheus asks for them."""
        with self._lock:
            now, queue = self._clock(), dict(self._queue)
            studies = sorted(self._studies.items())
            yield _gauge("studies", "Studies that were submitted, by state", "state", queue)
            trials = GaugeMetricFamily(
                "lstm_search_trials", "Trials by state", labels=["study", "state"]
            )
            for name, known in studies:
                for state, count in (known.trials | {"running": len(known.running)}).items():
                    trials.add_metric([name, state], count)
            yield trials
            slots = {name: known.slots for name, known in studies}
            yield _gauge("slots", "Slots that are ready", "study", slots)
            ago = {n: now - k.last_report for n, k in studies if k.last_report is not None}
            yield _gauge("last_report_seconds", "Seconds since the last report", "study", ago)
            unwritten = {name: known.unwritten for name, known in studies}
            yield _gauge("unwritten_reports", "Reports not yet written", "study", unwritten)


def _gauge(name: str, said: str, label: str, values: dict[str, Any]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"lstm_search_{name}", said, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


@contextmanager
def answering(figures: Figures, port: int) -> Iterator[int]:
    """Answer `/healthz` and `/metrics` from a thread; gives the port.

    Arguments:
        figures: what is answered.
        port: on the loopback address; 0 for any that is free.

    Raises:
        WrongUse: the port is taken, or not ours to take.
    """
    registry = CollectorRegistry()
    registry.register(figures)
    metrics = make_wsgi_app(registry)

    def app(environment: dict[str, Any], begin: Callable[..., Any]) -> Iterable[bytes]:
        match environment["PATH_INFO"]:
            case "/metrics":
                answer: Iterable[bytes] = metrics(environment, begin)
                return answer
            case "/healthz":
                well = figures.healthy()
                begin("200 OK" if well else "503 Service Unavailable", [_PLAIN])
                return [b"ok\n" if well else b"the database has not answered lately\n"]
        begin("404 Not Found", [_PLAIN])
        return [b"/healthz or /metrics\n"]

    with _listening(app, port) as server:
        thread = threading.Thread(target=server.serve_forever, name="figures", daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing: the server's stderr is not for requests."""


def _listening(app: Any, port: int) -> WSGIServer:  # noqa: ANN401 - WSGI has no type of its own
    try:
        return make_server(LOOPBACK, port, app, _Threaded, _Quiet)
    except OSError as error:
        raise WrongUse(
            f"--port: cannot listen on port {port}: {os.strerror(error.errno or 0)} - "
            "use another, or 0 for any that is free"
        ) from error
