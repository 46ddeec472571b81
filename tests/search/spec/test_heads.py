"""Heads and hidden sizes that do not go together, and their lines."""

import pytest

CASES = [
    (
        {"space": {"heads": [1, 3], "hidden_size": 64}},
        "space.heads: 3 does not divide hidden_size 64 - use 1, 2, 4 or 8",
    ),
    (
        {"space": {"heads": 4, "hidden_size": [32, 34, 44, 50]}},
        "space.heads: 4 does not divide hidden_size 34 and 50 - use 1 or 2",
    ),
    (
        {"space": {"heads": 5, "hidden_size": {"low": 32, "high": 128, "step": 16}}},
        "space.heads: 5 does not divide hidden_size 32, 48, 64 and 3 more - use 1, 2, 4 or 8",
    ),
    (
        {"space": {"heads": [2, 3], "hidden_size": {"low": 32, "high": 96}}},
        "space.hidden_size.low: 32 is not a multiple of 6 (heads 2 and 3) - use 30 or 36",
    ),
    (
        {"space": {"heads": 8, "hidden_size": {"low": 4, "high": 64}}},
        "space.hidden_size.low: 4 is not a multiple of 8 (heads 8) - use 8",
    ),
    (
        {"space": {"heads": [2], "hidden_size": {"low": 32, "high": 64, "log": True}}},
        "space.hidden_size: log takes every size from 32 to 64, and heads 2 divide only some",
    ),
    (
        {"space": {"hidden_size": {"low": 32, "high": 256, "log": True}}},
        (
            "32 to 256, and heads 1, 2, 4 and 8 divide only some - leave log out, "
            "list sizes, or use heads = 1"
        ),
    ),
    (
        {"space": {"heads": [97, 101, 103]}},
        (
            "space.heads: 97, 101 and 103 together divide no hidden_size up to 8,192 - "
            "list fewer, such as 97"
        ),
    ),
    (
        {"space": {"heads": {"low": 1, "high": 128}}},
        (
            "space.heads: 1, 2, 3 and 125 more together divide no hidden_size up to 8,192 - "
            "list fewer, such as 1, 2, 3 and 4"
        ),
    ),
    (
        {"space": {"heads": 2, "hidden_size": {"low": 32, "high": 64, "step": 1}}},
        "space.heads: 2 does not divide hidden_size 33, 35, 37 and 13 more - use 1",
    ),
]


@pytest.mark.parametrize(("sections", "line"), CASES, ids=lambda _: "")
def test_heads_that_clash_have_their_line_and_no_other(tree, write, problems, sections, line):
    [found] = problems(write(tree(**sections)))
    assert line in found


def test_heads_without_a_common_multiple_in_reach_should_be_fewer(tree, write, problems):
    space = {"heads": {"low": 1, "high": 16}, "hidden_size": {"low": 32, "high": 64}}
    assert problems(write(tree(space=space))) == [
        f"space.hidden_size.{end} is not a multiple of 720720 (heads 1, 2, 3 and 13 more) - "
        "list fewer heads"
        for end in ("low: 32", "high: 64")
    ]
