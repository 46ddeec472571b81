"""Lines and fields of CSV files: none shifts, none is lost."""

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lstm_attn.columns import Column, labels, numbers, texts
from lstm_attn.errors import DataError
from lstm_attn.reading import read_table


def column(path: Path, name: str) -> Column:
    table = read_table(path, "csv", {name: "task.inputs"})
    return Column(values=table[name], name=name, path=path, key="task.inputs")


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("row", ["1,good,pos", "good,pos,", '"1","go\nod",pos'])
def test_rows_with_more_fields_than_the_header_are_refused(tmp_path, row, pack) -> None:
    path = tmp_path / ("a.csv" + ".gz" * pack)
    content = f"text,label\n{row}\n{row}\n".encode()
    path.write_bytes(gzip.compress(content) if pack else content)
    with pytest.raises(DataError) as raised:
        read_table(path, "csv", {"text": "task.inputs"})
    assert str(raised.value) == (
        f"{path}: row 1 has 3 fields, the header has 2 (text, label) - name every column in the "
        "header, or remove the fields without a name, as those after a comma at the end of rows"
    )


def test_columns_of_one_name_are_refused(tmp_path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("y,x,y,z,x,y\n1,2,3,4,5,6\n")
    with pytest.raises(DataError) as raised:
        read_table(path, "csv", {"z": "task.inputs"})
    assert list(raised.value.problems) == [
        f"{path}: 2 columns are named 'x'",
        f"{path}: 3 columns are named 'y' - give every column a name of its own",
    ]


def test_columns_without_a_name_do_no_harm(tmp_path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(",x,\n0,5,\n1,6,\n")
    assert numbers(column(path, "x")).tolist() == [5, 6]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_blank_line_is_an_empty_text_where_there_is_one_column(tmp_path, end) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(end.join(["", "text", "one", "", '"', '"', "two"]).encode())
    assert [text.strip() for text in texts(column(path, "text"))] == ["one", "", "", "two"]
    path.write_bytes(end.join(["text", "", "one", '""', "", " ", "", ""]).encode())
    assert texts(column(path, "text")) == ["", "one", ""]


LINES = st.lists(st.sampled_from(["a", "", "b c"]), min_size=1, max_size=6)


@given(LINES, st.integers(0, 3), st.integers(0, 3), st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_line_up_to_the_last_written_is_a_row(tmp_path, lines, before, after, ends) -> None:
    path = tmp_path / "a.csv"
    lines = [*lines, "end"]
    path.write_text("\n" * before + "\n".join(["x", *lines]) + "\n" * after + "\n" * ends)
    assert texts(column(path, "x")) == lines


def test_more_blank_lines_than_are_looked_at_together_are_no_rows(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("lstm_attn.comma_separated._BLOCK", 2)
    path = tmp_path / "a.csv"
    path.write_text("x,y\n1,2\n" + "\r\n" * 9)
    assert texts(column(path, "x")) == ["1"]
    path.write_text("x,y\n\n\n\n\n")
    with pytest.raises(DataError, match="no rows"):
        column(path, "x")


def test_a_blank_line_among_several_columns_has_no_value_and_a_number(tmp_path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,text,label\n1,a,p\n2,,q\n\n4,b,p\n")
    for read, name in ((texts, "text"), (labels, "label")):
        with pytest.raises(DataError, match=f"column '{name}' has no {name} in row 3 of"):
            read(column(path, name))
    assert numbers(column(path, "id")).tolist()[:2] == [1, 2]
    assert str(numbers(column(path, "id"))[2]) == "nan"


def test_an_empty_text_beside_other_fields_stays_one(tmp_path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,text\n1,a\n2,\n3,b\n")
    assert texts(column(path, "text")) == ["a", "", "b"]
