"""Which rows are held out: by share, by number, from a date on, or in files of their own."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from lstm_attn.config import Held
from lstm_attn.errors import DataError
from lstm_attn.frequency import Stamps

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Rows held out, understood; at most one of share, since and files is set."""

    key: str
    """Where it was written, for messages: `data.validation` or `data.test`."""
    share: float | int | None = None
    """A share of the training files' rows, below 1, or a number of rows."""
    since: np.datetime64 | None = None
    """The first moment held out; in UTC where it was written with a time zone."""
    in_utc: bool = False
    """Whether `since` was written with a time zone."""
    files: tuple[str, ...] = ()
    """Paths or globs of their own files."""

    @property
    def is_cut(self) -> bool:
        """Whether rows are cut off the training files."""
        return self.share is not None or self.since is not None

    def count(self, total: int) -> int:
        """Give the number of rows out of `total`; a share is at least one row."""
        if self.share is None:
            return 0
        return max(round(self.share * total), 1) if self.share < 1 else int(self.share)


def understand(held: Held | None, key: str) -> HeldOut:
    """Tell what a setting of `validation` or `test` means: a date where it reads as one.

    Raises:
        DataError: a share or number out of range.
    """
    if held is None:
        return HeldOut(key=key)
    if isinstance(held, tuple):
        return HeldOut(key=key, files=held)
    if isinstance(held, str):
        moment = _date(held)
        if moment is None:
            return HeldOut(key=key, files=(held,))
        since = np.datetime64(moment.replace(tzinfo=None), "us")
        return HeldOut(key=key, since=since, in_utc=moment.tzinfo is not None)
    whole = isinstance(held, int) and not isinstance(held, bool)
    if (whole and held >= 1) or (isinstance(held, float) and 0 < held < 1):
        return HeldOut(key=key, share=held)
    raise DataError(
        f"{key}: got {held!r} - use a share between 0 and 1, a number of rows, "
        "a date as '2015-01-01', or a file"
    )


def cut(
    total: int,
    validation: HeldOut,
    test: HeldOut,
    *,
    stamps: Stamps | None = None,
    unit: str = "rows",
) -> tuple[int, int]:
    """Cut `total` rows in order: training, then validation, test last.

    Arguments:
        total: rows of the training files, which shares and numbers count.
        validation: what ranks.
        test: what never ranks.
        stamps: (total,) ascending, where dates can be asked for.
        unit: what is counted, for messages.

    Returns:
        The first row of validation and the first row of test.

    Raises:
        DataError: a date without time stamps or outside of them, or no row left to train on.
    """
    test_start = _start(total, total, test, stamps)
    _check_left(test_start, total, test.key, unit)
    validation_start = _start(total, test_start, validation, stamps)
    _check_left(validation_start, total, validation.key, unit)
    return validation_start, test_start


def _check_left(start: int, total: int, key: str, unit: str) -> None:
    if start < 1:
        raise DataError(
            f"{key}: {total - start} of {total} {unit} are held out and none is left to train on - "
            f"hold out fewer, or give more {unit}"
        )


def _start(total: int, end: int, held: HeldOut, stamps: Stamps | None) -> int:
    if held.since is None:
        return end - held.count(total)
    if stamps is None:
        raise _needs_time(held)
    start = int(np.searchsorted(stamps, held.since))
    if not 0 < start < end:
        since, begin, last = (
            moment.astype("M8[D]") for moment in (held.since, stamps[0], stamps[max(end - 1, 0)])
        )
        raise DataError(
            f"{held.key}: {since} leaves no row from then on, or none before - "
            f"use a date after {begin} and up to {last}"
        )
    return start


def stratified(
    labels: Integers, validation: HeldOut, test: HeldOut, seed: int
) -> tuple[Integers, Integers, Integers]:
    """Draw rows so that each label has its share in every split, and training rows of each label.

    Arguments:
        labels: (R,) of the rows of the training files.
        validation: what ranks.
        test: what never ranks; drawn first.
        seed: of the draws.

    Returns:
        Row numbers of training, validation and test, each ascending; none is in two of them.

    Raises:
        DataError: too few rows of the labels to hold out that many.
    """
    left = np.arange(len(labels))
    drawn: list[Integers] = []
    for number, held in enumerate((test, validation)):
        if held.since is not None:
            raise _needs_time(held)
        rng = np.random.default_rng([seed, number])
        taken = _draw(labels[left], held.count(len(labels)), rng, held.key)
        drawn.append(left[taken])
        left = np.delete(left, taken)
    return left, drawn[1], drawn[0]


def _draw(labels: Integers, count: int, rng: np.random.Generator, key: str) -> Integers:
    """Choose `count` rows, of each label as many as its share: largest remainders, one left."""
    sizes = np.bincount(labels, minlength=1)
    most = np.maximum(sizes - 1, 0)
    if count > most.sum():
        fewer = f"hold out at most {most.sum()}, or give" if most.any() else "give"
        raise DataError(
            f"{key}: {count} of {len(labels)} rows can't be held out with one of each label left "
            f"to train on - {fewer} more rows"
        )
    exact = count * sizes / max(sizes.sum(), 1)
    quotas = np.minimum(np.floor(exact).astype(np.int64), most)
    while missing := count - int(quotas.sum()):
        room = np.flatnonzero(quotas < most)
        order = room[np.argsort(-(exact - quotas)[room], kind="stable")]
        quotas[order[:missing]] += 1
    chosen = [
        rng.permutation(np.flatnonzero(labels == label))[:quota]
        for label, quota in enumerate(quotas)
    ]
    return np.sort(np.concatenate(chosen))


def _needs_time(held: HeldOut) -> DataError:
    return DataError(
        f"{held.key}: a date needs forecasting with task.time - "
        "use a share, a number of rows, or a file"
    )


def _date(text: str) -> datetime | None:
    """Read a date, with a time zone in UTC; nothing where it is none."""
    try:
        moment = datetime.fromisoformat(text.strip().replace("/", "-"))
        return moment if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
