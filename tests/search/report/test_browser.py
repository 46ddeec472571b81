"""A report opened in Chromium without a network: every plot is drawn, and nothing is asked for."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from search.records import StudySummary
from search.report.page import page
from search.report.plots import plots
from tests import browser as chromium
from tests.search.made_up import SCRIPT, odd_studies, report_of, searched, study_of, trial_of
from tests.search.report.test_page import hostile, large

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DRAWN = "[...document.querySelectorAll('.plot')].every((plot) => plot.dataset.drawn)"
NARROW, WIDE = 400, 1280
"""Pixels of a phone and of a desk."""


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium.started() as started:
        yield started


class Opened:
    """A page of a study, with all that the browser had to say of it."""

    def __init__(self, browser: "Browser", file: Path, text: str, width: int, scheme: str) -> None:
        file.write_text(text, encoding="utf-8")
        self.asked: list[str] = []
        self.said: list[str] = []
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            offline=True,
        )
        self.page: Page = context.new_page()
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(dialog.message))
        self.page.goto(file.as_uri())
        self.page.wait_for_function(DRAWN, timeout=120_000)
        self.own = [file.as_uri()]

    def close(self) -> None:
        self.page.context.close()


def small() -> StudySummary:
    study = searched(lambda params: float(params["hidden_size"]), count=12, epochs=5)
    failed = trial_of(12, None, state="failed", reason="the worker was lost three times")
    return study_of(*study.trials, failed)


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_every_plot_is_drawn_and_nothing_leaves_the_file(
    browser: "Browser", tmp_path: Path, width: int, scheme: str
) -> None:
    opened = Opened(browser, tmp_path / "a.html", page(report_of(small())), width, scheme)
    try:
        assert opened.page.locator(".plot").count() == 5
        assert opened.page.locator(".plot:has(svg.main-svg)").count() == 5
        for name in ("history", "curves", "front", "parallel"):
            lines = opened.page.locator(f"#{name} .scatterlayer .trace")
            assert lines.count() > 1, name
        assert opened.page.locator("#importance .barlayer .point").count() == 4
        across = opened.page.evaluate("document.documentElement.scrollWidth")
        assert across <= width
        cut = "[...document.querySelectorAll('table, pre')].filter((one) => one.scrollWidth > {})"
        assert opened.page.evaluate(f"{cut.format(width)}.length") == 0
        assert opened.page.locator("#parallel .sideways").is_visible() == (width == NARROW)
        opened.page.locator("#history .plot").hover()
        assert opened.page.locator("#history .modebar-btn").count() == 2
        ink = opened.page.evaluate(
            "getComputedStyle(document.querySelector('#history .xtick text')).fill"
        )
        assert (sum(map(int, ink[4:-1].split(","))) > 380) == (scheme == "dark"), ink
        opened.page.screenshot(path=tmp_path / f"report-{width}.png", full_page=True)
        assert (opened.said, opened.asked) == ([], opened.own)
    finally:
        opened.close()


@pytest.mark.parametrize("kind", ["empty", "failures", "infinite", "large"])
def test_a_page_of_any_study_opens(browser: "Browser", tmp_path: Path, kind: str) -> None:
    study, spec = (large(), None) if kind == "large" else odd_studies()[kind]
    report = report_of(study, spec)
    opened = Opened(browser, tmp_path / "a.html", page(report), WIDE, "light")
    try:
        drawn = opened.page.locator(".plot:has(svg.main-svg)")
        assert drawn.count() == sum(bool(plot.figure) for plot in plots(report))
        assert (opened.said, opened.asked) == ([], opened.own)
    finally:
        opened.close()


def test_texts_from_outside_run_nothing(browser: "Browser", tmp_path: Path) -> None:
    study, spec = hostile()
    opened = Opened(browser, tmp_path / "a.html", page(report_of(study, spec)), WIDE, "light")
    try:
        assert opened.page.locator("h1").inner_text() == SCRIPT
        shown = opened.page.locator("#parallel .xtick text").all_text_contents()
        assert any(text.startswith("<script>") for text in shown), shown
        assert (opened.said, opened.asked) == ([], opened.own)
    finally:
        opened.close()
