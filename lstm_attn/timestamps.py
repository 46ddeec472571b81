"""A column of points in time: as written where there is no time zone, else in UTC.

Letters: R rows.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from lstm_attn.columns import Column, is_number, is_text, plain, refuse_missing
from lstm_attn.errors import DataError
from lstm_attn.frequency import Stamps

_DATE = r"\d{4}"
"""How a date starts; words as `now` are none."""
_ZONE = r".{8,}[T ]\d.*(?:Z|[+-]\d\d(?::?\d\d)?)\s*$"
"""A date with a time, which ends on a time zone: Z or an offset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamps:
    """Points in time of a column."""

    stamps: Stamps
    """(R,) in UTC where `in_utc`, else as written."""
    in_utc: bool
    """Whether they have a time zone, all of them."""


def timestamps(column: Column) -> Timestamps:
    """Read ISO dates with or without a time, slashes or hyphens; with a time zone turn into UTC.

    So that hours follow each other over a clock change, and files of summer and winter agree.

    Raises:
        DataError: a row without a time or one that is no ISO date, finer than a microsecond or
            beyond year 290,000, or rows with a time zone beside rows without.
    """
    values = plain(column.values)
    kind = values.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        refuse_missing(column, values, "time")
        in_utc = pa.types.is_timestamp(kind) and kind.tz is not None
        if in_utc:
            values = values.cast(pa.timestamp(kind.unit, "UTC"))
        return Timestamps(stamps=_microseconds(column, values), in_utc=in_utc)
    if not (is_text(kind) or is_number(kind)):
        raise DataError(
            f"{column.key}: column {column.name!r} of {column.path} holds {kind}, not points in "
            "time - name a column of dates, as 2012-01-31 or 2012-01-31 14:00"
        )
    return _parsed(column, values)


def _microseconds(column: Column, values: pa.ChunkedArray) -> Stamps:
    if pa.types.is_timestamp(values.type) and values.type.unit == "ns":
        _refuse_finer(column, values.cast(pa.int64()).to_numpy())
    try:
        stamps = values.cast(pa.timestamp("us")).to_numpy()
    except pa.ArrowInvalid as error:
        raise DataError(
            f"{column.key}: column {column.name!r} of {column.path} has a time too far away "
            f"({error}) - mend or remove such rows"
        ) from error
    return np.asarray(stamps, dtype="M8[us]")


def _refuse_finer(column: Column, nanoseconds: npt.NDArray[np.integer[Any]]) -> None:
    finer = np.flatnonzero(nanoseconds % 1000)
    if len(finer):
        cure = "write times to the microsecond, or leave out task.time to keep the order of rows"
        raise column.problem("is finer than a microsecond", finer, cure)


def _parsed(column: Column, values: pa.ChunkedArray) -> Timestamps:
    written = pd.Series(values.cast(pa.string()).to_pylist(), dtype=object).fillna("")
    written = written.str.strip().str.replace("/", "-")
    dated = written.where(written.str.match(_DATE), "")
    parsed = pd.to_datetime(dated, format="ISO8601", errors="coerce", utc=True)
    wrong = np.flatnonzero(parsed.isna())
    if len(wrong):
        what = f"is {written[wrong[0]]!r}, no ISO date," if written[wrong[0]] else "has no time"
        raise column.problem(what, wrong, "write dates as 2012-01-31 or 2012-01-31 14:00")
    zoned = written.str.match(_ZONE).to_numpy(dtype=bool)
    other = np.flatnonzero(zoned != zoned[0])
    if len(other):
        raise column.problem(
            f"has {'no' if zoned[0] else 'a'} time zone, unlike row 1,",
            other,
            "write all rows with one, or all without",
        )
    _refuse_finer(column, parsed.dt.nanosecond.to_numpy())
    stamps = np.asarray(parsed.dt.tz_localize(None).to_numpy(), dtype="M8[us]")
    return Timestamps(stamps=stamps, in_utc=bool(zoned[0]))
