import subprocess
import sys
from dataclasses import asdict

import pytest

from lstm_attn.config import TASK_KINDS
from lstm_attn.tasks import task_for
from search.errors import SpecError
from search.space import Choice, FloatRange, IntRange

COMMON = {"heads": 4, "layers": 1, "weight_decay": 1e-2}


@pytest.fixture(scope="session")
def refused(resolved):
    """Give the lines with which a file is refused once its data are known."""

    def lines(*args, **kwargs):
        with pytest.raises(SpecError) as caught:
            resolved(*args, **kwargs)
        return [line.strip() for line in caught.value.problems[1:]]

    return lines


@pytest.mark.parametrize(
    ("kind", "shape", "defaults", "fixed"),
    [
        (
            "language-modeling",
            {"by": "character"},
            {"variant": "embed_ffn", "hidden_size": 128, "ffn_width": 256, "dropout": 0.1,
             "learning_rate": 2e-3},
            {"embedding_dim": 64, "batch_size": 64, "context": 128, "epochs": 20},
        ),
        (
            "language-modeling",
            {"by": "word"},
            {"variant": "embed_ffn", "hidden_size": 128, "ffn_width": 256, "dropout": 0.4,
             "learning_rate": 2e-3},
            {"embedding_dim": 128, "batch_size": 64, "context": 128, "epochs": 20},
        ),
        (
            "classification",
            {"tokens": True},
            {"variant": "embed_ffn", "hidden_size": 64, "ffn_width": 128, "dropout": 0.2,
             "learning_rate": 2e-3},
            {"embedding_dim": 128, "batch_size": 32, "context": 20, "epochs": 50},
        ),
        (
            "classification",
            {"tokens": False},
            {"variant": "ffn", "hidden_size": 64, "ffn_width": 128, "dropout": 0.2,
             "learning_rate": 2e-3, "noise": 0.3},
            {"batch_size": 32, "context": 20, "epochs": 50},
        ),
        (
            "forecasting",
            {"horizon": 7, "season": 12},
            {"variant": "ffn", "hidden_size": 64, "ffn_width": 128, "dropout": 0.1,
             "learning_rate": 1e-3, "noise": 0.3},
            {"batch_size": 64, "context": 21, "epochs": 40},
        ),
        (
            "forecasting",
            {"horizon": 2, "season": 12},
            {"variant": "ffn", "hidden_size": 64, "ffn_width": 128, "dropout": 0.1,
             "learning_rate": 1e-3, "noise": 0.3},
            {"batch_size": 64, "context": 12, "epochs": 40},
        ),
    ],
)  # fmt: skip
def test_the_defaults_are_those_of_the_table(resolved, encoded, kind, shape, defaults, fixed):
    study = resolved(kind, rows=encoded(kind, **shape))
    assert study.space.defaults()[0] == {**COMMON, **defaults}
    assert study.space.fixed == {**fixed, "clip": 1.0, "validation_rows": 20_000}
    assert (study.trials, study.epochs) == (40, fixed["epochs"])
    assert (study.largest_context, study.validation_rows) == (fixed["context"], 20_000)


@pytest.mark.parametrize(("gpus", "hidden", "layers"), [(False, 256, 2), (True, 512, 3)])
def test_the_default_ranges_are_wider_on_gpus(resolved, gpus, hidden, layers):
    domains = resolved("forecasting", gpus=gpus).space.domains
    assert domains == {
        "variant": Choice(values=("attention", "ffn", "lstm")),
        "heads": Choice(values=(1, 2, 4, 8)),
        "layers": IntRange(low=1, high=layers),
        "hidden_size": IntRange(low=32, high=hidden, step=32),
        "dropout": FloatRange(low=0.0, high=0.6),
        "ffn_width": IntRange(low=64, high=512, log=True),
        "learning_rate": FloatRange(low=3e-4, high=1e-2, log=True),
        "weight_decay": FloatRange(low=1e-6, high=1e-1, log=True),
        "noise": FloatRange(low=0.0, high=1.0),
    }


@pytest.mark.parametrize(
    ("shape", "variants"),
    [
        ({"tokens": False}, ("attention", "ffn", "lstm")),
        ({"tokens": True, "size": 1024}, ("attention", "embed", "ffn", "embed_ffn", "lstm")),
        ({"tokens": True, "size": 1025}, ("embed", "embed_ffn", "lstm")),
    ],
)
def test_all_variants_that_fit_are_searched(resolved, encoded, shape, variants):
    assert resolved(rows=encoded("classification", **shape)).space.variants == variants


def test_a_variant_that_does_not_fit_is_refused(refused, encoded):
    space = {"variant": ["embed", "ffn", "embed_ffn"]}
    assert refused(space=space) == [
        "space.variant: embed takes tokens, and the inputs are floats - use attention, ffn or lstm",
        (
            "space.variant: embed_ffn takes tokens, and the inputs are floats - "
            "use attention, ffn or lstm"
        ),
    ]
    wide = encoded("classification", tokens=True, size=2000)
    assert refused(space=space, rows=wide) == [
        (
            "space.variant: ffn takes tokens as one-hot, up to 1,024, and there are 2,000 - "
            "use embed, embed_ffn or lstm"
        )
    ]


def test_what_means_nothing_to_floats_is_refused(refused):
    assert refused(data={"tokenizer": "word", "vocabulary": 99}, training={"embedding_dim": 8}) == [
        "training.embedding_dim: the inputs are floats, which have no embedding - leave it out",
        "data.tokenizer: the inputs are floats - leave it out",
        "data.vocabulary: the inputs are floats - leave it out",
    ]


@pytest.mark.parametrize(
    ("space", "hidden", "heads"),
    [
        ({"heads": [1, 3]}, IntRange(low=33, high=231, step=33), Choice(values=(1, 3))),
        ({"heads": 16}, IntRange(low=32, high=256, step=32), 16),
        ({"heads": 128}, IntRange(low=128, high=256, step=128), 128),
        ({"heads": [7, 8, 9]}, 504, Choice(values=(7, 8, 9))),
        ({"heads": [64, 127]}, 8128, Choice(values=(64, 127))),
        (
            {"hidden_size": {"low": 32, "high": 100}},
            IntRange(low=32, high=100, step=4),
            Choice(values=(1, 2, 4)),
        ),
        ({"hidden_size": [48, 100]}, Choice(values=(48, 100)), Choice(values=(1, 2, 4))),
        ({"hidden_size": {"low": 8, "high": 12, "step": 1}}, IntRange(low=8, high=12), 1),
        ({"hidden_size": {"low": 8, "high": 64, "log": True}, "heads": 1}, None, 1),
        ({"hidden_size": {"low": 8, "high": 64, "log": True}, "variant": "lstm"}, None, None),
        ({"hidden_size": 33}, 33, 1),
        (
            {"hidden_size": {"low": 36, "high": 72}, "heads": [2, 6]},
            IntRange(low=36, high=72, step=6),
            Choice(values=(2, 6)),
        ),
        (
            {"hidden_size": {"low": 7, "high": 12}, "variant": "lstm"},
            IntRange(low=7, high=12),
            None,
        ),
    ],
)
def test_heads_and_hidden_sizes_go_together(resolved, space, hidden, heads):
    found = resolved(space=space).space
    settings = {**found.fixed, **found.domains}
    assert settings.get("heads") == heads
    assert settings["hidden_size"] == hidden or found.domains["hidden_size"].log


def test_what_training_says_reaches_every_trial(resolved):
    says = {
        "epochs": 3,
        "epoch_steps": 7,
        "validation_rows": 11,
        "batch_size": 5,
        "clip": 0.5,
        "context": 9,
        "patience": 2,
    }
    space = resolved(training=says, search={"objective": "macro_f1"}).space
    for params in space.corners():
        _, training = space.configure(params)
        assert says.items() <= asdict(training).items()
        assert training.objective == "macro_f1"


def test_patience_is_off_by_default_so_the_most_patient_is_nearest(resolved):
    patience = {"patience": {"low": 2, "high": 44}}
    for epochs in (45, 50):
        default, *_ = resolved(space=patience, training={"epochs": epochs}).space.defaults()
        assert default["patience"] == 44


def test_no_window_is_longer_than_the_data(refused, encoded):
    text = encoded("language-modeling", rows=100)
    assert refused("language-modeling", rows=text, training={"context": 128}) == [
        (
            "training.context: 128 steps are too many - the training text has 100 tokens: "
            "use at most 99"
        )
    ]
    assert refused(
        "forecasting",
        space={"context": [8, 99]},
        rows=encoded("forecasting", rows=60, horizon=3),
    ) == [
        (
            "space.context: 99 steps are too many - there are 40 training rows and a horizon of 3: "
            "use at most 37"
        )
    ]


def test_a_grid_needs_lists_or_steps(refused, resolved):
    assert refused(
        search={"sampler": "grid"}, space={"ffn_width": 64, "dropout": 0.1, "noise": 0.0}
    ) == [
        (
            "search.sampler: grid needs lists or steps, and learning_rate and weight_decay are "
            "open ranges - list values, as in space.learning_rate = [0.0003, 0.01], "
            "or use tpe or random"
        )
    ]
    rates = {"learning_rate": [1e-3], "weight_decay": 0.0, "ffn_width": 64, "noise": 0.0}
    assert refused(
        search={"sampler": "grid"},
        space={**rates, "dropout": {"low": 0, "high": 0.5, "step": 1e-5}},
    ) == [
        (
            "search.sampler: the grid has 7,200,144 points, more than 100,000 - "
            "list fewer values, or use tpe or random"
        )
    ]
    study = resolved(search={"sampler": "grid"}, space={**rates, "dropout": [0, 0.1]})
    assert study.space.point_count() == len(study.space.grid()) == 288


def test_tokens_have_no_noise(resolved, refused):
    assert "noise" not in resolved("language-modeling").space.domains
    for section in ("space", "training"):
        assert refused("language-modeling", **{section: {"noise": 0.1}}) == [
            f"{section}.noise: the inputs are tokens - leave it out"
        ]


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_the_space_knows_of_the_task_what_the_task_says(resolved, encoded, kind):
    data = encoded(kind, horizon=3 if kind == "forecasting" else 1)
    space = resolved(kind, rows=data).space
    model, training = space.configure(space.defaults()[0])
    task = task_for(data, training.objective)
    assert (model.output_size, model.causal) == (task.output_size, task.causal)
    assert (model.input_size, model.tokens) == (data.input_size, data.tokens)


def test_files_and_spaces_are_read_without_torch():
    code = "import sys, search.spec; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "optuna", "ray", "datasets", "sqlalchemy"} & set(done.stdout.split())
