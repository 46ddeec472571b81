"""What the dashboard shows beside what Optuna stores: reasons, checkpoints; and nothing stale."""

import io
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import optuna
import pytest
from optuna.exceptions import StorageInternalError
from optuna.trial import TrialState

from search import summaries
from search.checkpoints import checkpoints, delete_all
from search.checkpoints.folder import Folder
from search.dashboard import kept
from search.dashboard.kept import FRESH_SECONDS, Kept
from search.dashboard.memory import Memory
from search.dashboard.serving import _application
from search.errors import Outage, StoreError, WrongUse
from search.explaining import explain
from tests.search.gallery import CURVE, Gallery


class Dashboard:
    """The dashboard's pages, asked in this process."""

    def __init__(self, gallery: Gallery) -> None:
        self.app = _application(gallery.archive)
        self.gallery = gallery

    def ask(
        self, path: str, method: str = "GET", body: Any = None
    ) -> tuple[str, dict[str, str], bytes]:
        """Ask; gives status, headers and what was answered."""
        got: list[Any] = []

        def begin(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            got[:] = [status, dict(headers)]

        sent = b"" if body is None else json.dumps(body).encode()
        path, _, query = path.partition("?")
        environment = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "HTTP_HOST": "localhost",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(sent)),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(sent),
            "wsgi.errors": io.StringIO(),
        }
        content = b"".join(self.app(environment, begin))
        return got[0], got[1], content

    def study(self, study_id: int | None = None) -> Any:
        """Ask for what the page of a study asks for."""
        status, _, content = self.ask(f"/api/studies/{study_id or self.gallery.study.id}?after=0")
        assert status == "200 OK", content
        return json.loads(content)

    def attributes(self, number: int) -> dict[str, str]:
        trial = self.study()["trials"][number]
        return {one["key"]: one["value"] for one in trial["user_attrs"]}

    def files(self) -> list[str]:
        return [one["filename"] for one in self.study()["artifacts"]]

    def download(self, number: int) -> tuple[str, dict[str, str], bytes]:
        artifact = self.study()["artifacts"][number]["artifact_id"]
        return self.ask(f"/artifacts/{self.gallery.study.id}/{artifact}")


@pytest.fixture(params=["sqlite"])
def gallery(request: pytest.FixtureRequest, make_spec: Callable[..., Any]) -> Iterator[Gallery]:
    made = Gallery(request.getfixturevalue(f"on_{request.param}"), make_spec())
    yield made
    made.close()


@pytest.fixture
def dashboard(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> Dashboard:
    monkeypatch.setattr(kept, "FRESH_SECONDS", -1.0)  # each page is of this moment
    return Dashboard(gallery)


@pytest.mark.parametrize(
    ("state", "kind", "reason", "said"),
    [
        ("COMPLETE", "completed", "", "after all its epochs"),
        ("COMPLETE", "completed", "no better epoch", "no better epoch"),
        ("PRUNED", "pruned", "pruned at epoch 3", "pruned at epoch 3"),
        ("PRUNED", "diverged", "epoch 2: loss nan", "diverged: epoch 2: loss nan"),
        ("PRUNED", "out_of_memory", "out of memory with x", "out of memory with x"),
        ("PRUNED", "out_of_time", "2 h are over", "out of time: 2 h are over"),
        ("FAIL", "failed", "KeyError", "failed: KeyError"),
        ("FAIL", "failed", "", "failed"),
    ],
)
def test_a_trial_says_why_it_ended_and_what_it_took(
    state: str, kind: str, reason: str, said: str, gallery: Gallery, dashboard: Dashboard
) -> None:
    gallery.trial(*CURVE, state=TrialState[state], kind=kind, reason=reason)
    told = dashboard.attributes(0)
    assert told["ended"] == said
    assert told["epochs"] == "3"
    assert (told["best epoch"], told["best cross_entropy"]) == ("2", "1.75")
    assert (told["host"], told["device"], told["threads"]) == ("node-1", "cpu x86_64", "1")
    assert int(told["weights"]) > 0
    assert told["seconds"] == "34.0"
    assert not {"result", "nonce", "parameters"} & set(told)


def test_numbers_can_be_ordered_by_and_names_are_shown(
    gallery: Gallery, dashboard: Dashboard
) -> None:
    gallery.trial(*CURVE)
    page = dashboard.study()
    sortable = {one["key"]: one["sortable"] for one in page["union_user_attrs"]}
    assert [sortable[name] for name in ("weights", "seconds", "epochs")] == [True] * 3
    assert not sortable["ended"]
    assert page["objective_names"] == ["cross_entropy"]
    assert page["directions"] == ["minimize"]
    assert {one["name"] for one in page["union_search_space"]} == set(gallery.spec.space.domains)


def test_a_study_says_what_it_is_in_plain_values(gallery: Gallery, dashboard: Dashboard) -> None:
    told = {one["key"]: one["value"] for one in dashboard.study()["user_attrs"]}
    assert told["task"] == "language-modeling"
    assert (told["objective"], told["trials"], told["epochs"]) == ("cross_entropy", "12", "9")
    assert told["baseline 5-gram"] == "1.5"
    assert not any("{" in value for value in told.values())


def test_a_running_trial_says_what_is_known_and_one_told_by_others_that_it_was(
    gallery: Gallery, dashboard: Dashboard
) -> None:
    gallery.trial(2.0, state=TrialState.RUNNING)
    assert set(dashboard.attributes(0)) == {"threads", "weights"}
    trial_id = gallery.archive.storage.get_all_trials(gallery.study.id)[0]._trial_id
    gallery.archive.storage.set_trial_state_values(trial_id, TrialState.FAIL)
    fresh = Dashboard(gallery)
    assert fresh.attributes(0)["ended"] == "told by someone else"


def test_another_programs_study_is_as_it_is(gallery: Gallery, dashboard: Dashboard) -> None:
    study = optuna.create_study(storage=gallery.archive.storage, study_name="others")
    trial = study.ask()
    trial.set_user_attr("result", 7)
    study.tell(trial, 1.0)
    page = dashboard.study(study._study_id)
    assert page["trials"][0]["user_attrs"] == [{"key": "result", "value": "7"}]
    assert page["artifacts"] == []


@pytest.mark.parametrize(
    "odd",
    [
        {"spec": {}, "baselines": [{"name": "5-gram", "validation": {}}]},
        {"spec": {}, "baselines": [{"name": "5-gram", "strong": True}]},
        {"spec": {}, "baselines": ["5-gram"]},
        {"spec": {"task": "forecasting"}},
        {"spec": {"objective": []}, "baselines": [dict.fromkeys(("name", "strong"), "x")]},
        {
            "spec": {"objective": "mae"},
            "baselines": [{"name": "x", "strong": True, "validation": {"mae": "low"}}],
        },
    ],
)
def test_a_study_that_is_written_otherwise_is_as_it_is_and_all_others_open(
    odd: dict[str, Any], gallery: Gallery, dashboard: Dashboard
) -> None:
    study = optuna.create_study(storage=gallery.archive.storage, study_name="odd")
    study.set_user_attr(summaries.STUDY, odd)
    told = {one["key"] for one in dashboard.study()["user_attrs"]}
    assert "baseline 5-gram" in told
    attributes = dashboard.study(study._study_id)["user_attrs"]
    assert [one["key"] for one in attributes] == [summaries.STUDY]


def test_a_trial_that_is_written_otherwise_is_as_it_is(
    gallery: Gallery, dashboard: Dashboard
) -> None:
    study = optuna.load_study(study_name=gallery.spec.name, storage=gallery.archive.storage)
    trial = study.ask()
    trial.set_user_attr(summaries.NONCE, "0")
    trial.set_user_attr(summaries.NOTE, "7")
    study.tell(trial, 1.0)
    gallery.weights(0, 1)
    assert dashboard.attributes(0) == {summaries.NONCE: "0", summaries.NOTE: "7"}
    assert dashboard.files()[0] == "1-trial-0-epoch-1.safetensors"


@pytest.mark.parametrize("gallery", ["sqlite", "postgresql"], indirect=True)
def test_kept_checkpoints_are_listed_the_best_first_and_downloaded_as_they_are(
    gallery: Gallery, dashboard: Dashboard
) -> None:
    first, second = gallery.trial(*CURVE), gallery.trial(1.5, 3.0, heads=1)
    _, content = gallery.weights(first, 2)
    gallery.weights(second, 1)
    assert dashboard.files() == [
        "1-trial-1-epoch-1-cross_entropy-1.5.safetensors",
        "1-trial-1-epoch-1-cross_entropy-1.5.json",
        "2-trial-0-epoch-2-cross_entropy-1.75.safetensors",
        "2-trial-0-epoch-2-cross_entropy-1.75.json",
    ]
    status, headers, downloaded = dashboard.download(2)
    assert (status, downloaded) == ("200 OK", content)
    assert headers["Content-Length"] == str(len(content))
    assert headers["X-Content-Type-Options"] == "nosniff"  # it is nothing that a browser runs
    assert 'filename="2-trial-0-epoch-2' in headers["Content-Disposition"]
    _, headers, described = dashboard.download(3)
    said = json.loads(described)
    assert headers["Content-Type"] == "application/json"
    assert (said["trial"], said["epoch"], said["metrics"]) == (0, 2, {"cross_entropy": 1.75})
    assert said["model"]["hidden_size"] == said["params"]["hidden_size"]


def test_checkpoints_in_an_object_store_are_there_likewise(
    on_sqlite: Any, make_spec: Callable[..., Any]
) -> None:
    settings = replace(on_sqlite, checkpoints=f"memory://{uuid4().hex}")
    gallery = Gallery(settings, make_spec())
    name, content = gallery.weights(gallery.trial(*CURVE), 2)
    with closing(gallery):
        dashboard = Dashboard(gallery)
        assert dashboard.download(0)[2] == content
        gallery.study.place(settings).delete(name)
        assert Dashboard(gallery).files() == []


def test_what_retention_deletes_is_gone_here_too(gallery: Gallery, dashboard: Dashboard) -> None:
    name, _ = gallery.weights(gallery.trial(*CURVE), 2)
    place = gallery.study.place(gallery.settings)
    artifact = dashboard.study()["artifacts"][0]["artifact_id"]
    place.delete(name)
    status, _, content = dashboard.ask(f"/artifacts/{gallery.study.id}/{artifact}")
    assert (status, b"is gone" in content) == ("404 Not Found", True)
    assert dashboard.files() == []
    assert checkpoints(place) == []


def test_damaged_weights_are_not_handed_out(gallery: Gallery, dashboard: Dashboard) -> None:
    name, content = gallery.weights(gallery.trial(*CURVE), 2)
    gallery.study.place(gallery.settings).write_whole(name, content[:-1] + b"\0")
    for number in (0, 1):  # the weights, and what they are
        status, _, told = dashboard.download(number)
        assert status.startswith("503")
        assert b"is damaged" in told


def test_what_goes_just_as_it_is_asked_for_is_gone(
    gallery: Gallery, dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any) -> bytes:
        raise FileNotFoundError

    gallery.weights(gallery.trial(*CURVE), 2)
    monkeypatch.setattr(Folder, "read", gone)
    status, _, content = dashboard.download(0)
    assert (status, b"is gone" in content) == ("404 Not Found", True)


def test_who_asks_for_the_size_of_a_download_gets_no_content(
    gallery: Gallery, dashboard: Dashboard
) -> None:
    _, content = gallery.weights(gallery.trial(*CURVE), 2)
    artifact = dashboard.study()["artifacts"][0]["artifact_id"]
    path = f"/artifacts/{gallery.study.id}/{artifact}"
    status, headers, got = dashboard.ask(path, "HEAD")
    assert (status, headers["Content-Length"], got) == ("200 OK", str(len(content)), b"")


def test_nothing_is_written_for_it(gallery: Gallery, dashboard: Dashboard) -> None:
    gallery.weights(gallery.trial(*CURVE), 2)
    before = gallery.archive.storage.get_study_system_attrs(gallery.study.id)
    assert len(dashboard.files()) == 2
    assert gallery.archive.storage.get_study_system_attrs(gallery.study.id) == before


@pytest.mark.parametrize(
    ("error", "status"),
    [(Outage("away"), "503"), (StoreError("refused"), "503"), (WrongUse("no driver"), "503")],
)
def test_a_store_that_is_away_gives_an_empty_list_and_no_error_page(
    error: Exception, status: str, gallery: Gallery, dashboard: Dashboard, monkeypatch: Any
) -> None:
    def fails(*_: Any) -> Any:
        raise error

    gallery.weights(gallery.trial(*CURVE), 2)
    artifact = dashboard.study()["artifacts"][0]["artifact_id"]
    monkeypatch.setattr(Folder, "names", fails)
    assert dashboard.files() == []
    got, _, content = dashboard.ask(f"/artifacts/{gallery.study.id}/{artifact}")
    assert got.startswith(status)
    assert json.loads(content)["reason"] == str(error)


def test_a_database_that_is_locked_is_told_and_ends_no_request_by_a_traceback(
    gallery: Gallery, dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: Any) -> Any:
        raise StorageInternalError from sqlite3.OperationalError("database is locked")

    gallery.weights(gallery.trial(*CURVE), 2)
    artifact = dashboard.study()["artifacts"][0]["artifact_id"]
    monkeypatch.setattr(gallery.archive.storage, "get_study_user_attrs", locked)
    assert len(dashboard.files()) == 2  # as they were
    status, _, content = dashboard.ask(f"/artifacts/{gallery.study.id}/{artifact}")
    assert (status, b"database is locked" in content) == ("503 Service Unavailable", True)


def test_a_store_that_does_not_answer_holds_no_page_up(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery.weights(gallery.trial(*CURVE), 2)
    answers, names, asked = threading.Event(), Folder.names, []

    def slow(folder: Folder) -> list[str]:
        asked.append(folder)
        answers.wait(60)
        return names(folder)

    monkeypatch.setattr(Folder, "names", slow)
    shelf = Kept(gallery.archive, gallery.archive.storage.get_all_trials, wait=0.01)
    uid = gallery.study.uid
    shelf.look(gallery.study.id)
    shelf.look(gallery.study.id)  # nor is it asked twice
    assert shelf.known(gallery.study.id, uid) == {}
    answers.set()
    for thread in threading.enumerate():
        if thread.daemon and thread.name.endswith("(_list)"):
            thread.join(60)
    assert len(asked) == 1
    assert len(shelf.known(gallery.study.id, uid)) == 2


def test_a_store_is_listed_now_and_then_only(gallery: Gallery, monkeypatch: Any) -> None:
    time, asked, names = [0.0], [], Folder.names

    def counted(folder: Folder) -> list[str]:
        asked.append(folder)
        return names(folder)

    monkeypatch.setattr(Folder, "names", counted)
    shelf = Kept(
        gallery.archive, gallery.archive.storage.get_all_trials, clock=lambda: time[0], wait=60
    )
    for seconds in (0.0, FRESH_SECONDS - 1, FRESH_SECONDS, FRESH_SECONDS + 1):
        time[0] = seconds
        shelf.look(gallery.study.id)
    assert len(asked) == 2


def test_nobody_uploads_deletes_or_renames_through_the_dashboard(
    gallery: Gallery, dashboard: Dashboard
) -> None:
    gallery.weights(gallery.trial(*CURVE), 2)
    artifact = dashboard.study()["artifacts"][0]["artifact_id"]
    study = gallery.study.id
    for method, path in (
        ("POST", f"/api/artifacts/{study}"),
        ("POST", f"/api/artifacts/{study}/1"),
        ("DELETE", f"/api/artifacts/{study}/{artifact}"),
        ("POST", f"/api/studies/{study}/rename"),
    ):
        body = {"file": "data:,x", "filename": "x", "study_name": "x"}
        status, _, content = dashboard.ask(path, method, body)
        assert status == "403 Forbidden", path
        assert json.loads(content)["reason"]
    assert len(dashboard.files()) == 2
    assert dashboard.study()["name"] == gallery.spec.name


@pytest.mark.parametrize("artifact", ["0" * 32, "0-0", "a" * 32 + "-" + "0" * 16])
def test_what_is_no_checkpoint_is_not_found(
    artifact: str, gallery: Gallery, dashboard: Dashboard
) -> None:
    gallery.weights(gallery.trial(*CURVE), 2)
    assert dashboard.ask(f"/artifacts/{gallery.study.id}/{artifact}")[0] == "404 Not Found"
    assert dashboard.ask(f"/artifacts/77/{artifact}")[0] == "404 Not Found"


def test_a_state_is_not_handed_out(gallery: Gallery, dashboard: Dashboard) -> None:
    name, content = gallery.weights(gallery.trial(*CURVE), 2)
    place = gallery.study.place(gallery.settings)
    artifact = dashboard.study()["artifacts"][0]["artifact_id"]
    place.delete(name)
    place.write_whole(f"state{name.removeprefix('weights').removesuffix('safetensors')}pt", content)
    assert dashboard.files() == []
    assert dashboard.ask(f"/artifacts/{gallery.study.id}/{artifact}")[0] == "404 Not Found"


def test_a_study_can_be_deleted_with_its_checkpoints_listed(
    gallery: Gallery, dashboard: Dashboard
) -> None:
    gallery.weights(gallery.trial(*CURVE), 2)
    assert len(dashboard.files()) == 2
    status, _, _ = dashboard.ask(f"/api/studies/{gallery.study.id}", "DELETE", {})
    assert status.startswith("204")
    assert gallery.archive.studies() == []


def test_equally_good_checkpoints_stand_as_their_trials_do_elsewhere(
    on_sqlite: Any, make_spec: Callable[..., Any]
) -> None:
    gallery = Gallery(on_sqlite, make_spec(objective="perplexity"))
    for loss in (0.9, 0.5, 0.7):
        number = gallery.trial(1.75, metrics={"perplexity": 1.75, "cross_entropy": loss})
        gallery.weights(number, 1)
    with closing(gallery):
        leaders = gallery.archive.summary(gallery.study).leaders
        listed = [name for name in Dashboard(gallery).files() if name.endswith(".json")]
    assert [trial.number for trial in leaders] == [1, 2, 0]
    assert [name.split("-epoch")[0] for name in listed] == ["1-trial-1", "2-trial-2", "3-trial-0"]


@pytest.mark.parametrize("gallery", ["sqlite", "postgresql"], indirect=True)
def test_a_study_in_a_deleted_ones_place_shows_nothing_of_it(
    gallery: Gallery, dashboard: Dashboard, tmp_path: Path
) -> None:
    former = gallery.study
    gallery.weights(gallery.trial(*CURVE, learning_rate=0.001), 2)
    gallery.trial(*CURVE, state=TrialState.PRUNED, kind="pruned", reason="pruned at epoch 3")
    assert len(dashboard.study()["trials"]) == 2
    gallery.archive.storage.delete_study(former.id)
    delete_all(former.place(gallery.settings))
    gallery.create()
    gallery.trial(9.0, reason="anew")
    page = dashboard.study()
    assert [one["intermediate_values"] for one in page["trials"]] == [[{"step": 1, "value": 9.0}]]
    assert dashboard.attributes(0)["ended"] == "anew"
    assert page["best_trials"][0]["values"] == [9.0]
    assert page["artifacts"] == []


def test_what_was_listed_of_a_deleted_study_is_nothing_of_the_one_in_its_place(
    gallery: Gallery,
) -> None:
    former = gallery.study
    gallery.weights(gallery.trial(*CURVE), 2)
    shelf = Kept(
        gallery.archive, gallery.archive.storage.get_all_trials, clock=lambda: 0.0, wait=60
    )
    shelf.look(former.id)
    assert len(shelf.known(former.id, former.uid)) == 2
    gallery.archive.storage.delete_study(former.id)
    gallery.create()
    assert gallery.study.id == former.id, "SQLite gives the number again"
    shelf.look(gallery.study.id)  # the list is fresh still
    assert shelf.known(gallery.study.id, gallery.study.uid) == {}


def test_checkpoints_of_a_study_in_a_deleted_ones_place_are_named_by_its_own_trials(
    gallery: Gallery, dashboard: Dashboard
) -> None:
    gallery.weights(gallery.trial(*CURVE), 1)
    assert dashboard.files()[0] == "1-trial-0-epoch-1-cross_entropy-2.5.safetensors"
    gallery.archive.storage.delete_study(gallery.study.id)
    gallery.create()
    gallery.weights(gallery.trial(9.0), 1)
    assert dashboard.files()[0] == "1-trial-0-epoch-1-cross_entropy-9.safetensors"


def test_ended_trials_are_reckoned_once_and_new_ones_too(
    gallery: Gallery, dashboard: Dashboard
) -> None:
    gallery.trial(*CURVE)
    for _ in range(3):
        dashboard.study()
    cache = dashboard.app.answered.__self__._cache
    assert cache._cached_extra_study_property_cache[gallery.study.id]._cursor == 0
    study = optuna.load_study(study_name=gallery.spec.name, storage=gallery.archive.storage)
    trial = study.ask()
    trial.set_user_attr("late", 1)
    study.tell(trial, 1.0)
    cache._trials_last_fetched_at.clear()  # which it does by itself after two seconds
    for _ in range(2):
        columns = {one["key"] for one in dashboard.study()["union_user_attrs"]}
        assert {"late", "ended"} <= columns


def test_trials_are_not_reckoned_again_once_an_answer_had_them_and_none_runs() -> None:
    ended = [SimpleNamespace(number=n, state=TrialState.COMPLETE) for n in range(3)]
    running = SimpleNamespace(number=3, state=TrialState.RUNNING)
    reckoned, trials = SimpleNamespace(_cursor=-1), {1: ended}
    cache = SimpleNamespace(_cached_extra_study_property_cache={1: reckoned}, _trials_cache=trials)
    memory = Memory(SimpleNamespace(_inmemory_cache=cache))
    trials[1] = [*ended, running]
    memory.settle(1)
    memory.settle(1)
    assert reckoned._cursor == -1, "one runs"
    trials[1] = ended
    memory.settle(1)
    assert reckoned._cursor == -1, "they may have come after the answer"
    memory.settle(1)
    assert reckoned._cursor == 2
    trials[1] = [*ended, SimpleNamespace(number=3, state=TrialState.FAIL)]
    memory.settle(1)
    assert reckoned._cursor == 2


IMPORTANCES = "/api/studies/{}/param_importances"


def test_importance_in_the_dashboard_is_that_of_best(
    gallery: Gallery, dashboard: Dashboard
) -> None:
    for place in range(12):
        state = TrialState.PRUNED if place % 3 else TrialState.COMPLETE
        rate = 0.0005 * (1 + place)
        gallery.trial(3.0 - 100 * rate, state=state, learning_rate=rate)
    status, _, answer = dashboard.ask(IMPORTANCES.format(gallery.study.id))
    [shown] = json.loads(answer)["param_importances"]
    found = explain(gallery.archive, gallery.study.name, top=1).importance
    assert status == "200 OK"
    assert {one["name"]: one["importance"] for one in shown} == found.shares
    assert {one["name"]: one["distribution"] for one in shown}["learning_rate"] == (
        "FloatDistribution"
    )
    assert found.trials == 12


@pytest.mark.parametrize("scores", [(), (1.0, 1.0), (1.0,) * 6, (1.0, 2.0)])
def test_where_importance_cannot_be_told_none_is_shown_and_nobody_is_warned(
    scores: tuple[float, ...], gallery: Gallery, dashboard: Dashboard
) -> None:
    for score in scores:
        gallery.trial(score)
    status, _, answer = dashboard.ask(IMPORTANCES.format(gallery.study.id))
    assert (status, json.loads(answer)) == ("200 OK", {"param_importances": [[]]})


def test_importance_of_another_programs_study_is_the_dashboards_own(
    gallery: Gallery, dashboard: Dashboard
) -> None:
    study = optuna.create_study(storage=gallery.archive.storage, study_name="theirs")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    _, _, answer = dashboard.ask(IMPORTANCES.format(study._study_id))
    assert [one["name"] for one in json.loads(answer)["param_importances"][0]] == ["x"]
