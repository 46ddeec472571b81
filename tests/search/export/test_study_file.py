"""A configuration written as a study file reads back as itself."""

import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.export.study_file import one_trial_name, study_file
from search.spec import load
from search.spec.schema import StudyFile

PRINTABLE = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1).filter(
    str.isprintable
)
"""What a study file may hold; `search.spec` refuses the rest."""


@pytest.fixture(scope="session")
def series(studies):
    return studies("forecasting")


def written(study, *, variant="ffn", params=None, **changes):
    """Write the study file of a point of a study, whose spec is changed before."""
    return study_file(
        replace(study.spec, **changes),
        name="one-1",
        params=params or {"variant": variant, "heads": 2, "weight_decay": 0.1},
        variant=variant,
        encoding=study.data.encoding,
    )


@given(names=st.lists(PRINTABLE, min_size=1, unique=True))
def test_any_path_or_column_reads_back_as_it_was(series, names):
    spec = series.spec
    data = replace(spec.data, train=tuple(names), test=tuple(names))
    task = replace(spec.task, inputs=tuple(names))
    tree = tomllib.loads(written(series, data=data, task=task))
    assert tree["data"]["train"] == tree["data"]["test"] == names
    assert tree["task"]["inputs"] == names


@given(
    rate=st.floats(0, 1, exclude_min=True),
    decay=st.floats(0, 10),
    share=st.floats(0, 1, exclude_min=True, exclude_max=True),
)
def test_any_number_reads_back_to_the_last_bit(series, rate, decay, share):
    fixed = {**series.spec.space.fixed, "learning_rate": rate}
    params = {"variant": "lstm", "weight_decay": decay}
    tree = tomllib.loads(
        written(
            series,
            variant="lstm",
            params=params,
            space=replace(series.spec.space, fixed=fixed),
            data=replace(series.spec.data, validation=share),
        )
    )
    assert tree["space"]["learning_rate"] == rate
    assert tree["space"]["weight_decay"] == decay
    assert tree["data"]["validation"] == share
    StudyFile.model_validate(tree)


@pytest.mark.parametrize("variant", ["attention", "ffn", "lstm"])
def test_it_names_no_setting_that_its_variant_lacks(series, variant, tmp_path):
    text = written(series, variant=variant)
    path = tmp_path / "study.toml"
    path.write_text(text, encoding="utf-8")
    load(path)
    space = tomllib.loads(text)["space"]
    assert ("heads" in space, "ffn_width" in space) == (variant != "lstm", variant == "ffn")


def test_a_word_tokenizer_is_named_with_its_vocabulary(studies):
    study = studies("language-modeling")
    by_words = replace(study.spec.data, tokenizer="word", vocabulary=77)
    tree = tomllib.loads(written(study, data=by_words))
    assert (tree["data"]["tokenizer"], tree["data"]["vocabulary"]) == ("word", 77)


def test_a_long_name_is_cut_to_what_a_study_may_be_called():
    assert one_trial_name("weather", 17) == "weather-17"
    assert one_trial_name("x" * 100, 17) == "x" * 97 + "-17"
