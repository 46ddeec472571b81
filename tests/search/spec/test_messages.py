"""Every wrong thing in a file, and its line: the key, what was got, what would do."""

import pytest

from search import spec

WHOLE = "a whole number from 1 up to"
CASES = {
    "name": [
        ({"name": "a b"}, "name: got 'a b' - use letters, digits, dots, dashes and underscores"),
        ({"name": "-a"}, "name: got '-a' - use letters"),
        ({"name": "a" * 101}, "name: got 'aaaa"),
        ({"name": "a\n"}, r"name: got 'a\n' - use"),
        ({"name": 3}, "name: got 3 - use letters"),
    ],
    "keys": [
        ({"search": {"trails": 3}}, "search.trails: no such key - did you mean trials?"),
        ({"trials": 3}, "trials: no such key here - it belongs in [search]"),
        ({"training": {"learning_rate": 1}}, "learning_rate: no such key here - it belongs in [sp"),
        ({"space": {"epochs": [1, 2]}}, "space.epochs: no such key - epochs does not vary, set it"),
        ({"zzz": 1}, "zzz: no such key - use name, data, task, space, training, search or resou"),
        ({"data": {"a\nb": 1}}, r"data.'a\nb': no such key - use format, train"),
        ({"space": 3}, "space: got 3 - use a table, [space]"),
        ({"space": [{}]}, "space: got [{}] - use a table, [space]"),
    ],
    "data": [
        (
            {"data": {"format": "xls"}},
            "data.format: got 'xls' - use csv, json, parquet, text or ar",
        ),
        ({"data": {"train": []}}, "data.train: got [] - use a path, a glob, or a list of them"),
        ({"data": {"train": ["a", 3]}}, "data.train[1]: got 3 - use a path"),
        ({"data": {"train": ["a", "a"]}}, "data.train: 'a' is listed twice - list it once"),
        ({"data": {"train": "a\0b"}}, r"data.train[0]: got 'a\x00b' - use a path"),
        ({"data": {"validation": 1.5}}, "data.validation: got 1.5 - use a share such as 0.2"),
        ({"data": {"validation": True}}, "data.validation: got true - use a share"),
        ({"data": {"test": 0}}, "data.test: got 0 - use a share"),
        ({"data": {"test": "2015-02-30"}}, "data.test: got '2015-02-30', which is no date - use"),
        ({"data": {"test": "2015/02/30"}}, "data.test: got '2015/02/30', which is no date - use"),
        (
            {"data": {"test": "2015"}},
            "data.test: got '2015', which names no file - for a date use '2015-01-01'",
        ),
        (
            {"data": {"test": ["a.csv", "2020-06"]}},
            "data.test: got '2020-06', which names no file - for a date use '2020-06-01'",
        ),
        ({"data": {"test": "2015-01-01"}}, "data.test: got the date 2015-01-01 - use a share"),
        ({"data": {"validation": 0.5, "test": 0.5}}, "data.test: 0.5 and validation 0.5 leave no"),
        ({"data": {"test": 0.8}}, "data.test: 0.8 and validation 0.2 leave no rows to train on"),
        ({"data": {"seed": -1}}, "data.seed: got -1 - use a whole number from 0 up to 2**63 - 1"),
        ({"data": {"tokenizer": "chars"}}, "data.tokenizer: got 'chars' - use character, word"),
        (
            {"data": {"tokenizer": "character", "vocabulary": 9}},
            "data.vocabulary: only word tokenizers have one - leave it out, or tokenize by 'word'",
        ),
    ],
    "task": [
        (
            {"task": {"kind": "tagging"}},
            "task.kind: got 'tagging' - use language-modeling, classification or forecasting",
        ),
        ({"task": {"inputs": ["a", "b"]}}, "task.inputs: got ['a', 'b'] - use one column"),
        ({"task": {"target": "sequence"}}, "task.target: 'sequence' is the input too - use"),
        ({"task": {"horizon": 7}}, "task.horizon: classification has none - leave it out"),
        ({"task": {"targets": "a"}}, "task.targets: classification has none - use task.target"),
        ({"task": {"time": ""}}, "task.time: got '' - use the name of the column of time stamps"),
    ],
    "ranges": [
        (
            {"space": {"layers": {"low": 3, "high": 1}}},
            "space.layers: low 3 is above high 1 - swap",
        ),
        ({"space": {"layers": {"high": 1}}}, f"space.layers.low: missing - use {WHOLE} 16"),
        (
            {"space": {"layers": {"lo": 1, "low": 1, "high": 2}}},
            "space.layers.lo: no such key - did you me",
        ),
        (
            {"space": {"layers": {"low": 1, "high": 2, "log": 1}}},
            "space.layers.log: got 1 - use tr",
        ),
        ({"space": {"layers": {"low": 1, "high": 99}}}, f"space.layers.high: got 99 - use {WHOLE}"),
        (
            {"space": {"weight_decay": {"low": 0, "high": 1, "log": True}}},
            "space.weight_decay.low: got 0.0 - with log use a low above 0, such as 1e-6",
        ),
        (
            {"space": {"ffn_width": {"low": 8, "high": 16, "log": True, "step": 8}}},
            "space.ffn_width: log and step together - leave one of them out",
        ),
        (
            {"space": {"hidden_size": {"low": 32, "high": 100, "step": 32}}},
            "high 100 is not low 32 plus a multiple of step 32 - use high = 96 or 128",
        ),
        (
            {"space": {"dropout": {"low": 0, "high": 0.9, "step": 0.4}}},
            "space.dropout: high 0.9 is not low 0.0 plus a multiple of step 0.4 - use high = 0.8",
        ),
        ({"space": {"dropout": {"low": 0, "high": 1}}}, "space.dropout.high: got 1 - use a number"),
        (
            {"space": {"dropout": {"low": 0, "high": 0.5, "step": 0}}},
            "space.dropout.step: got 0 - use a number above 0",
        ),
        (
            {"space": {"layers": {"low": 1, "high": 2, "step": 1.0}}},
            "space.layers.step: got 1.0 - use a whole number, 1 or more",
        ),
        (
            {"space": {"dropout": {"low": 0, "high": 0.5, "step": 0.6}}},
            "space.dropout.step: got 0.6, and high - low is less - use a smaller step",
        ),
        (
            {"space": {"dropout": {"low": 0, "high": 0.5, "step": 1e-300}}},
            "space.dropout.step: got 1e-300, which makes over a million values",
        ),
        ({"space": {"variant": {"low": 1, "high": 2}}}, "space.variant: got a table - use a name"),
    ],
    "values": [
        ({"space": {"heads": []}}, "space.heads: got an empty list - list values, or leave heads"),
        ({"space": {"heads": [4, 4]}}, "space.heads: 4 is listed twice - list it once"),
        ({"space": {"dropout": [0, 0.0]}}, "space.dropout: 0.0 is listed twice - list it once"),
        ({"space": {"heads": [1, True]}}, f"space.heads: got true - use {WHOLE} 128"),
        ({"space": {"heads": 2.0}}, f"space.heads: got 2.0 - use {WHOLE} 128"),
        ({"space": {"heads": "4"}}, f"space.heads: got '4' - use {WHOLE} 128"),
        ({"space": {"dropout": 1}}, "space.dropout: got 1 - use a number from 0 and below 1"),
        ({"space": {"dropout": float("nan")}}, "space.dropout: got nan - use a number"),
        (
            {"space": {"learning_rate": 0}},
            "space.learning_rate: got 0 - use a number above 0 up to",
        ),
        ({"space": {"learning_rate": float("inf")}}, "space.learning_rate: got inf - use"),
        ({"space": {"weight_decay": 1 << 2000}}, "space.weight_decay: got a number of 2001 bits"),
        (
            {"space": {"variant": ["gru"]}},
            "space.variant: got 'gru' - use attention, embed, ffn, embed_ffn or lstm",
        ),
        (
            {"training": {"epochs": 0}},
            "training.epochs: got 0 - use a whole number from 1 up to 100",
        ),
        ({"training": {"clip": True}}, "training.clip: got true - use a number above 0 up to"),
        (
            {"training": {"batch_size": [8, 16]}},
            "training.batch_size: what varies stands in [space] - move batch_size there",
        ),
        (
            {"training": {"context": 8}, "space": {"context": [8, 16]}},
            "space.context: stands in [training] too - keep one of the two",
        ),
    ],
    "dead": [
        (
            {"space": {"heads": [1, 2], "variant": ["lstm"]}},
            "space.heads: lstm has no attention - leave it out, or add variant attention, embed,",
        ),
        (
            {"space": {"ffn_width": 64, "variant": ["lstm", "embed"]}},
            "space.ffn_width: lstm and embed have no feed-forward - leave it out, or add variant",
        ),
        (
            {"training": {"embedding_dim": 64}, "space": {"variant": "ffn"}},
            "embedding_dim: ffn has no embedding - leave it out, or add variant embed,",
        ),
    ],
    "search": [
        ({"search": {"trials": 0}}, f"search.trials: got 0 - use {WHOLE} 1,000,000"),
        ({"search": {"keep": 0}}, f"search.keep: got 0 - use {WHOLE} 1,000"),
        ({"search": {"seed": 2**63}}, "search.seed: got 9223372036854775808 - use a whole number"),
        ({"search": {"timeout": "30"}}, "search.timeout: got '30' - use a time such as 30m"),
        ({"search": {"timeout": True}}, "search.timeout: got true - use a time above 0"),
        (
            {"search": {"checkpoint_every": 0}},
            "search.checkpoint_every: got 0 - use a time above 0",
        ),
        ({"search": {"sampler": "cma"}}, "search.sampler: got 'cma' - use tpe, random or grid"),
        ({"search": {"pruner": "asha"}}, "search.pruner: got 'asha' - use halving, median or none"),
        (
            {"search": {"objective": "mae"}},
            "search.objective: got 'mae' - use accuracy, balanced_accuracy, macro_f1 or cross_ent",
        ),
        ({"resources": {"gpus_per_trial": 9e-5}}, "resources.gpus_per_trial: got 9e-05 - use a sh"),
        ({"resources": {"gpus_per_trial": 0}}, "resources.gpus_per_trial: got 0 - use a share of"),
        ({"resources": {"gpus_per_trial": 1.5}}, "resources.gpus_per_trial: got 1.5 - use a share"),
        ({"resources": {"gpus_per_trial": True}}, "resources.gpus_per_trial: got true - use a sha"),
        ({"resources": {"trial_timeout": "1d"}}, "resources.trial_timeout: got '1d' - use a time"),
        ({"resources": {"trial_memory": "4"}}, "resources.trial_memory: got '4' - use a size such"),
        (
            {"resources": {"trial_memory": "4MB"}},
            "resources.trial_memory: got '4MB' - use a size from 500MB up to 10TB",
        ),
        ({"resources": {"trial_memory": 4.5}}, "resources.trial_memory: got 4.5 - use a size from"),
        ({"resources": {"trial_memory": True}}, "resources.trial_memory: got true - use a size"),
        ({"resources": {"slots": 0}}, f"resources.slots: got 0 - use {WHOLE} 10,000"),
        (
            {"resources": {"cpus_per_trial": 0.5}},
            f"resources.cpus_per_trial: got 0.5 - use {WHOLE}",
        ),
    ],
}
FORECASTING = [
    (
        {"task": {"calendar": ["day_of_yaer"]}},
        "task.calendar: no 'day_of_yaer' - did you mean day_of_year?",
    ),
    ({"task": {"calendar": ["qqq"]}}, "task.calendar: no 'qqq' - use hour_of_day, day_of_week"),
    ({"task": {"time": "wind"}}, "task.time: 'wind' is an input or a target too - use calendar"),
    ({"task": {"target": "rain"}}, "task.target: forecasting has none - use task.targets"),
    ({"task": {"horizon": 0}}, "task.horizon: got 0 - use a whole number of rows from 1"),
    ({"data": {"vocabulary": 9}}, "data.vocabulary: forecasting reads no text - leave it out"),
    (
        {"data": {"validation": "2015-01-01", "test": "2014-01-01"}},
        "data.test: 2014-01-01 does not come after validation, 2015-01-01 - test comes last",
    ),
    (
        {"data": {"validation": "2015-01-01", "test": "2015-01-01"}},
        "data.test: 2015-01-01 does not come after validation, 2015-01-01 - test comes last",
    ),
    (
        {"data": {"validation": "2015-01-01 18:00", "test": "2015-01-01T06:00+01:00"}},
        "data.test: 2015-01-01T06:00+01:00 does not come after validation, 2015-01-01 18:00 - test",
    ),
]


@pytest.mark.parametrize(
    ("sections", "line"), [case for cases in CASES.values() for case in cases], ids=lambda _: ""
)
def test_a_slip_has_its_line_and_no_other(tree, write, problems, sections, line):
    [found] = problems(write(tree(**sections)))
    assert line in found


@pytest.mark.parametrize(("sections", "line"), FORECASTING, ids=lambda _: "")
def test_a_slip_of_a_forecast_has_its_line_and_no_other(tree, write, problems, sections, line):
    [found] = problems(write(tree("forecasting", **sections)))
    assert line in found


def test_borders_may_be_hours_of_one_day(tree, write):
    borders = {"validation": "2015-01-01 06:00", "test": "2015-01-01 18:00"}
    found = spec.load(write(tree("forecasting", data=borders))).data
    assert (found.validation, found.test) == ("2015-01-01 06:00", "2015-01-01 18:00")


def test_dates_and_calendar_need_a_column_of_time_stamps(tree, write, problems):
    content = tree("forecasting", data={"validation": "2015-01-01"}, task={"calendar": "month"})
    del content["task"]["time"]
    assert problems(write(content)) == [
        "task.calendar: without time stamps - name their column as task.time",
        "data.validation: got the date 2015-01-01 - name the column of time stamps as task.time",
    ]


def test_all_problems_come_at_once(write, problems):
    content = {
        "data": {"format": "csv", "train": 3, "colour": "red"},
        "task": {"kind": "classification", "inputs": "x"},
        "space": {"heads": [3], "hidden_size": [64], "dropout": {"low": 0.5, "high": 0.1}},
        "search": {"trials": 0, "objective": "speed"},
    }
    assert [line.partition(":")[0] for line in problems(write(content))] == [
        "data.train",
        "data.colour",
        "search.trials",
        "name",
        "task.target",
        "search.objective",
        "space.dropout",
        "space.heads",
    ]


def test_what_is_missing_is_named_with_what_would_do(write, problems):
    name, *others = problems(write({"space": {}}))
    assert name.startswith("name: missing - use letters, digits, dots, dashes and underscores")
    assert others == [
        "data.format: missing - use csv, json, parquet, text or arrow",
        "data.train: missing - use a path, a glob, or a list of them",
        "task.kind: missing - use language-modeling, classification or forecasting",
        "task.inputs: missing - use the name of a column, or a list of names",
    ]
