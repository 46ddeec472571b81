"""Files that nobody has thought of: tables, lines of JSON, texts and folders of many kinds."""

import csv
import datetime as dt
import gzip
import io
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq

FIRST = dt.date(2022, 1, 1)
START = dt.datetime(2022, 1, 1)  # noqa: DTZ001 - a table has no time zone
Write = Callable[[Path], None]


def comma_separated(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def table(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Write:
    rows = list(rows)

    def write(folder: Path) -> None:
        text = comma_separated(header, rows).encode()
        content = gzip.compress(text) if name.endswith(".gz") else text
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    return write


def text(name: str, content: str | bytes) -> Write:
    def write(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)

    return write


def lines(name: str, rows: Iterable[object], *, array: bool = False) -> Write:
    rows = list(rows)
    joined = json.dumps(rows) if array else "".join(f"{json.dumps(row)}\n" for row in rows)
    return text(name, joined)


def parquet(name: str, columns: dict[str, Sequence[object]]) -> Write:
    def write(folder: Path) -> None:
        pq.write_table(pa.table(columns), folder / name)

    return write


def several(*writes: Write) -> Write:
    def write(folder: Path) -> None:
        for one in writes:
            one(folder)

    return write


CHANCE = Random(1)
WORDS = "A line of a book that is read, and of another one.\n"
LETTERS = ["".join(CHANCE.choices("abcdefgh", k=CHANCE.randint(3, 9))) for _ in range(150)]
SHOP = table(
    "shop.csv",
    ["day", "id", "units", "price", "holiday", "weather", "note"],
    [
        [day(n), n, n % 7 + n / 99, 2 + n % 3, int(n % 30 == 0), "wet" if n % 3 else "dry", ""]
        for n in range(400)
    ],
)
MOODS = table(
    "moods.csv",
    ["when", "id", "text", "likes", "mood"],
    [
        [
            START + dt.timedelta(seconds=n * n % 997),
            f"u{n}",
            f"it was {'good' if n % 2 else 'bad'} on day {n % 9}",
            n * n % 101,
            "up" if n % 2 else "down",
        ]
        for n in range(260)
    ],
)
IRIS = table(
    "iris.csv",
    ["length", "width", "species"],
    [[1 + n % 7 / 7, 2 + n % 5 / 5, "abc"[n % 3]] for n in range(150)],
)
STOCK = table(
    "stock.csv",
    ["Date", "Open", "Close"],
    [[day(n), 9 + n % 5, 9 + n % 7] for n in range(400) if day(n).weekday() < 5 and n % 37],
)
PANEL = table(
    "panel.csv", ["date", "shop", "sold"], [[day(n // 3), "abc"[n % 3], n % 7] for n in range(300)]
)
SIGNALS = lines(
    "signals.jsonl",
    [
        {"meta": {"a": n}, "signal": [n % 3, n % 5, 1.5, *[0.5] * (n % 3)], "ok": bool(n % 2)}
        for n in range(60)
    ],
)
