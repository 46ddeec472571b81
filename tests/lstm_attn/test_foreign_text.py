"""Files of text that are no UTF-8: where, what they look like, and a cure that cures."""

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest

from lstm_attn.errors import DataError
from lstm_attn.reading import format_of, read_table

ROWS = "text\nall is well here\nthe café was good\n"
RUSSIAN = "text\nщи щи щи\n"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", ROWS.encode("latin-1"), "line 3, byte 8 (0xe9), it looks like ISO-8859-1"),
        ("a.txt", ROWS.encode("latin-1"), "line 3, byte 8 (0xe9), it looks like ISO-8859-1"),
        (
            "a.csv",
            ROWS.replace("good", "“good”").encode("cp1252"),
            "line 3, byte 8 (0xe9), it looks like Windows-1252",
        ),
        ("a.csv", ROWS.encode("utf-16"), "line 1, byte 1 (0xff), it looks like UTF-16"),
        ("a.csv", ROWS.encode("utf-32"), "line 1, byte 1 (0xff), it looks like UTF-32"),
        ("a.csv", ROWS.encode("utf-16-be"), "it looks like UTF-16BE"),
        (
            "a.jsonl",
            b'{"text": "well"}\n{"text": "caf\xe9"}\n',
            "line 2, byte 14 (0xe9), it looks like ISO-8859-1",
        ),
        ("a.json", b'[{"text": "caf\xe9"}]', "line 1, byte 15 (0xe9), it looks like ISO-8859-1"),
        ("b c.csv.gz", gzip.compress(ROWS.encode("latin-1"), mtime=0), "line 3, byte 8 (0xe9), it"),
        (
            "a.csv",
            ROWS.encode() + b"caf\xe9\n",
            "line 4, byte 4 (0xe9), though most of it is: the file is damaged there",
        ),
    ],
)
def test_where_and_what_it_is_and_the_cure_cures(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError) as raised:
        read_table(path, format_of(path), {"text": "task.inputs"})
    [line] = raised.value.problems
    said, _, cure = line.partition(" - write it as UTF-8: ")
    assert said.startswith(f"{path}: not UTF-8 text at line ")
    assert told in said
    assert shutil.which("iconv")
    subprocess.run(cure, shell=True, check=True, timeout=60)
    [written] = {*tmp_path.iterdir()} - {path}
    assert "caf" in written.read_text("utf-8")
    assert read_table(written, format_of(written), {"text": "task.inputs"}).num_rows


def test_what_its_bytes_do_not_tell_is_left_to_whoever_knows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(RUSSIAN.encode("cp1251"))
    told = r"line 2, byte 1 \(0xf9\) - write it as UTF-8: iconv -f ENCODING -t UTF-8 .*a.csv > "
    with pytest.raises(DataError, match=told):
        read_table(path, "csv", {"text": "task.inputs"})
