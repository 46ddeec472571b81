"""A report of what stands in a database on a server, whose password it does not tell."""

from typing import Any

import pytest
import sqlalchemy as sa

from search.render import output, plain
from search.report.page import page
from search.report.reading import read
from search.settings import Settings


@pytest.fixture
def settings(on_postgresql: Settings) -> Settings:
    return on_postgresql


def test_the_database_is_named_without_its_password(desk: Any, settings: Settings) -> None:
    desk.open()
    password = sa.make_url(settings.storage).password
    assert password
    report = read(desk.archive(), "small")
    assert report.database in page(report)
    for told in (page(report), output.as_json(plain.report(report))):
        assert password not in told
