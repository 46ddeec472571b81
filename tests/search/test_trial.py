import pytest

from search import trial


def test_a_cpu_is_another_kind_of_device_where_it_trains_in_bfloat16(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = []
    for can in (True, False):
        monkeypatch.setattr(trial, "multiplies_bfloat16", lambda _, can=can: can)
        names.append(trial.device_name("cpu"))
    assert names[0] == f"{names[1]} bfloat16"
    assert names[1].startswith("cpu ")
