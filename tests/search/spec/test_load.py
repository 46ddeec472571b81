import json
from pathlib import Path

import pytest

from lstm_attn.reading import find_files
from search import spec
from search.space import Choice, FloatRange, IntRange

STUDIES = sorted(Path("studies").glob("*.toml"))


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_the_shipped_studies_parse_and_find_their_data(path):
    file = spec.load(path)
    assert file.name == path.stem.replace("_", "-")
    held_out = [item for item in (file.data.validation, file.data.test) if isinstance(item, tuple)]
    for found in [*file.data.train, *(one for files in held_out for one in files)]:
        assert Path(found).is_absolute()
        assert Path(found).is_file()


def test_four_studies_are_shipped():
    names = ["japanese_vowels", "quickstart", "seattle_weather", "shakespeare"]
    assert [path.stem for path in STUDIES] == names


def test_a_value_is_fixed_a_list_is_a_choice_a_table_is_a_range(tree, write):
    space = {
        "variant": ["lstm", "ffn"],
        "heads": 2,
        "layers": {"low": 1, "high": 3},
        "hidden_size": {"low": 32, "high": 128, "step": 32},
        "dropout": [0, 0.5],
        "ffn_width": {"low": 64, "high": 64},
        "learning_rate": {"low": 1e-4, "high": 0.1, "log": True},
        "weight_decay": {"low": 0, "high": 0.3, "step": 0.1},
        "batch_size": [16],
    }
    file = spec.load(write(tree(space=space, training={"clip": 2})))
    assert file.settings == {
        "variant": Choice(values=("lstm", "ffn")),
        "heads": 2,
        "layers": IntRange(low=1, high=3),
        "hidden_size": IntRange(low=32, high=128, step=32),
        "dropout": Choice(values=(0.0, 0.5)),
        "ffn_width": 64,
        "learning_rate": FloatRange(low=1e-4, high=0.1, log=True),
        "weight_decay": FloatRange(low=0.0, high=0.3, step=0.1),
        "batch_size": 16,
        "clip": 2.0,
    }


@pytest.mark.parametrize("step", ["2", "0x1" + "0" * 5000], ids=["two", "huge"])
def test_ends_that_are_one_value_need_no_step(tree, write, step):
    path = write(tree())
    text = path.read_text() + f"[space]\nlayers = {{ low = 2, high = 2, step = {step} }}"
    path.write_text(text)
    assert spec.load(path).settings == {"layers": 2}


@pytest.mark.parametrize(("low", "high", "step"), [(0.2, 0.3, 0.1), (0.11, 0.12, 0.01)])
def test_a_range_of_floats_may_have_a_single_step(tree, write, low, high, step):
    dropout = {"low": low, "high": high, "step": step}
    file = spec.load(write(tree(space={"dropout": dropout})))
    assert file.settings["dropout"] == FloatRange(low=low, high=high, step=step)
    assert file.settings["dropout"].points() == (low, high)


def test_what_a_file_says_arrives(tree, write):
    file = spec.load(
        write(
            tree(
                "forecasting",
                data={"validation": "2014-01-01", "test": ["t.csv"], "seed": 3},
                task={"calendar": "month", "horizon": 7, "season": 12},
                search={
                    "objective": "rmse",
                    "trials": 8,
                    "timeout": "1h30m",
                    "keep": 2,
                    "checkpoint_every": 2.5,
                    "sampler": "random",
                    "pruner": "none",
                    "seed": 9,
                },
                resources={
                    "slots": 3,
                    "cpus_per_trial": 2,
                    "gpus_per_trial": 0.25,
                    "trial_timeout": "2h",
                    "trial_memory": "1.5GiB",
                },
            ),
        )
    )
    assert (file.data.train, file.data.validation) == (("/data/weather.csv",), "2014-01-01")
    assert file.data.test == (str(file.path.parent / "t.csv"),)
    assert (file.task.inputs, file.task.targets) == (("wind", "rain"), ("rain",))
    assert (file.task.calendar, file.task.horizon, file.task.season) == (("month",), 7, 12)
    assert (file.objective, file.direction, file.loss) == ("rmse", "minimize", "rmse")
    assert (file.trials, file.timeout, file.keep, file.checkpoint_every) == (8, 5400.0, 2, 2.5)
    assert (file.sampler, file.pruner, file.seed, file.threads) == ("random", "none", 9, 2)
    assert file.resources == spec.Resources(
        slots=3,
        cpus_per_trial=2,
        gpus_per_trial=0.25,
        trial_timeout=7200.0,
        trial_memory=3 * 2**29,
    )
    assert json.loads(json.dumps(file.given)) == file.given


def test_what_a_file_leaves_out_is_usual(tree, write):
    file = spec.load(write(tree()))
    assert (file.data.validation, file.data.test, file.data.seed) == (0.2, None, 0)
    assert (file.objective, file.direction, file.loss) == ("accuracy", "maximize", "cross_entropy")
    assert (file.trials, file.timeout, file.keep, file.checkpoint_every) == (40, None, 5, 30.0)
    assert (file.sampler, file.pruner, file.seed, file.threads) == ("tpe", "halving", 0, 1)
    assert file.resources == spec.Resources()


def test_a_date_without_quotes_is_a_date(tree, write):
    path = write(tree("forecasting"))
    path.write_text(path.read_text() + "\n[search]\n")
    assert spec.load(path, ["data.validation=2014-01-01"]).data.validation == "2014-01-01"


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2015/01/01", "2015-01-01"),
        ("2015-1-9", "2015-01-09"),
        ("2015/01/01 12:30", "2015-01-01 12:30"),
    ],
)
def test_a_date_is_one_however_it_is_written(tree, write, text, date):
    file = spec.load(write(tree("forecasting", data={"test": text})))
    assert file.data.test == file.given["data"]["test"] == date


def test_a_year_that_names_a_file_is_a_file(tree, tmp_path, write):
    path = tmp_path / "mine.toml"
    path.write_bytes(write(tree(data={"test": "2015"})).read_bytes())
    (tmp_path / "2015").touch()
    assert spec.load(path).data.test == (str(tmp_path / "2015"),)


def test_globs_find_files_in_a_folder_whatever_its_name(tree, tmp_path, write):
    folder = tmp_path / "run [1] *"
    folder.mkdir()
    names = ["a.jsonl", "b[1].jsonl", "b.jsonl"]
    for name in names:
        (folder / name).write_text("{}")
    given = ["b[1].jsonl", "?.jsonl", "a.jsonl"]
    (folder / "mine.toml").write_bytes(write(tree(data={"train": given})).read_bytes())
    found = find_files(spec.load(folder / "mine.toml").data.train, key="data.train")
    assert [file.name for file in found] == ["b[1].jsonl", "a.jsonl", "b.jsonl", "a.jsonl"]


def test_a_pattern_longer_than_any_name_is_a_pattern(tree, write):
    path = write(tree(data={"train": "*" * 300}))
    assert spec.load(path).data.train == (str(path.parent / ("*" * 300)),)


def test_overrides_come_before_the_checks(tree, write):
    path = write(tree(search={"trials": 0}))
    file = spec.load(
        path,
        ["search.trials=3", "space.heads = [1, 2]", "data.train=other.jsonl", "name=yours"],
    )
    assert (file.trials, file.name) == (3, "yours")
    assert file.settings["heads"] == Choice(values=(1, 2))
    assert file.data.train == (str(path.parent / "other.jsonl"),)
    assert spec.load(path, ["search.trials=3"], "theirs").name == "theirs"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45s", 45),
        ("30m", 1800),
        ("2h", 7200),
        ("1h30m", 5400),
        ("1h1s", 3601),
        (12, 12),
        (0.5, 0.5),
    ],
)
def test_durations(text, seconds):
    assert spec.duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "h", "30", "1m1h", "-3s", "1.5h", "9 m", "1001h", "0s", 0, -1]
)
def test_no_durations(text):
    with pytest.raises(ValueError, match=r"^got .* - use a time"):
        spec.duration(text)
