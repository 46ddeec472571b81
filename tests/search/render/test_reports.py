"""Reports of check, replay, export and score, as text."""

import re
from collections.abc import Callable, Mapping

import pytest

from search.records import Against, CheckReport, Exported, ModelCost, ReplayedEpoch, StudySummary
from search.render import reports
from search.verdict import same

Print = Callable[..., str]


def report_of(study: StudySummary, points: int | None) -> CheckReport:
    return CheckReport(
        name="vowels",
        task="classification",
        objective="accuracy",
        data={"training rows": 216, "longest": "26 steps", "share": 0.12345678},
        baselines=study.baselines,
        dimensions={"variant": "attention, ffn or lstm", "dropout": "0 to 0.5"},
        points=points,
        trials=40,
        epochs=50,
        smallest=ModelCost(params={"variant": "lstm"}, parameters=1234, epoch_seconds=0.12),
        largest=ModelCost(
            params={"variant": "ffn", "hidden_size": 256, "layers": 2, "learning_rate": 1e-3},
            parameters=1_234_567,
            epoch_seconds=3.4,
        ),
        hours=1.5,
        slots=2,
    )


@pytest.mark.parametrize(("points", "words"), [(1, "1 configuration"), (None, "a continuum")])
def test_a_check_says_what_there_is_and_what_it_costs(
    points: int | None, words: str, make_study: Callable[..., StudySummary], printed: Print
) -> None:
    text = printed(reports.check(report_of(make_study(), points)))
    assert max(map(len, text.splitlines())) <= 80
    assert "accuracy (higher is better)" in text
    assert words in text
    assert re.search(r"training rows +216", text)
    assert re.search(r"logistic regression \(strong\) +0\.9861", text)
    assert re.search(r"smallest +1,234 +0\.12 s", text)
    assert re.search(r"largest +1,234,567 +3 s", text)
    assert "40 trials of up to 50 epochs, 2 at a time: about 90 min" in text


def test_a_replay_says_whether_all_is_the_same_to_the_last_bit(printed: Print) -> None:
    first = ReplayedEpoch(epoch=1, recorded=0.5, replayed=0.5)
    close = ReplayedEpoch(epoch=2, recorded=0.6, replayed=0.6 + 1e-16)
    assert same([first])
    assert not same([first, close])
    assert "1 epoch replayed, the same to the last bit" in printed(reports.replayed("x", [first]))
    text = printed(reports.replayed("x", [first, close]))
    assert "1 of 2 epochs came out otherwise, epoch 2 first" in text
    assert "1.1e-16" in text


BEATEN = Against(baseline="ridge", score=0.93, beaten=True)
MISSED = Against(baseline="ridge", score=0.97, beaten=False)


@pytest.mark.parametrize(
    ("against", "words"),
    [
        (
            {"validation": BEATEN, "test": MISSED},
            "ridge (0.9300) is beaten on validation rows; ridge (0.9700) is not beaten on test",
        ),
        ({"validation": BEATEN}, "ridge (0.9300) is beaten on validation rows"),
        ({}, ""),
    ],
)
def test_an_export_shows_its_scores(
    against: Mapping[str, Against], words: str, printed: Print
) -> None:
    export = Exported(
        number=7,
        folder="exports/" + "deep/" * 20 + "vowels",
        objective="accuracy",
        recorded=0.95,
        verified=0.95001,
        validation={"accuracy": 0.9512},
        test={"accuracy": 0.94},
        test_interval=(0.91, 0.96),
        against_strong=against,
    )
    text = printed(reports.exported([export]))
    assert export.folder in "".join(text.split())
    assert "0.9400 (95%: 0.9100 to 0.9600)" in text
    assert words in " ".join(text.split())
    assert ("strong baseline" in text) == bool(words)


def test_scores_stand_below_each_other(printed: Print) -> None:
    text = printed(reports.scores({"mae": 2.77123, "rmse": float("nan")}))
    assert re.fullmatch(r"mae +2\.771 *\nrmse +- *\n", text)
