"""Chromium for tests of pages: Debian's, headless, driven by Playwright.

Where there is none such a test is skipped; with LSTM_SEARCH_BROWSER=required it fails.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

REQUIRED = "LSTM_SEARCH_BROWSER"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WAIT_MS = 60_000
"""How long a page may take to show what is waited for."""


@dataclass
class Watched:
    """A page, what it has complained of, and a folder for its screenshots."""

    page: Page
    folder: Path
    complaints: list[str] = field(default_factory=list)
    """Errors of its console and of its scripts, and answers that were errors."""

    def __post_init__(self) -> None:
        self.page.set_default_timeout(WAIT_MS)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} {message.location.get('url', '')}")

    def shot(self, name: str) -> Path:
        """Keep what the page shows as a picture."""
        path = self.folder / f"{name}.png"
        self.page.screenshot(path=path)
        return path


@contextmanager
def started() -> Iterator[Browser]:
    """Start Chromium with a profile of its own, and end it."""
    found = shutil.which("chromium")
    if found is None:
        said = "no Chromium here: apt-get install chromium"
        if os.environ.get(REQUIRED) == "required":
            pytest.fail(said)
        pytest.skip(said)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def watched(browser: Browser, folder: Path) -> Iterator[Watched]:
    """Open a page of its own, 1,400 by 900 points.

    Arguments:
        browser: from `started`.
        folder: for screenshots.
    """
    context = browser.new_context(viewport={"width": 1400, "height": 900}, accept_downloads=True)
    try:
        yield Watched(context.new_page(), folder)
    finally:
        context.close()
