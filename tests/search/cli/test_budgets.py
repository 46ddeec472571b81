"""A budget that changes where nothing is left to run."""

from typing import Any

import pytest

from search import operations


@pytest.mark.parametrize("trials", [2, 3])
def test_a_budget_lowered_to_what_has_finished_is_what_all_tell(trials: int, shelf: Any) -> None:
    for _ in range(3):
        shelf.trial({1: 0.123})
    file = shelf.wrong.folder / "moods.toml"
    launched = operations.launch(file, shelf.settings, watch=lambda _: None, trials=trials)
    assert (launched.fresh, launched.study.budget) == (False, trials)
    assert operations.status(shelf.settings, "moods").budget == trials
    [listed] = operations.list_studies(shelf.settings)
    assert listed.budget == trials


def test_a_launch_that_changes_nothing_writes_nothing_of_the_study(
    shelf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.trial({1: 0.123})
    file = shelf.wrong.folder / "moods.toml"
    operations.launch(file, shelf.settings, watch=lambda _: None, trials=1)
    monkeypatch.setattr("search.archive.Archive.update", None)
    assert not operations.launch(file, shelf.settings, watch=lambda _: None, trials=1).fresh
