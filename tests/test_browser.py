"""Without Chromium tests of pages are skipped, and fail where they are required."""

import shutil

import pytest

from tests import browser


@pytest.mark.parametrize(
    ("value", "outcome"),
    [(None, pytest.skip.Exception), ("required", pytest.fail.Exception)],
)
def test_where_chromium_is_missing(
    value: str | None, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.delenv(browser.REQUIRED, raising=False)
    if value:
        monkeypatch.setenv(browser.REQUIRED, value)
    with pytest.raises(outcome, match="no Chromium here"), browser.started():
        pass
