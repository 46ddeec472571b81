"""What a study has come to, read from its trials in a database."""

from collections.abc import Iterator
from typing import Any

import pytest

from search.launch import _over
from search.records import Ending
from search.settings import Settings
from search.space import Choice, FloatRange
from tests.search.conftest import spec_of
from tests.search.gallery import Gallery

TWO = {"variant": Choice(values=("embed_ffn", "lstm")), "heads": Choice(values=(1, 2))}


@pytest.fixture
def gallery(on_sqlite: Settings) -> Iterator[Gallery]:
    made = Gallery(on_sqlite, spec_of(domains=TWO, trials=9))
    yield made
    made.close()


def put(gallery: Gallery, **params: Any) -> bool:
    """Put a trial of just these parameters into the study; tell whether all are tried now."""
    gallery.spec = spec_of(domains={name: TWO[name] for name in params}, trials=9)
    gallery.trial(1.0, **params)
    return gallery.archive.summary(gallery.study).exhausted


def test_a_study_is_exhausted_once_each_configuration_has_a_trial(gallery: Gallery) -> None:
    assert not gallery.archive.summary(gallery.study).exhausted
    assert not put(gallery, variant="embed_ffn", heads=1)
    assert not put(gallery, variant="embed_ffn", heads=1)  # as another program may add it
    assert not put(gallery, variant="lstm")
    assert _over(gallery.study, gallery.archive) is None
    assert put(gallery, variant="embed_ffn", heads=2)


def test_a_study_that_is_exhausted_needs_no_ray_to_say_so(gallery: Gallery) -> None:
    for params in ({"variant": "lstm"}, *({"variant": "embed_ffn", "heads": n} for n in (1, 2))):
        put(gallery, **params)
    over = _over(gallery.study, gallery.archive)
    assert over
    assert (over.ending, over.fresh) == (Ending.EXHAUSTED, False)


def test_a_continuum_is_never_exhausted(on_sqlite: Settings) -> None:
    spec = spec_of(domains={"learning_rate": FloatRange(low=1e-3, high=1e-2)})
    made = Gallery(on_sqlite, spec)
    made.trial(1.0)
    assert not made.archive.summary(made.study).exhausted
    made.close()
