import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_attn.config import TASK_KINDS
from search.export.study_file import study_file
from search.spec import load, resolve


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
