"""URLs of PostgreSQL databases: one way to write them, and no password told."""

from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from search.errors import WrongUse
from search.settings import Settings, read
from search.urls import is_postgresql, postgresql, shown, typed, without_password

SECRET = "Pl4nted-S3cret"
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@pytest.mark.parametrize("kind", ["postgresql", "postgres", "postgresql+psycopg", "PostgreSQL"])
def test_each_spelling_is_the_same_database(kind: str) -> None:
    url = f"{kind}://me:x@host:5433/studies"
    assert is_postgresql(url)
    assert postgresql(url) == "postgresql+psycopg://me:x@host:5433/studies"
    assert typed(url) == "postgresql://me@host:5433/studies"


@given(user=TEXT, password=TEXT, name=TEXT.filter(lambda name: "/" not in name))
def test_whoever_reads_a_url_reads_the_same(user: str, password: str, name: str) -> None:
    parts = [quote(one, safe="") for one in (user, password, name)]
    url = postgresql("postgresql://{}:{}@host:1/{}".format(*parts))
    assert postgresql(url) == url
    read = sa.make_url(url)
    assert (read.username, read.password, read.database) == (user, password, name)
    libpq = conninfo_to_dict(url.replace("+psycopg", ""))
    assert [libpq[key] for key in ("user", "password", "dbname")] == [user, password, name]
    bare = sa.make_url(without_password(url))
    assert (bare.username, bare.password, bare.database) == (user, None, name)
    assert shown(url) == f"postgresql://host:1/{name}"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://me:p@host", None),
        ("postgresql://me:p@host/", None),
        ("postgresql://me:p@host:port/db", None),
        ("postgresql://me:a/b@host/db", None),
        ("postgresql://me:12/34@host/db", None),
        ("postgresql://me:12/34@host", None),
        ("postgresql://me:12?4@host/db", None),
        ("postgresql://me:7/se?cret@host/db", None),
        ("postgresql://me:1#2@host/db", None),
        ("postgresql://me:[p@host/db", None),
        ("postgresql://host/db?password=p", "a password stands behind the [?] - put it before"),
    ],
)
def test_a_url_that_cannot_be_read_is_told_without_anything_of_it(
    url: str, told: str | None
) -> None:
    with pytest.raises(WrongUse, match=told or "a postgresql URL that cannot be read - use") as e:
        postgresql(url)
    assert "me" not in str(e.value).replace("name", "")
    assert e.value.__cause__ is None


def test_what_may_be_left_out_is_left_out() -> None:
    for url in ("postgresql:///db", "postgresql://host/db?sslmode=require", "postgresql://[::1]/x"):
        assert postgresql(url) == url.replace("://", "+psycopg://")
    for told in (typed, without_password, shown):
        assert told("sqlite:///x.db") == "sqlite:///x.db"


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("sslmode=require", "?sslmode=require"),
        ("host=%2Frun%2Fpg&port=5433", "?host=/run/pg&port=5433"),
        (
            "dbname=x&application_name=y&connect_timeout=3&host=a",
            "?dbname=x&application_name=y&connect_timeout=3&host=a",
        ),
        (f"passfile={SECRET}", ""),
        (f"options={SECRET}&sslmode=require&sslkey={SECRET}&user=me", "?sslmode=require"),
        (f"HOST={SECRET}", ""),
    ],
)
def test_of_a_query_that_is_told_which_is_no_secret(query: str, told: str) -> None:
    assert shown(f"postgresql://me:p@h/db?{query}") == f"postgresql://h/db{told}"
    assert shown(f"postgresql:///db?{query}") == f"postgresql:///db{told}"


def test_a_password_without_a_user_is_told_nowhere() -> None:
    url = postgresql(f"postgresql://:{SECRET}@host/db?sslmode=require")
    assert sa.make_url(url).password == conninfo_to_dict(url.replace("+psycopg", ""))["password"]
    assert sa.make_url(url).password == SECRET
    assert without_password(url) == "postgresql+psycopg://host/db?sslmode=require"
    assert shown(url) == "postgresql://host/db?sslmode=require"


def test_settings_never_show_a_password(tmp_path: Path) -> None:
    url = f"postgres://me:{SECRET}@host/db"
    by_option = read({}, folder=tmp_path, storage=url)
    by_environment = read({"LSTM_SEARCH_STORAGE": url}, folder=tmp_path)
    assert by_option == by_environment
    assert by_option.storage == f"postgresql+psycopg://me:{SECRET}@host/db"
    assert SECRET not in repr(by_option) + str(by_option) + by_option.shown
    assert by_option.shown == "postgresql://host/db"


def test_what_is_no_url_is_not_told_where_a_password_may_be_in_it(tmp_path: Path) -> None:
    for wrong in (f"me:{SECRET}@host/db", f"mysql://me:{SECRET}@host/db"):
        with pytest.raises(WrongUse) as error:
            read({}, folder=tmp_path, storage=wrong)
        assert SECRET not in str(error.value)
    assert isinstance(read({}, folder=tmp_path), Settings)


@pytest.mark.parametrize("said", ["", "local"])
def test_a_ray_of_our_own_may_be_asked_for(said: str, tmp_path: Path) -> None:
    assert read({"RAY_ADDRESS": said}, folder=tmp_path).ray_address is None
    assert read({"RAY_ADDRESS": "auto"}, folder=tmp_path).ray_address == "auto"
