"""The dashboard in a real browser; screenshots are kept in pytest's temporary folders."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState
from playwright.sync_api import Browser

from benchmarks.dashboard import fill
from search.noting import Noting
from search.records import Opened
from search.settings import Settings
from tests.browser import Watched, started, watched
from tests.search.gallery import CURVE, Gallery

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MANY = 5000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started() as running:
        yield running


class Site:
    """A served database with one study of each kind."""

    def __init__(self, folder: Path, template: Path, make: Callable[..., Any]) -> None:
        shutil.copy(template, folder / "studies.db")
        self.settings = Settings(
            storage=f"sqlite:///{folder}/studies.db",
            checkpoints=str(folder / "checkpoints"),
            ray_address=None,
        )
        self.ids: dict[str, int] = {}
        self._study(make(), "lively", self._lively)
        self._study(make(), "empty", lambda _: None)
        self._study(make(), "failures", self._failures)
        self._study(make(), "large", self._large)

    def _study(self, spec: Any, name: str, put: Callable[[Gallery], None]) -> None:
        gallery = Gallery(self.settings, replace(spec, name=name))
        self.ids[name] = gallery.study.id
        put(gallery)
        noting = Noting(
            gallery.archive.storage, gallery.study.id, gallery.spec, {"rows": 3}, lambda _: None
        )
        summary = gallery.archive.summary(gallery.study)
        noting(Opened(study=summary, epochs=gallery.spec.epochs, notes=()))
        gallery.close()

    def _lively(self, gallery: Gallery) -> None:
        number = gallery.trial(*CURVE)
        _, self.weights = gallery.weights(number, 2)
        for rate in (0.001, 0.004, 0.008):
            gallery.trial(2.0 + rate, 1.5 + rate, 1.6, learning_rate=rate)
        gallery.trial(
            3.0, state=TrialState.PRUNED, kind="pruned", reason="pruned at epoch 1", heads=1
        )
        gallery.trial(2.5, 2.25, state=TrialState.RUNNING, heads=2)

    def _failures(self, gallery: Gallery) -> None:
        for rate in (0.001, 0.004):
            gallery.trial(
                state=TrialState.FAIL, kind="failed", reason="no <b>luck</b>", learning_rate=rate
            )

    def _large(self, gallery: Gallery) -> None:
        storage = gallery.archive.storage
        fill(storage, gallery.study.id, trials=MANY, epochs=0, states=(TrialState.COMPLETE,))


@pytest.fixture(scope="module")
def site(
    empty_database: Path,
    tmp_path_factory: pytest.TempPathFactory,
    make_spec: Callable[..., Any],
) -> Site:
    return Site(tmp_path_factory.mktemp("site"), empty_database, make_spec)


@pytest.fixture(scope="module")
def address(site: Site) -> Iterator[str]:
    command = [sys.executable, "-m", "search", "dashboard", "--port", "0"]
    places = ["--storage", site.settings.storage, "--checkpoints", str(site.settings.checkpoints)]
    with subprocess.Popen(
        [*command, *places], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[0]
        process.send_signal(signal.SIGINT)  # as Ctrl-C does
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.fixture
def watch(browser: Browser, tmp_path: Path) -> Iterator[Watched]:
    with watched(browser, tmp_path) as page:
        yield page
        assert page.complaints == []


def test_from_the_list_to_a_study_its_curves_a_trial_its_note_and_a_download(
    site: Site, address: str, watch: Watched, tmp_path: Path
) -> None:
    page = watch.page
    page.goto(address)
    page.get_by_text("failures").wait_for()
    watch.shot("list")

    page.get_by_text(". lively").click()
    page.get_by_text("Intermediate values").scroll_into_view_if_needed()
    page.locator("#graph-intermediate-values .scatterlayer .trace").first.wait_for()
    assert page.locator("#graph-intermediate-values .legend .traces").count() == 6
    assert page.get_by_text("baseline 5-gram").is_visible()
    watch.shot("study")

    with page.expect_download() as waited:
        links = page.get_by_label("download artifact")
        links.first.scroll_into_view_if_needed()
        watch.shot("artifacts")
        assert links.count() == 2
        page.locator('a[download$=".safetensors"]').click()
    assert waited.value.suggested_filename == "1-trial-0-epoch-2-cross_entropy-1.75.safetensors"
    waited.value.save_as(tmp_path / "weights")
    assert (tmp_path / "weights").read_bytes() == site.weights

    page.goto(f"{address}/studies/{site.ids['lively']}/trials?numbers=4")
    page.get_by_text("ended pruned at epoch 1").wait_for()
    watch.shot("trial")

    page.goto(f"{address}/studies/{site.ids['lively']}/note")
    page.get_by_text("lstm-search export lively --to exports/lively").wait_for()
    assert page.get_by_role("cell", name="baseline, strong and cheap").is_visible()
    assert not page.get_by_text("[lstm-search]").is_visible()
    watch.shot("note")


@pytest.mark.parametrize("name", ["empty", "failures", "large"])
def test_every_page_of_any_study_opens(name: str, site: Site, address: str, watch: Watched) -> None:
    page, study = watch.page, f"{address}/studies/{site.ids[name]}"
    page.goto(study)
    page.get_by_text("Study User Attributes").wait_for()
    if name == "large":
        page.locator(".js-plotly-plot .scatterlayer .trace").first.wait_for()
    watch.shot(f"{name}-study")
    page.goto(f"{study}/analytics")
    page.get_by_text("EDF").first.wait_for()
    watch.shot(f"{name}-analytics")
    page.goto(f"{study}/trials")
    page.get_by_text(f"{ {'empty': 0, 'failures': 2, 'large': MANY}[name]:d} Trials").wait_for()
    if name == "failures":
        page.get_by_text("ended failed: no <b>luck</b>").wait_for()
    watch.shot(f"{name}-trials")
    page.goto(f"{study}/note")
    page.get_by_text("Renewed while the study runs").wait_for()
    watch.shot(f"{name}-note")
