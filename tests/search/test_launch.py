import signal
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from search import launch as module
from search import workers
from search.errors import Outage
from search.patience import Interrupted
from search.records import Ending
from search.stopping import Stop


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Ending], None]:
    """Launch, and be asked to end while the database cannot be opened for want of room."""

    def run(ending: Ending) -> None:
        def begin(*_: Any, **__: Any) -> None:
            raise Interrupted(ending, Outage("the database /x cannot be written: full"))

        monkeypatch.setattr(module, "_launch", begin)
        file: Any = None
        module.launch(file, file, timeout=1.0, watch=lambda _: None)

    return run


@pytest.mark.parametrize(
    ("ending", "code"), [(Ending.INTERRUPTED, KeyboardInterrupt), (Ending.TERMINATED, SystemExit)]
)
def test_a_signal_before_a_study_is_begun_ends_the_process_as_signals_do(
    ending: Ending, code: type[BaseException], interrupted: Any
) -> None:
    with pytest.raises(code) as ended:
        interrupted(ending)
    assert ended.value.args in ((), (143,))


@pytest.mark.parametrize("ending", [Ending.TIMEOUT, Ending.STOPPED])
def test_time_that_is_over_before_a_study_is_begun_is_told_with_the_reason(
    ending: Ending, interrupted: Any
) -> None:
    with pytest.raises(Outage, match=r"nothing was begun, .*: the database /x cannot be written"):
        interrupted(ending)


@pytest.mark.parametrize(
    ("number", "ending"),
    [(signal.SIGINT, Ending.INTERRUPTED), (signal.SIGTERM, Ending.TERMINATED)],
)
def test_signals_are_heard_again_once_another_ray_is_joined(
    number: signal.Signals, ending: Ending, monkeypatch: pytest.MonkeyPatch
) -> None:
    def takes_signals(*_: Any, **__: Any) -> None:
        signal.signal(number, signal.SIG_IGN)

    monkeypatch.setattr(workers, "disconnect", lambda: None)
    monkeypatch.setattr(workers, "connect", takes_signals)
    file: Any = SimpleNamespace(resources=SimpleNamespace(slots=1), threads=1)
    settings: Any = SimpleNamespace(ray_address=None)
    former = signal.getsignal(number)
    with Stop(None) as stop:
        module._join_anew(file, settings, stop)
        signal.raise_signal(number)
        assert stop.asked() is ending
    assert signal.getsignal(number) is former
