"""Small studies without data: a spec of five variants on ten tokens, ledgers over SQL.

And commands that go wrong, with all that they may not do.
"""

import re
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lstm_attn.config import DataConfig, TaskConfig
from lstm_attn.errors import LstmAttnError
from lstm_attn.reports import EpochReport
from search import cli, lease, workers
from search.archive import Archive
from search.checkpoints.folder import Folder
from search.errors import Outage, SearchError
from search.ledger import Ledger
from search.patience import Through, at_once
from search.settings import Settings
from search.space import Choice, Facts, FloatRange, IntRange, Space
from search.spec import StudySpec
from search.spec.terms import Resources
from search.stored import StoredStudy

EPOCHS = 9


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables, to be copied: making them takes most of a second."""
    folder = tmp_path_factory.mktemp("template")
    Archive(settings_in(folder), create=True).close()
    return folder / "studies.db"


@pytest.fixture
def on_sqlite(tmp_path: Path, empty_database: Path) -> Settings:
    shutil.copy(empty_database, tmp_path / "studies.db")
    return settings_in(tmp_path)


@pytest.fixture
def settings(on_sqlite: Settings) -> Settings:
    return on_sqlite


@pytest.fixture(params=["sqlite", "postgresql"])
def each_database(request: pytest.FixtureRequest) -> Settings:
    """Settings of either kind of database, for what both promise."""
    found: Settings = request.getfixturevalue(f"on_{request.param}")
    return found


def settings_in(folder: Path) -> Settings:
    return Settings(
        storage=f"sqlite:///{folder}/studies.db",
        checkpoints=str(folder / "checkpoints"),
        ray_address=None,
    )


@pytest.fixture(scope="session")
def make_spec() -> Callable[..., StudySpec]:
    return spec_of


def spec_of(**changes: Any) -> StudySpec:
    domains = changes.pop(
        "domains",
        {
            "variant": Choice(values=("embed_ffn", "lstm")),
            "heads": Choice(values=(1, 2, 4)),
            "hidden_size": IntRange(low=8, high=16, step=4),
            "learning_rate": FloatRange(low=3e-4, high=1e-2, log=True),
        },
    )
    fixed = {
        "variant": "embed_ffn",
        "heads": 4,
        "hidden_size": 12,
        "learning_rate": 2e-3,
        "layers": 1,
        "dropout": 0.1,
        "ffn_width": 16,
        "embedding_dim": 8,
        "weight_decay": 0.01,
        "batch_size": 4,
        "clip": 1.0,
        "context": 8,
        "epochs": EPOCHS,
        "validation_rows": 100,
    }
    space = Space(
        facts=Facts(
            kind="language-modeling",
            tokens=True,
            input_size=10,
            output_size=10,
            objective="cross_entropy",
        ),
        fixed={name: value for name, value in fixed.items() if name not in domains},
        domains=domains,
        usual={"variant": "embed_ffn", "heads": 4, "hidden_size": 12, "learning_rate": 2e-3},
    )
    spec = StudySpec(
        name="small",
        given={"data": {}, "task": {}, "space": {}, "training": {}, "search": {}, "resources": {}},
        data=DataConfig(format="text", train=("nowhere.txt",)),
        task=TaskConfig(kind="language-modeling", inputs=("text",)),
        objective="cross_entropy",
        trials=12,
        timeout=None,
        keep=3,
        checkpoint_every=30.0,
        sampler="tpe",
        pruner="halving",
        seed=7,
        resources=Resources(cpus_per_trial=1),
        space=space,
    )
    return replace(spec, **changes)


class Desk:
    """Opens ledgers on one study, each with a lease of its own, as launches do."""

    def __init__(self, settings: Settings, spec: StudySpec) -> None:
        self.settings = settings
        self.spec = spec
        self._undo = ExitStack()

    def open(self, through: Through = at_once) -> Ledger:
        """Open the study anew, as after the death of whoever had it before."""
        archive = Archive(self.settings)
        self.storage = archive.storage
        self.engine = self.storage.engine
        self._undo.callback(archive.close)
        self.lease = lease.acquire(self.engine, self.spec.name)
        self._undo.callback(self.lease.release)
        self.study = archive.find(self.spec.name) or archive.create(
            self.spec, fingerprint="0" * 64, baselines=(), data_summary={}
        )
        archive.guard(self.study)
        return Ledger(archive.storage, self.study.id, self.spec, epoch_steps=200, through=through)

    def close(self) -> None:
        self._undo.close()

    def archive(self) -> Archive:
        archive = Archive(self.settings)
        self._undo.callback(archive.close)
        return archive

    def stored(self) -> StoredStudy:
        return self.archive().get(self.spec.name)

    def trials(self) -> list[Any]:
        return self.archive().storage.get_all_trials(self.stored().id)


@pytest.fixture
def make_desk(settings: Settings) -> Iterator[Callable[..., Desk]]:
    desks: list[Desk] = []

    def make(at: Settings | None = None, **changes: Any) -> Desk:
        desks.append(Desk(at or settings, spec_of(**changes)))
        return desks[-1]

    yield make
    for desk in desks:
        desk.close()


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    return make_desk()


def report_of(epoch: int, value: float, loss: float | None = None) -> EpochReport:
    return EpochReport(
        epoch=epoch,
        training_loss=value,
        metrics={"cross_entropy": value, "perplexity": loss or value, "bits_per_character": value},
        seconds=1.0,
        rows_per_second=1.0,
    )


@pytest.fixture
def make_report() -> Callable[..., EpochReport]:
    return report_of


class Wrong:
    """Runs commands that go wrong in a folder of their own, and gives the lines they tell.

    None may print a result, show a traceback or start Ray; and only those that fail while they
    work may make, change or lose a file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.raised: type[BaseException] | None = None
        """The class of the error that ended the last command."""

    def __call__(
        self,
        line: str,
        files: Mapping[str, str | bytes] | None = None,
        *,
        code: int = 2,
        at_work: bool = False,
        answer: str = "",
    ) -> list[str]:
        """Write files, run a command, and give what stands on stderr."""
        for name, content in (files or {}).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        before = self.everything()
        words = shlex.split(line)
        result = CliRunner().invoke(cli.app, words, input=answer, prog_name="lstm-search")
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            result.exception,
            result.stderr,
        )
        assert (result.exit_code, result.stdout) == (code, "")
        assert "Traceback" not in result.stderr
        assert at_work or self.everything() == before
        causes = [result.exception]
        while causes[-1] is not None:
            causes.append(causes[-1].__cause__ or causes[-1].__context__)
        known = (SearchError, LstmAttnError)
        self.raised = next((type(one) for one in causes if isinstance(one, known)), None)
        lines = result.stderr.splitlines()
        assert all(one.isprintable() for one in lines)
        return [one.replace(f"{self.folder}/", "") for one in lines]

    def tells(
        self,
        line: str,
        files: Mapping[str, str | bytes],
        lines: str,
        *,
        code: int = 2,
        at_work: bool = False,
        answer: str = "",
    ) -> None:
        """Run a command that tells these lines and no others; `...` stands for anything."""
        told = self(line, files, code=code, at_work=at_work, answer=answer)
        wanted = lines.split("\n")
        assert len(told) == len(wanted), told
        for one, pattern in zip(told, wanted, strict=True):
            assert re.fullmatch(re.escape(pattern).replace(r"\.\.\.", ".*"), one), (one, pattern)

    def everything(self) -> dict[Path, bytes | None]:
        """Read all files there are; of folders there is nothing to read."""
        found = sorted(self.folder.rglob("*"))
        return {path: path.read_bytes() if path.is_file() else None for path in found}


@pytest.fixture
def wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wrong:
    def started(*_: Any, **__: Any) -> None:
        raise AssertionError("Ray was started")

    monkeypatch.chdir(tmp_path)
    for variable in ("LSTM_SEARCH_STORAGE", "LSTM_SEARCH_CHECKPOINTS", "RAY_ADDRESS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(workers, "connect", started)
    return Wrong(tmp_path)


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files put into a folder, whose disk is full just when the second comes."""
    write, names = Folder.write_whole, []

    def full(folder: Folder, name: str, content: bytes) -> None:
        names.append(name)
        if len(names) == 2:
            raise Outage("the store is full")
        write(folder, name, content)

    monkeypatch.setattr(Folder, "write_whole", full)
    return names
