"""What stands at an axis of parallel coordinates is a value of the trials, and can be read."""

import itertools
import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from search.report import figures
from search.report.axes import decades
from search.report.marks import marks
from search.space import Choice, FloatRange, IntRange
from tests.search.conftest import spec_of
from tests.search.made_up import report_of, searched, study_of, trial_of

DOMAINS = {
    "variant": Choice(values=("embed_ffn", "lstm")),
    "heads": Choice(values=(1, 2, 4, 8)),
    "layers": IntRange(low=1, high=9),
    "batch_size": IntRange(low=1024, high=16384, log=True),
    "hidden_size": IntRange(low=8, high=2048, step=8),
    "learning_rate": FloatRange(low=1e-5, high=1.0, log=True),
}


def drawn(count: int) -> tuple[Any, list[dict[str, Any]]]:
    """Draw trials all over the space; gives the figure and what each tries, its score first."""
    points = []
    for n in range(count):
        share = n / max(1, count - 1)
        point: dict[str, Any] = {"variant": ("lstm", "embed_ffn")[n % 2]}
        if point["variant"] == "embed_ffn":
            point["heads"] = 2 ** (n % 4)
        point["layers"] = 1 + n % 9
        point["batch_size"] = round(1024 * 16**share)
        point["hidden_size"] = 8 * (1 + (n * 37) % 256)
        point["learning_rate"] = 10 ** (-5 * share)
        points.append(point)
    study = study_of(*(trial_of(n, 10000.0 + n, params=one) for n, one in enumerate(points)))
    figure = json.loads(figures.parallel(report_of(study, spec_of(domains=DOMAINS)), study.leaders))
    return figure, [{"cross_entropy": 10000.0 + n, **one} for n, one in enumerate(points)]


def at_axes(figure: Any) -> dict[str, list[tuple[float, str]]]:
    titles = figure["layout"]["xaxis"]["ticktext"]
    found: dict[str, list[tuple[float, str]]] = {title: [] for title in titles}
    for mark in figure["layout"]["annotations"]:
        found[titles[mark["x"]]].append((mark["y"], mark["text"]))
    return {title: sorted(one) for title, one in found.items()}


@pytest.mark.parametrize("count", [1, 2, 5, 40, 140])
def test_no_number_is_written_with_an_exponent_that_needs_none(count: int) -> None:
    figure, _ = drawn(count)
    texts = [text for axis in at_axes(figure).values() for _, text in axis]
    texts += [text for line in figure["data"][:-1] for _, text in line["customdata"]]
    assert not [text for text in texts if "e+" in text]


def test_the_ends_of_a_logarithmic_axis_of_whole_numbers_are_exact() -> None:
    axes = at_axes(drawn(140)[0])
    assert [axes["batch_size"][place][1] for place in (0, -1)] == ["1024", "16384"]
    assert [text for _, text in axes["learning_rate"]] == [
        "1e-05", "0.0001", "0.001", "0.01", "0.1", "1",
    ]  # fmt: skip
    assert all(text == "none" or text.isdecimal() for text in dict(axes["hidden_size"]).values())
    assert [text for _, text in axes["cross_entropy"]][::4] == ["10000", "10139"]


def test_a_mark_lies_where_a_line_with_its_value_passes() -> None:
    figure, points = drawn(140)
    axes = at_axes(figure)
    titles = list(axes)
    for line in figure["data"][:-1]:
        assert [title for title, _ in line["customdata"]] == titles
        said = dict(line["customdata"])
        assert {name for name, text in said.items() if text == "none"} <= {"heads"}
        [point] = [one for one in points if f"{one['cross_entropy']:.0f}" == said["cross_entropy"]]
        assert said["hidden_size"] == str(point["hidden_size"])
        for axis, title in enumerate(titles):
            for place, text in axes[title]:
                if text == said[title] and title not in ("learning_rate", "cross_entropy"):
                    assert math.isclose(place, line["y"][axis], abs_tol=1e-9), (title, text)


def test_scores_read_as_they_do_in_tables_and_shares_as_percent() -> None:
    study = searched(lambda one: float(one["hidden_size"]), count=40)
    report = report_of(study)
    figure = json.loads(figures.parallel(report, report.ended))
    [worst, *_, best] = at_axes(figure)["cross_entropy"]
    assert (worst[1], best[1]) == ("8.000", "16.00")
    assert {line["customdata"][0][1] for line in figure["data"][:-1]} == {"8.000", "12.00", "16.00"}
    bars = json.loads(figures.importance(report))
    assert bars["data"][0]["texttemplate"] == "%{x:.1%}"
    assert bars["layout"]["xaxis"]["tickformat"] == ".0%"


@given(st.integers(1, 10**6), st.integers(21, 10**6))
@example(35_000, 628)
def test_an_axis_of_sizes_has_some_marks_and_room_for_them(low: int, times: int) -> None:
    high = low * times
    found = decades(low, high)
    assert found
    assert all(low <= mark <= high for mark in found)
    pixels = 280 / math.log10(times)  # of a decade, on a phone
    gaps = [pixels * math.log10(b / a) for a, b in itertools.pairwise(found)]
    assert all(gap > 30 for gap in gaps)  # of four letters


def test_sizes_far_apart_are_marked_on_a_logarithmic_axis() -> None:
    trials = [trial_of(n, 1.0 + n, parameters=size) for n, size in enumerate((3_000, 150_000))]
    report = report_of(study_of(*trials))
    axis = json.loads(figures.front(report, report.ended, report.ended, None))["layout"]["xaxis"]
    assert (axis["type"], axis["tickvals"]) == ("log", [5000, 10000, 20000, 50000, 100000])


def test_one_trial_alone_is_all_that_an_axis_names() -> None:
    report = report_of(study_of(trial_of(3, 1.0, parameters=2_698_250)))
    history = json.loads(figures.history(report, report.ended, None))["layout"]["xaxis"]
    assert history["tickvals"] == [3]
    front = json.loads(figures.front(report, report.ended, report.ended, None))["layout"]["xaxis"]
    assert (front["tickvals"], front["tickformat"]) == ([2_698_250], ".3~s")


def test_lines_of_equal_scores_have_one_colour() -> None:
    study = searched(lambda one: float(one["hidden_size"]), count=40)
    figure = json.loads(figures.parallel(report_of(study), study.leaders))
    looks = {(line["customdata"][0][1], line["line"]["color"]) for line in figure["data"][:-1]}
    assert sorted(score for score, _ in looks) == ["12.00", "16.00", "8.000"]
    assert len({colour for _, colour in looks}) == 3
    assert [score for score, colour in looks if colour.startswith("rgb(224")] == ["8.000"]


def test_a_whole_number_is_written_where_it_lies() -> None:
    found = {place / 7: place + 1 for place in range(8)}
    ticks = [(0.0, "1"), (0.25, "2.75"), (0.5, "4.5"), (0.75, "6.25"), (1.0, "8")]
    assert sorted(marks(ticks, found, log=False)) == [
        (0.0, "1"), (2 / 7, "3"), (3 / 7, "4"), (5 / 7, "6"), (1.0, "8"),
    ]  # fmt: skip
