"""What a check makes of this machine: its memory, its processors, its GPUs."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from search import checking, spec
from search.errors import WrongUse
from search.spec import Resources
from tests.search.conftest import spec_of
from tests.search.spec.data_files import write_data
from tests.search.spec.toml_text import toml


@pytest.fixture
def file(tmp_path: Path) -> Iterator[spec.SpecFile]:
    write_data(tmp_path)
    path = tmp_path / "study.toml"
    tree = {
        "name": "small",
        "data": {"format": "json", "train": "sequences.jsonl"},
        "task": {"kind": "classification", "inputs": "sequence", "target": "label"},
        "space": {"variant": ["ffn", "lstm"], "hidden_size": [4, 8], "heads": 2, "ffn_width": 3},
        "resources": {"cpus_per_trial": 1024},
    }
    path.write_text(toml(tree))
    threads = torch.get_num_threads()
    yield spec.load(path)
    torch.set_num_threads(threads)


def test_no_more_threads_are_started_than_there_are_processors(file: spec.SpecFile) -> None:
    report = checking.check(file)
    assert report.slots == 1
    assert torch.get_num_threads() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("can't allocate memory")]
)
def test_a_model_too_large_for_this_machine_has_its_line(
    error: RuntimeError, file: spec.SpecFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(checking, "fresh_model", too_large)
    with pytest.raises(
        WrongUse, match=r"^space: no memory here for a model of [0-9,]+ weights, .*"
    ):
        checking.check(file)


def test_another_fault_of_a_model_shows_itself(
    file: spec.SpecFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(checking, "fresh_model", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        checking.check(file)


@pytest.mark.parametrize(
    ("resources", "gpus", "slots"),
    [
        ({}, 0, 16),
        ({"cpus_per_trial": 3}, 0, 5),
        ({"slots": 4}, 0, 4),
        ({}, 2, 2),
        ({"gpus_per_trial": 0.25}, 2, 8),
        ({"gpus_per_trial": 0.25, "cpus_per_trial": 4}, 2, 4),
        ({"gpus_per_trial": 0.5, "cpus_per_trial": 1}, 2, 4),
        ({"cpus_per_trial": 4}, 2, 4),
    ],
)
def test_as_many_trials_run_at_a_time_as_have_room(
    resources: dict[str, Any], gpus: int, slots: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    study = spec_of(resources=Resources(**resources))
    assert checking._slots(study, gpus) == slots
