"""Every class of errors as a command meets it: its lines, its exit code, no traceback."""

from collections.abc import Callable, Iterator
<<<<<<< HEAD
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
=======
>>>>>>> wrong
from typing import Any

import pytest

from lstm_attn import errors as model_errors
<<<<<<< HEAD
from lstm_attn.checkpoint import weights_to_bytes
from lstm_attn.data import prepare
from lstm_attn.reports import EpochReport
from lstm_attn.training import fresh_model
from search import database, errors, launch, lease, strategy, summaries
from search.archive import StoredStudy, opened
from search.launch import score_baselines
from search.records import Ended, Event, Outcome, Reported, Slots, TrialTask
from search.settings import Settings
from search.spec import load, resolve
=======
from search import errors, launch, lease
from search.archive import opened
from search.records import Event
from search.workers import cluster
>>>>>>> wrong

WORDS = "give one that this program wrote, or go back to the one before"


<<<<<<< HEAD
class Shelf:
    """A database with the study `moods`, and what tests put into it."""

    def __init__(self, wrong: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wrong = wrong
        self.settings = settings
        self.monkeypatch = monkeypatch
        monkeypatch.setenv("LSTM_SEARCH_STORAGE", settings.storage)
        (wrong.folder / "moods.toml").write_text(STUDY)
        (wrong.folder / "a.csv").write_text(MOODS)
        file = load(wrong.folder / "moods.toml")
        data = prepare(file.data, file.task)
        self.spec = resolve(file, data, gpus=False)
        with opened(settings) as archive:
            self.study: StoredStudy = archive.create(
                self.spec,
                fingerprint=data.fingerprint,
                baselines=score_baselines(self.spec, data),
                data_summary=data.summary,
            )

    def trial(self, curve: dict[int, float]) -> None:
        """Put an ended trial into the study."""
        found = strategy.distributions(self.spec.space, POINT)
        note = {"reason": "", "best_epoch": 1, "metrics": METRICS, "device": ""}
        frozen = create_trial(
            state=TrialState.COMPLETE,
            value=0.123,
            params=POINT,
            distributions=dict(found),
            intermediate_values=curve,
            user_attrs={summaries.NOTE: note, summaries.THREADS: 1},
        )
        with opened(self.settings) as archive:
            archive.storage.create_new_trial(self.study.id, template_trial=frozen)

    def weights(self, *, damaged: bool = False) -> None:
        """Put weights of trial 0 into the store, which were never trained."""
        model, _ = self.spec.space.configure(POINT)
        header = {
            "model": json.dumps(asdict(model)),
            "metrics": json.dumps(METRICS),
            "epoch": "1",
            "device": "cpu",
            "threads": "1",
        }
        content = weights_to_bytes(fresh_model(model, seed=0).state_dict(), header)
        name = hashlib.sha256(content).hexdigest()[:16]
        folder = self.study.folder(self.settings)
        folder.mkdir(parents=True)
        path = folder / f"weights-00000-00001-000000-g0001-{name}.safetensors"
        path.write_bytes(content[:-1] + b"?" if damaged else content)

    def change(self, statement: str) -> None:
        """Change the database behind everybody's back."""
        with closing(sqlite3.connect(self.settings.sqlite_file)) as connection, connection:
            connection.execute(statement)

    def launch(self, act: Callable[["Saboteur"], Event], lines: str, *, code: int) -> None:
        """Launch the study with workers that do something to it while it runs."""
        parts = {
            "connect": lambda *_, **__: None,
            "disconnect": lambda: None,
            "has_gpus": lambda: False,
            "RayWorkers": lambda *_, **__: Saboteur(act),
        }
        for name, part in parts.items():
            self.monkeypatch.setattr(launch.workers, name, part)
        line = "launch moods.toml --quiet"
        self.wrong.tells(line, {}, lines, code=code, at_work=True)


class Saboteur:
    """Workers with one slot, which do as they are told at every event."""

    def __init__(self, act: Callable[["Saboteur"], Event]) -> None:
        self.act = act
        self.task: TrialTask | None = None

    slots = Slots(ready=1, waiting=0)

    @property
    def busy(self) -> int:
        return int(self.task is not None)

    def open(self, places: int) -> None:
        pass

    def close(self) -> None:
        pass

    def release_idle(self) -> None:
        pass

    def free_slots(self) -> list[int]:
        return [] if self.task else [0]

    def start(self, slot: int, task: TrialTask) -> None:
        self.task = task

    def next_event(self) -> Event:
        return self.act(self)

    def reported(self) -> Event:
        assert self.task
        report = EpochReport(
            epoch=1, training_loss=0.5, metrics=METRICS, seconds=1.0, rows_per_second=1.0
        )
        return Reported(number=self.task.number, attempt=self.task.attempt, report=report)

    def failed(self) -> Event:
        assert self.task
        task, self.task = self.task, None
        outcome = Outcome(kind="failed", reason="the disk is full", best=None)
        return Ended(number=task.number, attempt=task.attempt, outcome=outcome, weights=None)


@pytest.fixture
def shelf(wrong: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    return Shelf(wrong, settings, monkeypatch)


def search_error(shelf: Shelf) -> None:
=======
def search_error(shelf: Any) -> None:
>>>>>>> wrong
    shelf.wrong.tells(
        "delete moods",
        {},
        "delete moods with 0 trials? [y/N] not deleted - answer y, or use --yes",
        code=1,
    )


def wrong_use(shelf: Any) -> None:
    line = "--storage: got a mysql URL - use sqlite:///FILE, a database in a file"
    shelf.wrong.tells("list --storage mysql://host/db", {}, line)


def spec_error(shelf: Any) -> None:
    lines = "moods.toml: 1 problem\n  search.trails: no such key - did you mean trials?"
    shelf.wrong.tells("check moods.toml --set search.trails=1", {}, lines)


def spec_changed(shelf: Any) -> None:
    shelf.wrong.tells(
        "launch moods.toml --set search.seed=9",
        {},
        "study 'moods' is there already and searches something else:\n"
        "  search.seed: was 0, is 9\n"
        "launch it under a name of its own: lstm-search launch moods.toml --name moods-2",
    )


def study_not_found(shelf: Any) -> None:
    line = "no study 'mood' in sqlite:///studies.db - did you mean 'moods'? It has: moods"
    shelf.wrong.tells("status mood", {}, line)


def storage_error(shelf: Any) -> None:
    line = "no database at none.db - launch a study first, or name another with --storage"
    shelf.wrong.tells("list --storage sqlite:///none.db", {}, line)


def cluster_error(shelf: Any) -> None:
    shelf.monkeypatch.setattr(launch.workers, "connect", cluster.connect)
    shelf.monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    line = (
        "Ray cannot be reached at 127.0.0.1:1: Connection refused - "
        "check RAY_ADDRESS, or unset it to start a Ray of our own"
    )
    shelf.wrong.tells("launch moods.toml", {}, line)


def export_refused(shelf: Any) -> None:
    line = "study 'moods': no trial has finished an epoch yet - launch it, or wait"
    shelf.wrong.tells("export moods --to out", {}, line)


def study_elsewhere(shelf: Any) -> None:
    with opened(shelf.settings) as archive:
        held = lease.acquire(archive.storage.engine, "moods")
        line = "the study is being run by ..., process ... - wait for it, or end it with `stop`"
        shelf.wrong.tells("delete moods --yes", {}, line, code=3, at_work=True)
        held.release()


def lease_lost(shelf: Any) -> None:
    def act(workers: Any) -> Event:
        shelf.change("UPDATE coordinator_lease SET owner = 'another'")
        return workers.reported()

    line = "another coordinator has taken this study over - this one stands down"
    shelf.launch(act, line, code=3)


def study_deleted(shelf: Any) -> None:
    def act(workers: Any) -> Event:
        with opened(shelf.settings) as archive:
            archive.storage.delete_study(shelf.study.id)
        return workers.reported()

    shelf.launch(act, "the study was deleted from the database while it ran", code=1)


def trials_failed(shelf: Any) -> None:
    shelf.launch(
        lambda workers: workers.failed(), "the first 5 trials all failed:\nthe disk is full", code=1
    )


<<<<<<< HEAD
def outage(shelf: Shelf) -> None:
    connect = database._connect

    def without_room(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.execute("PRAGMA max_page_count = 1")  # as few as there are, in fact
        return connection

    shelf.monkeypatch.setattr(database, "_connect", without_room)
    line = (
        "the database studies.db cannot be written: database or disk is full - "
        "make room on its disk"
    )
    shelf.wrong.tells("delete moods --yes", {}, line, code=1, at_work=True)


def database_trouble(shelf: Shelf) -> None:
    def act(workers: Saboteur) -> Event:
=======
def database_trouble(shelf: Any) -> None:
    def act(workers: Any) -> Event:
>>>>>>> wrong
        shelf.change("DROP TABLE trial_intermediate_values")
        return workers.reported()

    line = (
        "the database failed: no such table: trial_intermediate_values - "
        "launch again to go on from there"
    )
    shelf.launch(act, line, code=1)


def store_error(shelf: Any) -> None:
    shelf.trial({1: 0.123})
    shelf.weights(damaged=True)
    line = "the checkpoint checkpoints/moods-...safetensors is damaged: its hash does not match"
    shelf.wrong.tells("export moods --to out", {}, line, code=1)


def replay_differs(shelf: Any) -> None:
    shelf.trial({1: 0.5, 2: 0.5, 3: 0.5})
    line = "trial 0 ended before epoch 3, which was recorded: its training went another way"
    shelf.wrong.tells("replay moods 0 --quiet", {}, line, code=1)


def verification_failed(shelf: Any) -> None:
    shelf.trial({1: 0.123})
    shelf.weights()
    told = shelf.wrong("export moods --to out --quiet", code=1)
    assert told[0].startswith(
        "trial 0 of 'moods' was not exported: accuracy was recorded as 0.123 and is "
    )


def data_error(shelf: Any) -> None:
    (shelf.wrong.folder / "a.csv").unlink()
    line = "data.train: no file 'a.csv' - ... has: moods.toml, studies.db"
    shelf.wrong.tells("check moods.toml", {}, line)


def model_error(shelf: Any) -> None:
    shelf.trial({1: 0.123})  # heads are the first of [1, 2]; another program makes them 3
    shelf.change("""UPDATE trial_params SET distribution_json =
        '{"name": "CategoricalDistribution", "attributes": {"choices": [3, 2]}}'
        WHERE param_name = 'heads'""")
    line = "heads: 3 does not divide hidden_size 8 - use one of its divisors, as 1"
    shelf.wrong.tells("replay moods 0 --quiet", {}, line)


def checkpoint_error(shelf: Any) -> None:
    line = "config.json: the checksum differs - " + WORDS
    shelf.wrong.tells("score . a.csv", {"config.json": "{}"}, line)


CASES: dict[type[Exception], Callable[[Any], None]] = {
    errors.SearchError: search_error,
    errors.WrongUse: wrong_use,
    errors.SpecError: spec_error,
    errors.SpecChanged: spec_changed,
    errors.StudyNotFound: study_not_found,
    errors.StorageError: storage_error,
    errors.ClusterError: cluster_error,
    errors.ExportRefused: export_refused,
    errors.StudyElsewhere: study_elsewhere,
    errors.LeaseLost: lease_lost,
    errors.StudyDeleted: study_deleted,
    errors.TrialsFailed: trials_failed,
    errors.Outage: outage,
    errors.DatabaseTrouble: database_trouble,
    errors.StoreError: store_error,
    errors.ReplayDiffers: replay_differs,
    errors.VerificationFailed: verification_failed,
    model_errors.DataError: data_error,
    model_errors.ModelError: model_error,
    model_errors.CheckpointError: checkpoint_error,
}


def tree(root: type[Exception]) -> Iterator[type[Exception]]:
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


def test_every_class_has_its_command() -> None:
    every = {*tree(errors.SearchError), *tree(model_errors.LstmAttnError)}
    # The root of those of `lstm_attn` only gathers the others.
    assert set(CASES) == every - {model_errors.LstmAttnError}


@pytest.mark.parametrize(
    ("to", "told"),
    [
        ("full", "full: the folder isn't empty (kept.txt) - name another one"),
        ("a.csv", "a.csv: a file is there already - name another folder"),
        (".", ".: the folder isn't empty (a.csv, checkpoints, full, moods.toml, ...) - name ..."),
        ("a.csv/out", "a.csv/out: cannot be written (...) - name a folder where it can be"),
    ],
)
def test_an_export_takes_nobodys_place(to: str, told: str, shelf: Any) -> None:
    shelf.trial({1: 0.123})
    shelf.weights()
    shelf.wrong.tells(f"export moods --to {to}", {"full/kept.txt": "mine"}, told)


def test_no_more_is_exported_than_is_kept(shelf: Any) -> None:
    shelf.trial({1: 0.123})
    line = "study 'moods': no trial's weights are in checkpoints/moods-... yet - wait, or ..."
    shelf.wrong.tells("export moods --to out", {}, line)
    shelf.weights()
    line = "--top: got 3, and study 'moods' keeps the weights of 1 trial - use 1"
    shelf.wrong.tells("export moods --to out --top 3", {}, line)


@pytest.mark.parametrize("error", CASES)
def test_a_command_that_meets_it_ends_as_it_says(error: type[Exception], shelf: Any) -> None:
    CASES[error](shelf)
    assert shelf.wrong.raised is error
