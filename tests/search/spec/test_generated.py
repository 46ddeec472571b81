"""Laws of all study files: what is accepted builds and is stored, what is not has its line."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import optuna
import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from optuna.trial import TrialState, create_trial
from typer.testing import CliRunner, Result

from lstm_attn.batches import Table
from lstm_attn.data import prepare
from lstm_attn.models import parameter_count
from lstm_attn.sequences import SequenceData
from lstm_attn.tasks import task_for
from lstm_attn.training import fresh_model
from search import checking, spec, strategy
from search.cli import app
from search.export.study_file import study_file
from search.records import ModelCost, Params
from search.spec import StudySpec
from tests.search.spec.broken_files import broken_files
from tests.search.spec.data_files import write_data
from tests.search.spec.study_files import valid_files
from tests.search.spec.toml_text import Tree, toml

generated = settings(
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a file is short enough as it is found
    print_blob=True,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)
files = valid_files() | valid_files(grid=True)


ROWS = 4
"""The most rows of a batch that a model has to answer here."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the folder of all data files, and let small models be computed by one thread."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder, threads = tmp_path_factory.mktemp("generated"), torch.get_num_threads()
    write_data(folder)
    torch.set_num_threads(1)
    yield folder
    torch.set_num_threads(threads)


@settings(generated, max_examples=80)
@given(tree=files, gpus=st.booleans(), seed=st.integers(0, 2**32 - 1))
def test_every_point_of_an_accepted_file_builds_and_is_one_that_optuna_takes(
    folder: Path, tree: Tree, gpus: bool, seed: int
) -> None:
    _, study = opened(folder, tree, gpus=gpus)
    space = study.space
    corners, size = list(space.corners()), cache(parameter_count)
    sizes = [size(space.configure(params)[0]) for params in corners]
    for params in [*space.defaults(), *corners, *drawn(study, seed)]:
        assert all(params[name] in space.domains[name] for name in params)
        told = strategy.distributions(space, params)
        create_trial(state=TrialState.RUNNING, params=dict(params), distributions=dict(told))
        assert min(sizes) <= size(space.configure(params)[0]) <= max(sizes)


@settings(generated, max_examples=30)
@given(tree=files)
def test_the_smallest_model_of_each_variant_answers_a_batch(folder: Path, tree: Tree) -> None:
    data, study = opened(folder, tree)
    smallest = {}
    for params in study.space.corners():
        model, training = study.space.configure(params)
        smallest.setdefault(model.variant, (model, training))
    task, table = task_for(data, study.objective), Table(data.train, "cpu")
    for config, training in smallest.values():
        model = fresh_model(config, seed=0)
        starts = task.draw_pass(np.random.default_rng(0), training.context)
        batch = task.batch(table, starts[: min(training.batch_size, ROWS)], training.context)
        with torch.inference_mode():
            outputs = model(batch.inputs, batch.padding)
        assert outputs.shape == (*batch.inputs.shape[:2], task.output_size)
        assert torch.isfinite(task.loss(outputs, batch))
        assert sum(weight.numel() for weight in model.parameters()) == parameter_count(config)


@settings(generated, max_examples=40)
@given(tree=files, gpus=st.booleans())
def test_an_accepted_file_is_stored_whole_and_resolved_alike_each_time(
    folder: Path, tree: Tree, gpus: bool
) -> None:
    data, study = opened(folder, tree, gpus=gpus)
    stored = StudySpec.from_json(json.loads(json.dumps(study.to_json(), allow_nan=False)))
    assert stored == study
    _, again = opened(folder, tree, gpus=not gpus)
    assert stored.differences(again) == []
    assert again.differences(stored) == []
    for params in study.space.defaults():
        model, training = study.space.configure(params)
        alone = study_file(
            study, name="alone", params=params, variant=model.variant, encoding=data.encoding
        )
        (folder / "alone.toml").write_text(alone, encoding="utf-8")
        one = spec.resolve(spec.load(folder / "alone.toml"), data, gpus=gpus).space
        assert one.configure({}) == (model, training)


@settings(generated, max_examples=40)
@given(tree=files)
def test_what_a_file_said_is_accepted_elsewhere_without_it(folder: Path, tree: Tree) -> None:
    (folder / "study.toml").write_text(toml(tree), encoding="utf-8")
    file = spec.load(folder / "study.toml")
    assert spec.again(json.loads(json.dumps(file.given)), file.path) == file


@settings(generated, max_examples=5)
@given(tree=valid_files())
def test_an_accepted_file_is_checked(folder: Path, tree: Tree) -> None:
    tree["resources"] = {**tree.get("resources", {}), "cpus_per_trial": 1}
    result = check(folder, toml(tree).encode(), "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    _, study = opened(folder, tree)
    corners = [study.space.configure(params)[0] for params in study.space.corners()]
    sizes = [parameter_count(model) for model in corners]
    report = json.loads(result.stdout)
    found = report["smallest"]["parameters"], report["largest"]["parameters"]
    assert found == (min(sizes), max(sizes))
    assert report["points"] == study.space.point_count()


@pytest.fixture
def without_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be trained: a legal model may be larger than this machine."""
    cost = ModelCost(params={}, parameters=1, epoch_seconds=1.0)
    monkeypatch.setattr(checking, "_cost", lambda *_: cost)
    monkeypatch.setattr(checking, "score_baselines", lambda *_: ())


@pytest.mark.usefixtures("without_training")
@settings(
    generated,
    max_examples=250,
    suppress_health_check=[*generated.suppress_health_check, HealthCheck.function_scoped_fixture],
)
@given(text=broken_files())
def test_a_broken_file_has_its_lines_and_nothing_else(folder: Path, text: bytes) -> None:
    result = check(folder, text)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.exit_code in (0, 2)
    if result.exit_code == 0:
        assert result.stderr == ""
        return
    assert result.stdout == ""
    first, *lines = result.stderr.splitlines()
    count = re.fullmatch(re.escape(str(folder / "study.toml")) + r": ([0-9]+) problems?", first)
    assert not count or int(count[1]) == len(lines)
    for line in lines if count else [first, *lines]:
        assert line.isprintable()
        assert re.fullmatch(r"(?:  )?[^ ].+ - .+|  line [0-9]+, column [0-9]+: .+", line)


def opened(folder: Path, tree: Tree, *, gpus: bool = False) -> tuple[SequenceData, StudySpec]:
    """Give the data of a file and the study that it resolves to."""
    path = folder / "study.toml"
    path.write_text(toml(tree), encoding="utf-8")
    file = spec.load(path)
    data = prepare(file.data, file.task)
    return data, spec.resolve(file, data, gpus=gpus)


def check(folder: Path, text: bytes, *options: str) -> Result:
    path = folder / "study.toml"
    path.write_bytes(text)
    return CliRunner().invoke(app, ["check", str(path), *options], prog_name="lstm-search")


def drawn(study: StudySpec, seed: int) -> Iterator[Params]:
    """Draw points as a search does."""
    memory = optuna.create_study(sampler=strategy.sampler("random", seed=seed))
    for _ in range(4):
        yield strategy.suggest(study.space, memory.ask())
