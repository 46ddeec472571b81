"""Chromium, as Debian packages it, driven by Playwright; pages reach this machine alone."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium")
REQUIRED = os.environ.get("LSTM_SEARCH_BROWSER") == "required"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

needs_browser = pytest.mark.skipif(
    CHROMIUM is None and not REQUIRED, reason="no Chromium; LSTM_SEARCH_BROWSER=required fails"
)
"""Marks tests that start Chromium; without it they fail where it is required."""


@contextmanager
def chromium() -> Iterator["Browser"]:
    """Start Chromium, with a user's folder of its own, for a block."""
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, "no chromium on the path"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
