"""What is done over and over, and what ends it."""

import threading

import pytest

from search.workers.repeated import Repeated


class Work:
    """Raises one error after another, and tells when there are none left."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.ended = threading.Event()

    def __call__(self) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.ended.set()


def test_it_goes_on_after_errors_that_it_is_to_survive() -> None:
    work = Work(OSError("pipe"), ValueError("owner unknown"), FileNotFoundError("x"))
    repeated = Repeated(work, every=0.01, name="work", survives=(OSError, ValueError))
    work.ended.wait()
    repeated.check()
    repeated.close()
    repeated.check()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_that_nobody_has_foreseen_is_raised_where_it_is_checked() -> None:
    work = Work(OSError("pipe"), KeyError("a surprise"))
    repeated = Repeated(work, every=0.01, name="work", survives=(OSError,))
    repeated._thread.join()
    with pytest.raises(KeyError, match="a surprise"):
        repeated.check()
    assert not work.ended.is_set()
    repeated.close()
    repeated.check()  # nobody needs it any more
