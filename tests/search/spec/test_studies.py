from pathlib import Path

import pytest

from lstm_attn.data import prepare
from search import spec

ALL = {"attention", "embed", "ffn", "embed_ffn", "lstm"}
FLOATS = {"attention", "ffn", "lstm"}


@pytest.mark.parametrize(
    ("name", "inputs", "outputs", "variants"),
    [
        ("japanese_vowels", 12, 9, FLOATS),
        ("quickstart", None, None, ALL),
        ("seattle_weather", 6, 7, FLOATS),
        ("shakespeare", None, None, {"embed_ffn", "lstm"}),
    ],
)
def test_a_shipped_study_goes_with_its_data_and_its_corners_build(name, inputs, outputs, variants):
    file = spec.load(Path("studies") / f"{name}.toml")
    data = prepare(file.data, file.task)
    space = spec.resolve(file, data, gpus=True).space
    characters = data.input_size if data.tokens else None
    assert space.facts.input_size == (inputs or characters)
    assert space.facts.output_size == (outputs or characters)
    assert set(space.variants) == variants
