"""Trials whose names and words are text in plotly, which takes some HTML, whatever they are."""

import html
from collections.abc import Sequence
from dataclasses import replace

from search.domains import Choice
from search.picked import Pick
from search.records import Params, TrialSummary, Value
from search.report.facts import Report
from search.space import Space


def plain(text: str) -> str:
    """Write a text so that plotly shows it as it is."""
    return html.escape(text)


def pick(report: Report, shown: Sequence[TrialSummary]) -> Pick:
    """Let Optuna look at trials, all their texts plain.

    Arguments:
        report: of their study.
        shown: the trials.
    """
    space = report.spec.space
    domains = {
        plain(name): Choice(values=tuple(map(_value, domain.values)))
        if isinstance(domain, Choice)
        else domain
        for name, domain in space.domains.items()
    }
    trials = tuple(replace(trial, params=_params(trial.params, space)) for trial in shown)
    return Pick(report.study, replace(space, domains=domains), trials)


def _params(params: Params, space: Space) -> Params:
    return {plain(name): _value(value) for name, value in params.items() if name in space.domains}


def _value(value: Value) -> Value:
    return plain(value) if isinstance(value, str) else value
