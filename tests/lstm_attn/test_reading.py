"""Files through the builders of datasets: every format, every way to be wrong."""

import errno
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lstm_attn import reading
from lstm_attn.errors import DataError, NoRoom
from lstm_attn.reading import find_files, format_of, read_table

ROWS = [{"x": 1.5, "name": "a"}, {"x": -2.0, "name": "é, \n b"}]
WANTED = {"name": "task.target", "x": "task.inputs"}


def write_csv(path: Path) -> None:
    path.write_text('x,name,other\n1.5,a,1\n-2.0,"é, \n b",z\n', encoding="utf-8")


def write_json(path: Path) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))


def write_array(path: Path) -> None:
    path.write_text("\n " + json.dumps(ROWS, indent=1))


def write_parquet(path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), path)


def write_arrow(path: Path) -> None:
    table = pa.Table.from_pylist(ROWS)
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table)


def packed(write):
    def write_packed(path: Path) -> None:
        write(path)
        path.write_bytes(gzip.compress(path.read_bytes()))

    return write_packed


FILES = [
    ("a.csv", write_csv),
    ("a.csv.gz", packed(write_csv)),
    ("a.jsonl", write_json),
    ("a.json", write_array),
    ("a.json.gz", packed(write_json)),
    ("b.json.gz", packed(write_array)),
    ("a.parquet", write_parquet),
    ("a.arrow", write_arrow),
    ("odd [1] name#?.csv", write_csv),
]


@pytest.mark.parametrize(("name", "write"), FILES)
def test_every_format_gives_the_columns_wanted_and_only_those(tmp_path, name, write) -> None:
    path = tmp_path / ".hidden" / name
    path.parent.mkdir()
    write(path)
    table = read_table(path, format_of(path), WANTED)
    assert table.column_names == ["name", "x"]
    assert table["name"].to_pylist() == ["a", "é, \n b"]
    assert [float(value) for value in table["x"].to_pylist()] == [1.5, -2.0]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("A.CSV.GZ", "\n\nx\n2012-01-31T14:00\n2012-02-29T14:00\n\n"),
        ("A.JSONL.Gz", '{"x": "2012-01-31T14:00"}\n{"x": "2012-02-29T14:00"}\n'),
    ],
)
def test_a_packed_file_reads_alike_whatever_the_case_of_its_ending(tmp_path, name, content) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(content.encode()))
    values = read_table(path, format_of(path), {"x": "task.inputs"})["x"].to_pylist()
    assert values == ["2012-01-31T14:00", "2012-02-29T14:00"]


@pytest.mark.parametrize(("name", "write"), FILES)
def test_a_missing_column_lists_what_is_there(tmp_path, name, write) -> None:
    write(tmp_path / name)
    with pytest.raises(DataError) as raised:
        read_table(tmp_path / name, format_of(tmp_path / name), {"lable": "task.target"} | WANTED)
    (line,) = raised.value.problems
    assert line.startswith(f"task.target: no column 'lable' in {tmp_path / name} - it has: ")
    assert "x" in line
    assert "name" in line


@pytest.mark.parametrize("pack", [False, True])
def test_text_keeps_its_line_breaks(tmp_path, pack) -> None:
    path = tmp_path / ("a.txt" + ".gz" * pack)
    content = "\ufeffone\n\ntwo \x0b\u2028 é\r\nthree".encode()
    path.write_bytes(gzip.compress(content) if pack else content)
    table = read_table(path, "text", {"text": "task.inputs"})
    assert table["text"].to_pylist() == ["one\n", "\n", "two \x0b\u2028 é\n", "three"]


def test_a_csv_is_read_as_it_is_written(tmp_path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x\n" + "1\n" * 20_000 + "NA\n007\n")
    values = read_table(path, "csv", {"x": "task.inputs"})["x"].to_pylist()
    assert values[-3:] == ["1", "NA", "007"]
    assert len(values) == 20_002


@pytest.mark.parametrize("array", [False, True])
def test_json_numbers_keep_every_digit_whatever_stands_beside_them(tmp_path, array) -> None:
    rows = [
        {"x": 1, "other": {"a": 1}},
        {"x": 1.2345678901234567e-13, "other": {"b": [1]}},
        {"x": 2, "other": None},
    ]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(rows) if array else "\n".join(map(json.dumps, rows)))
    table = read_table(path, "json", {"x": "task.inputs"})
    assert table["x"].to_pylist() == [1.0, 1.2345678901234567e-13, 2.0]


def test_one_type_holds_for_the_whole_json_file(tmp_path) -> None:
    path = tmp_path / "a.jsonl"
    padding = "y" * 200
    with path.open("w") as file:  # more than the library's chunk of 10 MB
        for row in range(60_000):
            file.write(json.dumps({"x": 1 if row < 55_000 else 0.5, "y": padding}) + "\n")
    assert read_table(path, "json", {"x": "task.inputs"})["x"].type == pa.float64()


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ([{"x": 1}, {"x": "a"}], "column 'x' .* numbers from row 1, text from row 2"),
        ([{"x": True}, {}, {"x": 2}], "true or false from row 1, numbers from row 3"),
        ([{"x": [[1]]}, {"x": [["a"]]}], "lists of lists of numbers from row 1, .*text from row 2"),
        ([{"x": [[1]]}, {"x": [1]}], "lists of lists of numbers from row 1, lists of numbers"),
    ],
)
def test_a_json_column_that_changes_its_type_is_named_with_its_rows(tmp_path, rows, line) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(DataError, match=f"task.inputs: .*{line}"):
        read_table(path, "json", {"x": "task.inputs"})


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.csv", b"x,y\n1,2\n3,4,5\n", "cannot be read as csv: .* Expected 2 fields in line 3"),
        ("a.csv", b"\n", "cannot be read as csv"),
        ("a.csv", b"x,y\n", "no rows"),
        ("a.csv", "x\né\n".encode("latin-1"), "not UTF-8 text"),
        ("a.txt", "x\né\n".encode("latin-1"), "not UTF-8 text"),
        ("a.csv.gz", b"x\n1\n", "cannot be read as csv"),
        ("a.txt.gz", gzip.compress(b"words " * 99, mtime=0)[:30], "cannot be read as text"),
        ("a.json", b'{"x": 1}\n{"x":', "cannot be read as json"),
        ("a.json", b'{"x": "\xe9"}', "not UTF-8 text at line 1, byte 8 .* - write it as UTF-8"),
        ("a.json", b"[1, 2", "cannot be read as json"),
        ("a.json", b"[]", "cannot be read as json: it has no rows"),
        ("a.json", b"[1, 2]", "cannot be read as json"),
        ("a.json", b"1\n2\n", "cannot be read as json"),
        ("a.json", b" \n", "no rows"),
        ("a.json", b"words", "cannot be read as json"),
        ("a.parquet", b"PAR1 words", "cannot be read as parquet"),
        ("a.arrow", b"words words", "cannot be read as arrow"),
    ],
)
def test_a_file_that_is_not_what_it_should_be(tmp_path, capfd, name, content, line) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    wanted = {"text": "task.inputs"} if ".txt" in name else {"x": "task.inputs"}
    with pytest.raises(DataError, match=line) as raised:
        read_table(path, format_of(path), wanted)
    assert all(str(path) in problem for problem in raised.value.problems)
    assert "\n" not in raised.value.problems[0]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize(
    ("owner", "name"), [(tempfile, "mkdtemp"), (shutil, "copyfileobj"), (gzip, "open")]
)
def test_a_disk_without_room_is_told_and_is_no_fault_of_the_file(
    tmp_path, monkeypatch, owner, name, number
) -> None:
    def is_full(*_, **__) -> None:
        raise OSError(number, "it is full")

    packed(write_csv)(tmp_path / "a.csv.gz")
    monkeypatch.setattr(owner, name, is_full)
    with pytest.raises(NoRoom, match=r"^temporary files cannot be written: it is full - make room"):
        read_table(tmp_path / "a.csv.gz", "csv", WANTED)
    monkeypatch.undo()
    assert read_table(tmp_path / "a.csv.gz", "csv", WANTED).num_rows == 2


def test_where_every_disk_is_full_python_finds_no_place_for_temporary_files(
    tmp_path, monkeypatch
) -> None:
    def is_full(*_) -> None:
        raise OSError(errno.ENOSPC, "it is full")

    write_csv(tmp_path / "a.csv")
    read_table(tmp_path / "a.csv", "csv", WANTED)  # what it takes is loaded
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(os, "write", is_full)
    with pytest.raises(NoRoom, match="No usable temporary directory"):
        read_table(tmp_path / "a.csv", "csv", WANTED)


@pytest.mark.parametrize(("name", "write"), FILES)
def test_where_no_column_is_named_all_are_read(tmp_path, name, write) -> None:
    write(tmp_path / name)
    whole = read_table(tmp_path / name, format_of(tmp_path / name), {})
    assert {"name", "x"} <= set(whole.column_names)
    for wanted in (["name", "x"], ["x", "name"], ["x"]):
        some = read_table(tmp_path / name, format_of(tmp_path / name), dict.fromkeys(wanted, "k"))
        assert some.column_names == wanted
        assert some.equals(whole.select(wanted))


def test_what_a_killed_reader_has_unpacked_goes_the_next_time(tmp_path, monkeypatch) -> None:
    code = f"""
import os, shutil, signal, sys
from pathlib import Path
from lstm_attn.reading import read_table
shutil.copyfileobj = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
read_table(Path(sys.argv[1]), "csv", {WANTED})
"""
    packed(write_csv)(tmp_path / "a.csv.gz")
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    line = [sys.executable, "-c", code, str(tmp_path / "a.csv.gz")]
    assert subprocess.run(line, check=False).returncode == -signal.SIGKILL
    assert [path.name for path in place.rglob("*.csv")] == ["a.csv"]
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    assert read_table(tmp_path / "a.csv.gz", "csv", WANTED).num_rows == 2
    assert list(place.iterdir()) == []


def test_a_parquet_without_rows_has_no_rows(tmp_path) -> None:
    pq.write_table(pa.table({"x": pa.array([], pa.float64())}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="no rows"):
        read_table(tmp_path / "a.parquet", "parquet", {"x": "task.inputs"})


def test_globs_are_sorted_and_lists_keep_their_order(tmp_path) -> None:
    for name in ("b.csv", "a.csv", "deep/c.csv", "[a].csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x\n1\n")

    def found(*patterns: str) -> list[str]:
        files = find_files([str(tmp_path / pattern) for pattern in patterns], key="data.train")
        return [str(file.relative_to(tmp_path)) for file in files]

    assert found("*.csv") == ["[a].csv", "a.csv", "b.csv"]
    assert found("**/*.csv") == ["[a].csv", "a.csv", "b.csv", "deep/c.csv"]
    assert found("b.csv", "a.csv") == ["b.csv", "a.csv"]
    assert found("[a].csv") == ["[a].csv"]


def test_all_files_that_cannot_be_found_are_named_at_once(tmp_path) -> None:
    (tmp_path / "there.csv").write_text("x\n1\n")
    (tmp_path / "empty.csv").touch()
    patterns = ["lost.csv", "*.parquet", "no/where.csv", "empty.csv", "."]
    with pytest.raises(DataError) as raised:
        find_files([str(tmp_path / pattern) for pattern in patterns], key="data.train")
    beside = f"{tmp_path} has: empty.csv, there.csv"
    assert list(raised.value.problems) == [
        f"data.train: no file '{tmp_path}/lost.csv' - {beside}",
        f"data.train: no file matches '{tmp_path}/*.parquet' - {beside}",
        f"data.train: no file '{tmp_path}/no/where.csv' - {beside}",
        f"data.train: {tmp_path}/empty.csv is empty - give a file with rows, or leave it out",
        f"data.train: '{tmp_path}' is a folder - name its files, as {tmp_path}/*.csv",
    ]


def test_a_name_that_tells_no_format_is_an_error_with_those_that_do() -> None:
    with pytest.raises(DataError, match=r"a.xls: no format .* use one of .csv, .json"):
        format_of(Path("a.xls"))


def test_reading_leaves_nothing_at_home_and_stands_alone(tmp_path) -> None:
    path = tmp_path / "a.csv"
    write_csv(path)
    home = tmp_path / "home"
    home.mkdir()
    code = (
        "from pathlib import Path; from lstm_attn.reading import read_table\n"
        f"read_table(Path({str(path)!r}), 'csv', {{'x': 'task.inputs'}})"
    )
    bare = {
        name: value for name, value in os.environ.items() if not name.startswith(("HF_", "XDG"))
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=bare | {"HOME": str(home), "HF_ENDPOINT": "http://127.0.0.1:9"},
        check=True,
        capture_output=True,
    )
    assert (done.stdout, done.stderr) == (b"", b"")
    assert not list(home.rglob("*"))


def test_a_file_that_this_user_may_not_read_is_not_called_broken(tmp_path, monkeypatch) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x\n1\n")

    def refuses(*_, **__) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(reading, "read_csv", refuses)
    with pytest.raises(DataError, match=r"a\.csv: this user may not read it - change its rights"):
        read_table(path, "csv", {"x": "task.inputs"})
