import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from lstm_attn.config import METRICS, ONE_HOT, TASK_KINDS, TOKENS_ONLY, VARIANTS, TaskConfig
from lstm_attn.encoding import Encoding, TextEncoding
from lstm_attn.reports import EpochReport, Wish
from lstm_attn.sequences import SequenceData, Split
from lstm_attn.training import fit, fresh_model
from search.errors import SpecError
from search.space import DIMENSIONS, Choice, Facts, FloatRange, IntRange, Space

FIXED = {
    "variant": "ffn",
    "heads": 4,
    "layers": 1,
    "hidden_size": 64,
    "dropout": 0.1,
    "ffn_width": 128,
    "embedding_dim": 16,
    "learning_rate": 1e-3,
    "weight_decay": 1e-2,
    "batch_size": 32,
    "clip": 1.0,
    "noise": 0.0,
    "context": 28,
    "epochs": 40,
    "validation_rows": 1000,
}
USUAL = {**{name: FIXED[name] for name in DIMENSIONS if name in FIXED}, "patience": 40}
TWO = {
    "variant": ("embed_ffn", "embed"),
    "heads": (2, 4),
    "layers": (1, 2),
    "hidden_size": (32, 64),
    "dropout": (0.0, 0.3),
    "ffn_width": (64, 128),
    "embedding_dim": (8, 16),
    "learning_rate": (1e-3, 1e-2),
    "weight_decay": (0.0, 1e-2),
    "batch_size": (16, 32),
    "clip": (0.05, 1.0),
    "noise": (0.0, 0.5),
    "context": (14, 28),
    "patience": (3, 5),
}


def space_of(domains, *, kind="language-modeling", tokens=True, fixed=FIXED):
    return Space(
        facts=Facts(
            kind=kind,
            tokens=tokens,
            input_size=20,
            output_size=20,
            objective=next(iter(METRICS[kind])),
        ),
        fixed={name: value for name, value in fixed.items() if name not in domains},
        domains={name: domains[name] for name in DIMENSIONS if name in domains},
        usual=USUAL,
    )


numbers = {
    "heads": st.sampled_from([Choice(values=(1, 2, 4)), Choice(values=(8, 2))]),
    "layers": st.sampled_from([IntRange(low=1, high=3), Choice(values=(2, 1))]),
    "hidden_size": st.sampled_from(
        [
            IntRange(low=8, high=24, step=8),
            Choice(values=(32, 16)),
            IntRange(low=64, high=72, step=8),
        ]
    ),
    "dropout": st.sampled_from(
        [FloatRange(low=0.0, high=0.5, step=0.1), Choice(values=(0.1, 0.2, 0.9))]
    ),
    "ffn_width": st.sampled_from([IntRange(low=3, high=6, log=True), Choice(values=(512, 64))]),
    "embedding_dim": st.just(Choice(values=(8, 16))),
    "learning_rate": st.sampled_from(
        [Choice(values=(1e-3, 3e-3)), FloatRange(low=1e-3, high=3e-3, step=5e-4)]
    ),
    "patience": st.just(IntRange(low=2, high=3)),
}


@st.composite
def finite_spaces(draw):
    kind = draw(st.sampled_from(TASK_KINDS))
    tokens = {"language-modeling": True, "forecasting": False}.get(kind, draw(st.booleans()))
    fit = [variant for variant in VARIANTS if tokens or variant not in TOKENS_ONLY]
    variants = draw(st.lists(st.sampled_from(fit), min_size=1, unique=True))
    names = draw(st.lists(st.sampled_from(sorted(numbers)), max_size=4, unique=True))
    domains = {name: draw(numbers[name]) for name in names}
    if len(variants) > 1:
        domains["variant"] = Choice(values=tuple(variants))
    space = space_of(domains, kind=kind, tokens=tokens, fixed={**FIXED, "variant": variants[0]})
    alive = {name for variant in variants for name in space.active(variant)}
    return replace(
        space, domains={name: domain for name, domain in space.domains.items() if name in alive}
    )


def is_point(space, params):
    variant = params.get("variant", space.fixed.get("variant"))
    return tuple(params) == space.active(variant) and all(
        params[name] in space.domains[name] for name in params
    )


@given(finite_spaces())
def test_every_point_of_the_grid_is_another_configuration_and_none_is_forgotten(space):
    grid = space.grid()
    assert all(is_point(space, params) for params in grid)
    configurations = {space.configure(params) for params in grid}
    assert len(configurations) == len(grid) == space.point_count()


@given(finite_spaces())
def test_the_defaults_are_points_of_the_space_one_a_variant(space):
    defaults = space.defaults()
    assert all(is_point(space, params) for params in defaults)
    tried = [space.configure(params)[0].variant for params in defaults]
    assert sorted(tried) == sorted(space.variants)
    assert tried[0] == "ffn" or "ffn" not in tried
    assert all(params in space.grid() for params in defaults)


@given(finite_spaces())
def test_the_corners_hold_the_ends_of_every_dimension(space):
    corners = list(space.corners())
    assert all(is_point(space, params) for params in corners)
    for variant in space.variants:
        own = [params for params in corners if space.configure(params)[0].variant == variant]
        assert len(own) <= len(space.domains) + 2
        for name in set(space.active(variant)) - {"variant"}:
            values = [params[name] for params in own]
            assert min(values) == min(space.domains[name].points())
            assert max(values) == max(space.domains[name].points())
            assert own[0][name] == min(values)
            assert own[-1][name] == max(values)


@given(finite_spaces())
def test_a_space_comes_back_from_json_as_it_was(space):
    assert Space.from_json(json.loads(json.dumps(space.to_json()))) == space


@pytest.mark.parametrize("name", DIMENSIONS)
def test_no_dimension_is_dead(name):
    # So small a rate changes no weight: each epoch is as good as the first, and patience runs out.
    still = {"learning_rate": 1e-30, "epochs": 8} if name == "patience" else {"epochs": 2}
    floats = name == "noise"
    fixed = {**FIXED, "variant": "ffn" if floats else "embed_ffn", "epoch_steps": 2, **still}
    kind = "classification" if floats else "language-modeling"
    space = space_of({name: Choice(values=TWO[name])}, fixed=fixed, kind=kind, tokens=not floats)
    data = sequences(rows=40) if floats else encoded_text(tokens=600)
    low, high = (trained(*space.configure({name: value}), data) for value in TWO[name])
    assert low != high


def sequences(rows):
    """Draw rows of three steps of twenty numbers, of twenty classes."""
    chance = np.random.default_rng(0)
    split = Split(
        inputs=chance.normal(size=(3 * rows, 20)).astype(np.float32),
        offsets=np.arange(0, 3 * rows + 1, 3),
        labels=chance.integers(20, size=rows),
    )
    return SequenceData(
        task=TaskConfig(kind="classification", inputs=("steps",), targets=("label",)),
        encoding=Encoding(labels=tuple(str(number) for number in range(20))),
        train=split,
        validation=split,
        test=None,
        fingerprint="",
        summary={},
    )


def encoded_text(tokens):
    """Draw a text of twenty kinds of tokens."""
    words = Tokenizer(WordLevel({str(n): n for n in range(20)}, unk_token="1")).to_str()
    split = Split(
        inputs=np.random.default_rng(0).integers(2, 20, tokens, dtype=np.int32),
        offsets=np.array([0, tokens]),
        labels=np.zeros(0, np.int64),
        targets=np.zeros((0, 0)),
        origins=np.zeros(0, np.int64),
        character_ends=np.arange(1, tokens + 1),
    )
    text = TextEncoding(kind="word", json=words, padding=0, unknown=1)
    return SequenceData(
        task=TaskConfig(kind="language-modeling", inputs=("text",)),
        encoding=Encoding(tokenizer=text),
        train=split,
        validation=split,
        test=None,
        training_end=0,
        naive_error=np.zeros(0),
        longest=0,
        fingerprint="",
        summary={},
    )


def trained(model, training, data):
    """Give the loss of each epoch of training and the size of the model."""
    fresh = fresh_model(model, 1)
    events = list(fit(fresh, data, training, seed=1, wish=Wish()))
    losses = [event.training_loss for event in events if isinstance(event, EpochReport)]
    return losses, sum(weight.numel() for weight in fresh.parameters())


@pytest.mark.parametrize(
    ("variant", "kind", "tokens", "missing"),
    [
        ("attention", "classification", False, {"ffn_width", "embedding_dim"}),
        ("ffn", "forecasting", False, {"embedding_dim"}),
        ("ffn", "language-modeling", True, {"embedding_dim", "noise"}),
        ("embed", "language-modeling", True, {"ffn_width", "noise"}),
        ("embed_ffn", "language-modeling", True, {"noise"}),
        ("lstm", "language-modeling", True, {"heads", "ffn_width", "noise"}),
        ("lstm", "forecasting", False, {"heads", "ffn_width", "embedding_dim"}),
    ],
)
def test_a_variant_has_the_dimensions_it_can_feel(variant, kind, tokens, missing):
    domains = {name: Choice(values=values) for name, values in TWO.items() if name != "variant"}
    domains["variant"] = Choice(values=(variant, "lstm" if variant != "lstm" else "ffn"))
    space = space_of(domains, kind=kind, tokens=tokens)
    assert space.active(variant) == tuple(name for name in DIMENSIONS if name not in missing)
    model, _ = space.configure(next(params for params in space.corners()))
    assert model.causal == (kind != "classification")


def test_a_default_outside_its_domain_is_moved_to_the_nearest_point():
    space = space_of(
        {
            "hidden_size": IntRange(low=8, high=40, step=16),
            "dropout": FloatRange(low=0.2, high=0.5),
            "learning_rate": FloatRange(low=1e-5, high=1e-4, log=True),
            "heads": Choice(values=(8, 2)),
            "batch_size": Choice(values=(8, 36, 64)),
            "patience": IntRange(low=2, high=9),
        }
    )
    assert space.defaults() == (
        {
            "heads": 2,
            "hidden_size": 40,
            "dropout": 0.2,
            "learning_rate": 1e-4,
            "batch_size": 36,
            "patience": 9,
        },
    )
    assert space.default("context") == 28
    assert space.largest("hidden_size") == 40
    assert space.largest("context") == 28


def test_a_continuous_space_has_no_count_and_no_grid():
    space = space_of({"dropout": FloatRange(low=0.0, high=0.5), "layers": IntRange(low=1, high=2)})
    assert space.point_count() is None
    with pytest.raises(SpecError, match=r"space: dropout cannot be listed - use lists or steps"):
        space.grid()


def test_a_space_in_which_nothing_varies_has_one_point():
    space = space_of({})
    assert (space.point_count(), space.grid(), space.defaults()) == (1, ({},), ({},))
    assert list(space.corners()) == [{}]
    assert space.configure({})[0].variant == "ffn"


def test_what_is_inactive_is_passed_over():
    space = space_of(
        {"variant": Choice(values=("lstm", "attention")), "heads": Choice(values=(1, 2))}
    )
    assert space.configure({"variant": "lstm", "heads": 2}) == space.configure({"variant": "lstm"})


def test_one_hot_variants_build_on_tokens_and_floats():
    for tokens in (True, False):
        for variant in ONE_HOT:
            space = space_of(
                {}, kind="classification", tokens=tokens, fixed={**FIXED, "variant": variant}
            )
            assert space.configure({})[0].embedding_dim is None
