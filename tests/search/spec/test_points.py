import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lstm_attn.config import TASK_KINDS
from search.export.study_file import study_file
from search.spec import StudySpec, load, resolve


def steps(low, most, step):
    return st.integers(0, most).map(lambda count: {"low": low, "high": low + count * step})


ranges = {
    "layers": st.integers(1, 4) | steps(1, 3, 1) | st.just([2, 1]),
    "hidden_size": steps(24, 5, 24) | st.sampled_from([[24, 48], 96]),
    "heads": st.sampled_from([1, [1, 2], [3, 8], {"low": 1, "high": 4}]),
    "dropout": st.floats(0, 0.9) | st.lists(st.floats(0, 0.9), min_size=1, max_size=3, unique=True),
    "learning_rate": st.tuples(st.floats(1e-5, 1e-3), st.floats(1e-3, 1)).map(
        lambda ends: {"low": ends[0], "high": ends[1], "log": True}
    ),
    "weight_decay": st.just({"low": 0, "high": 0.3, "step": 0.1}),
    "batch_size": steps(8, 3, 8),
    "context": st.sampled_from([[8, 16], 4]),
    "patience": steps(2, 4, 1),
    "clip": st.floats(0.1, 9),
}
files = st.fixed_dictionaries({}, optional=ranges)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(TASK_KINDS), files, st.booleans(), st.integers())
def test_a_valid_file_makes_a_space_whose_points_all_build(resolved, kind, space, gpus, seed):
    study = resolved(kind, space=space, gpus=gpus)
    found = study.space
    for params in [*found.defaults(), *found.corners()]:
        assert all(params[name] in found.domains[name] for name in params)
        found.configure(params)
    chance = random.Random(seed)
    for variant in found.variants:
        names = [name for name in found.active(variant) if name != "variant"]
        found.configure(
            {"variant": variant} | {name: drawn(found.domains[name], chance) for name in names}
        )
    assert StudySpec.from_json(json.loads(json.dumps(study.to_json()))) == study


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(TASK_KINDS),
    st.integers(1, 70_000),
    st.integers(1, 10_000),
    st.integers(1, 100_000),
)
def test_what_is_resolved_is_a_study_file_that_loads(
    resolved, encoded, tmp_path_factory, kind, longest, horizon, season
):
    shape = {"longest": longest} if kind == "classification" else {"rows": 300_000}
    shape |= {"horizon": horizon, "season": season} if kind == "forecasting" else {}
    data = encoded(kind, **shape)
    study = resolved(kind, rows=data)
    path = tmp_path_factory.mktemp("written") / "one.toml"
    for params in study.space.defaults()[:2]:
        text = study_file(
            study, name="one", params=params, variant=params["variant"], encoding=data.encoding
        )
        path.write_text(text, encoding="utf-8")
        again = resolve(load(path), data, gpus=False).space
        assert again.domains == {}
        assert again.configure({}) == study.space.configure(params)


@pytest.mark.parametrize(("longest", "context"), [(1000, 1000), (1024, 1024), (70_000, 1024)])
def test_one_long_row_makes_no_long_windows(resolved, encoded, longest, context):
    study = resolved(rows=encoded("classification", longest=longest))
    assert study.largest_context == context


def drawn(domain, chance):
    if domain.count is None:
        return chance.uniform(domain.low, domain.high)
    return chance.choice(domain.points())
