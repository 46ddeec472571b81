import os
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lstm_attn.config import TASK_KINDS
from search import spec
from search.errors import SpecError
from search.spec.words import shorten


def test_a_wrong_override_is_a_problem_like_any_other(tree, write, problems):
    path = write(tree())
    assert problems(path, "search.trials", "search..seed=1", "name.x=1", "search.trails=3") == [
        "--set: got 'search.trials' - use key=value, as in search.trials=10",
        "--set: got 'search..seed=1' - use key=value, as in search.trials=10",
        "--set: name.x lies in what is no table - set the whole of it",
        "search.trails: no such key - did you mean trials?",
    ]
    assert problems(path, "search.trials=1\nseed=2") == [
        r"search.trials: got '1\nseed=2' - use a whole number from 1 up to 1,000,000"
    ]


def test_a_file_that_cannot_be_read_says_why(tmp_path, problems):
    (tmp_path / "a.toml").write_text("")
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    (tmp_path / "marked.toml").write_bytes(b'\xef\xbb\xbfname = "a b"')
    os.mkfifo(tmp_path / "pipe.toml")
    for name, line in {
        "none.toml": "no such file - name a study file, as studies/quickstart.toml",
        "a.toml": "an empty study file - write [data], [task] and so on into it",
        "": "a folder - name a file in it: a.toml, latin.toml, marked.toml, pipe.toml",
        "latin.toml": "not UTF-8 text at line 1, byte 9 (0xe9), it looks like ISO-8859-1 - write "
        f"it as UTF-8: iconv -f ISO-8859-1 -t UTF-8 {tmp_path}/latin.toml > "
        f"{tmp_path}/latin-utf8.toml",
        "pipe.toml": "not a regular file - name a study file",
    }.items():
        with pytest.raises(SpecError) as caught:
            spec.load(tmp_path / name)
        assert caught.value.problems == (f"{tmp_path / name}: {line}",)
    assert "name: got 'a b'" in problems(tmp_path / "marked.toml")[0]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("name = 'a'\nx = = 1", "line 2, column 5: invalid value"),
        ("name = 'a'\nname = 'b'", "line 2, column 11: cannot overwrite a value"),
        ("a = [1, 2", "line 1, column 10: unclosed array"),
        (
            "a = " + "[" * 2000,
            "lists or tables nested too deeply - put fewer into one another",
        ),
    ],
)
def test_a_syntax_error_has_its_place(tmp_path, problems, text, line):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    assert problems(path) == [line]


wild = st.recursive(
    st.none().map(lambda _: "") | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
keys = {
    "data": "format train validation test seed tokenizer vocabulary x",
    "task": "kind inputs target targets time calendar horizon season x",
    "space": "variant heads layers hidden_size dropout learning_rate batch_size clip epochs",
    "training": "epochs batch_size clip epoch_steps learning_rate patience",
    "search": "objective trials timeout keep checkpoint_every sampler pruner seed trails",
    "resources": "slots cpus_per_trial gpus_per_trial trial_timeout trial_memory gpu",
}
wild_ranges = st.fixed_dictionaries(
    {},
    optional={name: wild | st.integers(0, 9) for name in ("low", "high", "step", "log", "lo")},
)
wild_sections = st.fixed_dictionaries(
    {},
    optional={
        name: wild
        | st.dictionaries(
            st.sampled_from(names.split()),
            wild
            | wild_ranges
            | st.sampled_from(["lstm", "forecasting", "classification", 1 << 2000]),
            max_size=5,
        )
        for name, names in keys.items()
    },
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(TASK_KINDS), wild_sections)
def test_a_broken_file_gives_problems_of_one_line_and_nothing_else(tree, write, kind, sections):
    path = write(tree(kind, **sections))
    try:
        spec.load(path)
    except SpecError as error:
        for line in error.problems[1:]:
            assert line.isprintable(), line
            assert ": " in line
            assert len(line) < 500


@given(st.binary(max_size=60))
@example(b"a = 0x" + b"f" * 9000)
@example(b"a = " + b"9" * 5000)
@example(b"name = 1979-13-01")
@example(b"[[data]]\n[data.x]")
def test_whatever_bytes_there_are_only_spec_errors_come_of_them(write, content):
    path = write({})
    path.write_bytes(content)
    with pytest.raises(SpecError):
        spec.load(path)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        ("a\nb", r"'a\nb'"),
        ([1, "x", [2.5]], "[1, 'x', [2.5]]"),
        ({"low": 1, "a b": False}, "{ low = 1, 'a b' = false }"),
        ("x" * 99, "'" + "x" * 56 + "..."),
        (1 << 300, "a number of 301 bits"),
        ([[[[[[]]]]]], "[[[[...]]]]"),
        (SimpleNamespace(a=1), "namespace(a=1)"),
    ],
)
def test_a_value_is_shown_on_one_short_line(value, text):
    assert shorten(value) == text
