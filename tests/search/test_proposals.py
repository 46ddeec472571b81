import math
from collections.abc import Callable
from typing import Any

import pytest

from search.space import FloatRange


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_range_between_neighbouring_floats_is_used_up(
    make_desk: Callable[..., Any], sampler: str
) -> None:
    narrow = FloatRange(low=0.001, high=math.nextafter(0.001, 1.0))
    ledger = make_desk(domains={"learning_rate": narrow}, sampler=sampler).open()
    asked = [ledger.ask() for _ in range(3)]
    assert asked[0] is not None
    assert asked[-1] is None
    assert ledger.exhausted
