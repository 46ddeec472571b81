import io
import subprocess
import sys
from dataclasses import replace

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

from lstm_attn.checkpoint import (
    CONFIG_FILE,
    WEIGHTS_FILE,
    SavedModel,
    best_of_state,
    read_config,
    read_model,
    state_from_bytes,
    state_to_bytes,
    weights_from_bytes,
    weights_to_bytes,
    write_config,
    write_model,
)
from lstm_attn.errors import CheckpointError
from lstm_attn.headers import read_header, report_from_json, report_to_json, seal_state
from lstm_attn.reports import EpochReport, Wish
from lstm_attn.state import BestWeights, TrainingState

WEIGHTS = {
    "fc.weight": torch.tensor([[0.1, -2.0], [3e-45, float("inf")]]),
    "steps": torch.tensor(3),
    "none": torch.zeros(0, 2),
}
REPORT = EpochReport(
    epoch=2, training_loss=0.1, metrics={"accuracy": 1 / 3}, seconds=1.5, rows_per_second=1e5
)
STATE = TrainingState(
    epoch=2,
    step=5,
    weights=WEIGHTS,
    moments={0: {"step": torch.tensor(7.0), "exp_avg": torch.rand(2, 2)}},
    generators={"cpu": torch.get_rng_state()},
    loss_sum=1 / 3,
    seconds=0.25,
    best_weights=BestWeights(best=REPORT, weights=WEIGHTS),
    former_best=None,
)
finite = st.floats(allow_nan=False, allow_infinity=False)


def best_to_bytes(best):
    return weights_to_bytes(best.weights, {"best": report_to_json(best.best)})


@pytest.fixture
def state(tiny_of):
    """Give a state of a real run, taken after its first epoch."""
    wish = Wish()
    run = tiny_of("classification").fit(wish=wish)
    next(run)
    wish.state()
    return next(run)


def torch_file(value):
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def damaged(content):
    """Draw a content that lost its end, or has another byte somewhere."""
    cut = st.integers(0, len(content) - 1).map(lambda end: content[:end])

    def change(place_and_byte):
        place, byte = place_and_byte
        return content[:place] + bytes([content[place] ^ byte]) + content[place + 1 :]

    places = st.tuples(st.integers(0, len(content) - 1), st.integers(1, 255))
    return cut | places.map(change)


def test_weights_come_back_to_the_last_bit(same):
    header = {"best": "{}", "trial": "7"}
    weights, again = weights_from_bytes(weights_to_bytes(WEIGHTS, header))
    assert again == header
    assert same(dict(sorted(weights.items())), dict(sorted(WEIGHTS.items())))


def test_weights_may_be_views(same):
    whole = torch.arange(6.0).reshape(2, 3)
    views = {"all": whole, "turned": whole.T, "row": whole[1]}
    weights, _ = weights_from_bytes(weights_to_bytes(views, {}))
    assert all(same(weights[name], views[name].contiguous()) for name in views)


def test_the_best_weights_carry_their_report(same):
    weights, header = weights_from_bytes(best_to_bytes(STATE.best_weights))
    assert report_from_json(header["best"]) == REPORT
    assert set(weights) == set(WEIGHTS)


def test_a_state_comes_back_to_the_last_bit(state, same):
    assert same(state_from_bytes(state_to_bytes(state)), state)
    assert same(state_from_bytes(state_to_bytes(STATE)), STATE)


def test_a_state_has_no_object_but_plain_ones(state, tmp_path):
    (tmp_path / "state").write_bytes(state_to_bytes(state))
    plain = torch.load(tmp_path / "state", weights_only=True)
    assert plain["epoch"] == 1
    assert type(plain["best_weights"]) is dict


def test_the_best_is_taken_out_of_a_state(state, same):
    assert same(best_of_state(state_to_bytes(state)), state.best_weights)
    assert best_of_state(state_to_bytes(replace(state, best_weights=None))) is None


def test_a_states_header_says_where_it_was_taken_and_what_was_best(state):
    header = read_header(state_to_bytes(state))
    assert (header["epoch"], header["step"]) == ("1", "0")
    assert report_from_json(header["best"]) == state.best
    assert "best" not in read_header(state_to_bytes(replace(state, best_weights=None)))
    assert read_header(state_to_bytes(state, {"device": "cpu"})) == header | {"device": "cpu"}


def test_the_header_of_weights_is_read_alone():
    header = read_header(best_to_bytes(STATE.best_weights))
    assert report_from_json(header["best"]) == REPORT


def test_headers_are_read_without_torch(tmp_path):
    (tmp_path / "weights").write_bytes(best_to_bytes(STATE.best_weights))
    (tmp_path / "state").write_bytes(state_to_bytes(STATE))
    program = (
        "import pathlib, sys\n"
        "from lstm_attn.headers import read_header\n"
        "for path in sys.argv[1:]:\n"
        "    print(read_header(pathlib.Path(path).read_bytes())['best'])\n"
        "print('torch' in sys.modules)\n"
    )
    paths = [str(tmp_path / name) for name in ("weights", "state")]
    read = subprocess.run(
        [sys.executable, "-c", program, *paths], check=True, capture_output=True, text=True
    )
    assert read.stdout == 2 * f"{report_to_json(REPORT)}\n" + "False\n"


@given(st.integers(1), finite, st.dictionaries(st.text(), finite), finite)
def test_reports_come_back_to_the_last_bit(epoch, loss, metrics, seconds):
    report = EpochReport(
        epoch=epoch, training_loss=loss, metrics=metrics, seconds=seconds, rows_per_second=1.0
    )
    assert report_from_json(report_to_json(report)) == report


def test_a_report_that_is_not_finite_has_no_place_in_a_header():
    with pytest.raises(ValueError, match="not JSON compliant"):
        report_to_json(replace(REPORT, training_loss=float("nan")))


@given(content=damaged(weights_to_bytes(WEIGHTS, {"best": report_to_json(REPORT)})))
def test_damaged_weights_are_refused_or_harmless(same, content):
    try:
        weights, header = weights_from_bytes(content)
    except CheckpointError:
        return
    assert same(dict(sorted(weights.items())), dict(sorted(WEIGHTS.items())))
    assert header == {"best": report_to_json(REPORT)}


@given(damaged(state_to_bytes(STATE)))
def test_a_damaged_state_is_refused(content):
    for read in (state_from_bytes, read_header):
        with pytest.raises(CheckpointError, match=" - give one that this program wrote"):
            read(content)


@given(st.binary() | st.binary().map(lambda end: b"PK\x03\x04" + end))
def test_foreign_bytes_are_refused(content):
    for read in (weights_from_bytes, state_from_bytes, best_of_state, read_header):
        with pytest.raises(CheckpointError, match=" - give one that this program wrote"):
            read(content)


def test_foreign_safetensors_and_torch_files_are_refused():
    with pytest.raises(CheckpointError, match="no header"):
        weights_from_bytes(safetensors.torch.save(WEIGHTS))
    content = torch_file({"weights": WEIGHTS})
    with pytest.raises(CheckpointError, match="checksum"):
        state_from_bytes(content)
    with pytest.raises(CheckpointError, match="best_weights"):
        state_from_bytes(seal_state(content, {}))


def test_nothing_is_unpickled():
    content = torch_file({"best_weights": None, "former_best": None, "weights": print})
    with pytest.raises(CheckpointError, match="more in it than tensors"):
        state_from_bytes(seal_state(content, {}))


@pytest.fixture
def saved(tiny):
    return SavedModel(
        model=tiny.model,
        training=tiny.training,
        task=tiny.data.task,
        encoding=tiny.data.encoding,
        weights={"fc.weight": torch.ones(2, 2)},
    )


def test_a_model_comes_back_from_its_folder(saved, tmp_path, same):
    write_model(tmp_path, saved, about={"trial": 7, "seed": 3})
    assert same(read_model(tmp_path), saved)
    assert (read_config(tmp_path)["trial"], read_config(tmp_path)["seed"]) == (7, 3)


@pytest.mark.parametrize("name", [CONFIG_FILE, WEIGHTS_FILE])
@pytest.mark.parametrize("content", [None, b"", b"[]"])
def test_a_missing_or_damaged_file_of_a_model_is_named(tiny_of, tmp_path, name, content):
    tiny = tiny_of("classification")
    model = SavedModel(
        model=tiny.model,
        training=tiny.training,
        task=tiny.data.task,
        encoding=tiny.data.encoding,
        weights=WEIGHTS,
    )
    write_model(tmp_path, model, about={})
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=name):
        read_model(tmp_path)


@pytest.mark.parametrize(
    ("section", "changes"),
    [
        ("model", {"hidden_size": "wide"}),
        ("model", {"heads": 5}),
        ("model", {"wings": 2}),
        ("training", None),
        ("task", {"inputs": None, "kind": None, "horizont": 1}),
        ("encoding", {"labels": 3}),
    ],
)
def test_a_config_that_makes_no_model_is_refused(saved, tmp_path, section, changes):
    write_model(tmp_path, saved, about={})
    config = read_config(tmp_path)
    config[section] = changes and {**config[section], **changes}
    write_config(tmp_path, config)
    with pytest.raises(CheckpointError):
        read_model(tmp_path)
