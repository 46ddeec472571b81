"""How much each searched dimension has to do with being among the best trials of a study.

By PED-ANOVA: Watanabe et al., "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in
Arbitrary Subspaces" (2023), arXiv 2304.10255, as Optuna has it. It takes dimensions that only
some variants have, and a third of a second for 5,000 trials; fANOVA takes neither: it needs four
minutes for 2,000.
"""

import warnings
from collections.abc import Sequence

from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

from search.picked import Pick, worth
from search.records import Importance, StudySummary, TrialSummary
from search.space import Space
from search.words import count

METHOD = "PED-ANOVA"
"""What the shares are called after."""
ENOUGH = 5
"""Trials below which nothing is said; and trials that are to be among the best, if there are."""
BEST_SHARE = 0.1
"""Share of the trials that are the best, where there are enough; at most half of few."""
NO_EPOCH, NO_SCORE = "without an ended epoch", "without a finite score"
"""Why a trial is left out."""
NO_DIFFERENCE = "No parameter sets the best trials apart from the others."


def explained(study: StudySummary, space: Space) -> Importance:
    """Give each dimension's share in what sets the best trials apart, the largest first.

    Each trial that has ended an epoch counts, of any state, by its best epoch; those that were
    pruned are the ones that say what doesn't work.

    Arguments:
        study: the study as it stands.
        space: what it searches.
    """
    trials = worth(study)
    why = _unknown(trials, space)
    shares = {} if why else _shares(Pick(study, space, trials))
    left_out = {
        NO_EPOCH: len(study.trials) - len(study.leaders),
        NO_SCORE: len(study.leaders) - len(trials),
    }
    return Importance(
        shares=shares,
        by=METHOD,
        trials=len(trials),
        left_out={why: number for why, number in left_out.items() if number},
        why_none=why or ("" if shares else NO_DIFFERENCE),
    )


def unsaid(why: str) -> Importance:
    """Give an importance of which nothing can be said.

    Arguments:
        why: in a sentence.
    """
    return Importance(shares={}, by=METHOD, trials=0, left_out={}, why_none=why)


def _shares(pick: Pick) -> dict[str, float]:
    best = min(0.5, max(BEST_SHARE, ENOUGH / len(pick.get_trials())))
    with warnings.catch_warnings():
        # That a variant has few trials, or many are equal, makes shares rough, not wrong; and
        # sums that are to be nothing where nothing stands out can be had from it no other way.
        warnings.simplefilter("ignore")
        found = get_param_importances(
            pick,
            evaluator=PedAnovaImportanceEvaluator(target_quantile=best),
            normalize=False,
        )
    total = sum(found.values())
    shares = {name: float(value / total) for name, value in found.items() if total > 0}
    return dict(sorted(shares.items(), key=lambda item: (-item[1], item[0])))


def _unknown(trials: Sequence[TrialSummary], space: Space) -> str:
    """Say in a sentence why nothing is reckoned; empty where it can be."""
    if not space.domains:
        return "All parameters are fixed, so none is more important than another."
    if len(trials) < ENOUGH:
        have = f"{count(len(trials), 'trial')} {'has' if len(trials) == 1 else 'have'}"
        return (
            f"{have if trials else 'No trial has'} a score so far, and importance needs {ENOUGH}."
        )
    if len({trial.value for trial in trials}) == 1:
        return f"All {len(trials):,} trials have the same score, so no parameter made a difference."
    return ""
