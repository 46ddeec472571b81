"""Every class of errors as a command meets it: its lines, its exit code, no traceback."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lstm_attn import errors as model_errors
from search import database, errors, launch, lease
from search.archive import opened
from search.records import Event
from search.uploads import FileCopy, Uploads, new_upload
from search.workers import cluster
from search.workers.membership import Expelled

WORDS = "give one that this program wrote, or go back to the one before"


def search_error(shelf: Any) -> None:
    shelf.wrong.tells(
        "delete moods",
        {},
        "delete moods with 0 trials? [y/N] not deleted - answer y, or use --yes",
        code=1,
        answer="n\n",
    )


def wrong_use(shelf: Any) -> None:
    line = "--storage: got a mysql URL - use sqlite:///FILE, a database in a file, or ..."
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
        "give it a name of its own, with --name moods-2",
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
    line = "study 'moods': no trial has started yet - launch it, or wait"
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

    shelf.launch(act, "study 'moods' was deleted from the database meanwhile", code=1)


def trials_failed(shelf: Any) -> None:
    shelf.launch(
        lambda workers: workers.failed(), "the first 5 trials all failed:\nthe disk is full", code=1
    )


def no_result(shelf: Any) -> None:
    said = (
        "study 'moods' has no result: all 9 trials have ended before their first epoch: past "
        "trial_timeout: 2 s - raise trial_timeout in [resources], or shorten an epoch with "
        "epoch_steps in [training]; once that is mended, launch it with --trials 18"
    )
    shelf.launch(lambda workers: workers.out_of_time(), said, code=1)
    line = f"study 'moods': {said.split(': ', 1)[1].split(';', maxsplit=1)[0]}"
    shelf.wrong.tells("export moods --to out", {}, line)
    shelf.wrong.tells("launch moods.toml --quiet", {}, said, code=1, at_work=True)  # runs nothing


def outage(shelf: Any) -> None:
    connect = database.sqlite._connect

    def without_room(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.execute("PRAGMA max_page_count = 1")  # as few as there are, in fact
        return connection

    shelf.monkeypatch.setattr(database.sqlite, "_connect", without_room)
    line = (
        "the database studies.db cannot be written: database or disk is full - "
        "make room on its disk"
    )
    shelf.wrong.tells("delete moods --yes", {}, line, code=1, at_work=True)


def database_trouble(shelf: Any) -> None:
    def act(workers: Any) -> Event:
        shelf.change("DROP TABLE trial_intermediate_values")
        return workers.reported()

    line = (
        "the database failed: no such table: trial_intermediate_values - "
        "launch again to go on from there"
    )
    shelf.launch(act, line, code=1)


def store_error(shelf: Any) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    shelf.weights()
    shelf.monkeypatch.setattr(Path, "unlink", refuse)
    line = "the checkpoint store checkpoints/moods-... cannot be deleted from: ...Permission denied"
    shelf.wrong.tells("delete moods --yes", {}, line, code=1, at_work=True)


def checkpoint_damaged(shelf: Any) -> None:
    shelf.trial({1: 0.123})
    shelf.weights(damaged=True)
    line = "the checkpoint checkpoints/moods-...safetensors is damaged: its hash does not match"
    shelf.wrong.tells("export moods --to out", {}, line, code=1)


def upload_lost(shelf: Any) -> None:
    shelf.trial({1: 0.123})
    copy = FileCopy(real="/home/me/a.csv", hash="0" * 64)
    (shelf.wrong.folder / "checkpoints").mkdir(exist_ok=True)
    with opened(shelf.settings) as archive:
        Uploads(archive.storage.engine).keep(
            replace(new_upload("moods", None), files={"/home/me/a.csv": copy})
        )
    line = "/home/me/a.csv was uploaded and is no longer in checkpoints/moods-data-... - submit ..."
    shelf.wrong.tells("replay moods 0 --quiet", {}, line, code=1)


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


def no_room(shelf: Any) -> None:
    def is_full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    shelf.monkeypatch.setattr("tempfile.mkdtemp", is_full)
    line = "temporary files cannot be written: No space left on device - make room on the disk, ..."
    shelf.wrong.tells("check moods.toml", {}, line, code=1)


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
    errors.NoResult: no_result,
    errors.Outage: outage,
    errors.DatabaseTrouble: database_trouble,
    errors.StoreError: store_error,
    errors.CheckpointDamaged: checkpoint_damaged,
    errors.UploadLost: upload_lost,
    errors.ReplayDiffers: replay_differs,
    errors.VerificationFailed: verification_failed,
    model_errors.DataError: data_error,
    model_errors.NoRoom: no_room,
    model_errors.ModelError: model_error,
    model_errors.CheckpointError: checkpoint_error,
}


def tree(root: type[Exception]) -> Iterator[type[Exception]]:
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


def test_every_class_has_its_command() -> None:
    every = {*tree(errors.SearchError), *tree(model_errors.LstmAttnError)}
    # The root of those of `lstm_attn` only gathers the others; the last is met by joining anew.
    assert set(CASES) == every - {model_errors.LstmAttnError, Expelled}


@pytest.mark.parametrize(
    ("to", "told"),
    [
        ("loop", "loop: a link that leads to itself - name another folder"),
        ("full", "full: the folder isn't empty (kept.txt) - name another one"),
        ("a.csv", "a.csv: a file is there already - name another folder"),
        (".", ".: the folder isn't empty (a.csv, checkpoints, full, loop, ...) - name ..."),
        (
            "a.csv/out",
            "a.csv/out: cannot be written (File exists) - name a folder where it can be",
        ),
    ],
)
def test_an_export_takes_nobodys_place(to: str, told: str, shelf: Any) -> None:
    shelf.trial({1: 0.123})
    shelf.weights()
    (shelf.wrong.folder / "loop").symlink_to("loop")
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
