"""What happens in a launch, in words."""

from collections.abc import Callable

from search.records import TrialSummary
from search.render import telling

Trial = Callable[..., TrialSummary]


def test_how_a_trial_ended_is_said_once(make_trial: Trial) -> None:
    pruned = make_trial(7, 2.414, state="pruned", best_epoch=3, reason="pruned at epoch 3")
    assert telling.told(pruned) == "trial 7 pruned at epoch 3: 2.414 at epoch 3 (12 s)"
    earlier = make_trial(7, 2.414, state="pruned", best_epoch=2, reason="pruned at epoch 3")
    assert telling.told(earlier) == "trial 7 pruned at epoch 3: 2.414 at epoch 2 (12 s)"
    other = make_trial(7, 2.414, state="pruned", best_epoch=2, reason="epoch 3: loss nan")
    assert telling.told(other) == "trial 7 pruned: 2.414 at epoch 2 (12 s) - epoch 3: loss nan"
