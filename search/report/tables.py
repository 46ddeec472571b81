"""What a report says in words and tables, as HTML."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from search.report.facts import Report
from search.verdict import baselines_in_words, best_default, no_leader, verdict
from search.versions import Versions
from search.words import (
    NOTHING,
    STATES,
    count,
    listed,
    number,
    out_of,
    place,
    seconds,
    sense,
    setting,
    settings,
    standing,
)

REASONS = 10
"""The most different reasons of failures that are shown."""


def summary(report: Report) -> str:
    """Say what was searched, what was found, beside what, and how far it is."""
    study = report.study
    default, strong = best_default(study), study.strong
    counted = listed([f"{study.count(state):,} {state}" for state in STATES])
    running = study.count("running")
    is_run = study.owner is not None
    going = "" if not running else f"; {running} running" if is_run else f"; {running} to go on"
    best = study.leaders[0] if study.leaders else None
    facts = {
        "objective": f"{study.objective} ({sense(study.direction)})",
        "best": f"{number(best.value)} ({place(best, is_run=is_run)})"
        if best
        else no_leader(study),
        "its other metrics": _others(report),
        "best default": f"{number(default.value)} ({place(default, is_run=is_run)})"
        if default
        else "",
        "beside the best default": _beside(report, default.value if default else None),
        "baselines": baselines_in_words(study.baselines, study.objective) or "none",
        "beside the strong baseline": _beside(
            report, strong.validation[study.objective] if strong else None
        ),
        "finished": f"{out_of(study.finished, study.budget)}: {counted}{going}",
        "epochs": _epochs(report),
        "queue": f"{study.queued.state}, {study.queued.reason}".rstrip(", ")
        if study.queued
        else "",
    }
    said = verdict(study)
    return _pairs(facts) + (f'\n<p class="verdict">{escape(said)}</p>' if said else "")


def best(report: Report) -> str:
    """Show the best trials, beside the defaults that are not among them; empty where none is."""
    study = report.study
    if not study.leaders:
        return ""
    shown = report.best
    rest = [trial for trial in study.leaders[len(shown) :] if trial.default]
    head = ["", "trial", study.objective, "epoch", "weights", "time", "state", "configuration"]
    ranks = {trial.number: f"{rank}." for rank, trial in enumerate(shown, start=1)}
    rows = [
        [
            ranks.get(trial.number, ""),
            f"{trial.number}{' (default)' if trial.default else ''}",
            number(trial.value),
            str(trial.best_epoch),
            f"{report.weights[trial.number]:,}" if trial.number in report.weights else NOTHING,
            seconds(trial.seconds),
            standing(trial, is_run=study.owner is not None),
            settings(trial.params),
        ]
        for trial in [*shown, *rest]
    ]
    all_of = (
        f"{count(len(study.leaders), 'trial')} that {'has' if len(study.leaders) == 1 else 'have'}"
    )
    some = "" if len(shown) == len(study.leaders) else f"The {len(shown)} best of "
    said = f"{some}{all_of} ended an epoch, of any state."
    if rest:
        said += f" Below them, {'a default' if len(rest) == 1 else 'the other defaults'}."
    return f"<p>{said}</p>\n{_table(head, rows, numbers=range(2, 6), long=(7,))}"


def failures(report: Report) -> str:
    """Show why trials failed, the most frequent reason first; empty where none has."""
    reasons = report.failures
    if not reasons:
        return ""
    rows = [[f"{times:,}", reason] for reason, times in list(reasons.items())[:REASONS]]
    more = len(reasons) - len(rows)
    said = f"\n<p>And {count(more, 'other reason')}.</p>" if more else ""
    return _table(["trials", "reason"], rows, numbers=(0,), long=(1,)) + said


def data(report: Report) -> str:
    """Say what was read, and what models that are no networks score on it."""
    study = report.study
    facts = {
        name: f"{value:,}" if isinstance(value, int) else setting(value)
        for name, value in report.data.items()
    }
    said = _pairs({**facts, "fingerprint": report.fingerprint})
    if not study.baselines:
        return f"{said}\n<p>No baseline was scored.</p>"
    rows = []
    metrics = sorted(study.baselines[0].validation, key=lambda name: name != study.objective)
    for one in study.baselines:
        for where, scores in (("validation", one.validation), ("test", one.test)):
            if scores is not None:
                name = f"{one.name}{' (strong)' if one.strong else ''}"
                rows.append([name, where, *(number(scores.get(metric)) for metric in metrics)])
    head = ["baseline", "rows", *metrics]
    return f"{said}\n{_table(head, rows, numbers=range(2, len(head)))}"


def again(report: Report) -> str:
    """Say how to repeat the study: its file, seed, versions, commands."""
    spec = report.spec
    facts = {
        "seed": str(spec.seed),
        "sampler, pruner": f"{spec.sampler}, {spec.pruner}",
        "trained with": "; then ".join(map(_versions, report.versions)) or "not recorded",
        "database": report.database,
    }
    commands = "\n".join(f"# {does}\n{line}" for does, line in report.commands.items())
    return f"""{_pairs(facts)}
<p>The study file, its paths absolute; save it as <code>{escape(report.study.name)}.toml</code>:</p>
<pre>{escape(report.file)}</pre>
<p>With one slot a study comes out as it did, to the last bit, on the same kind of processor; with
several, each of its trials does.</p>
<pre>{escape(commands)}</pre>"""


def _versions(known: Versions) -> str:
    return ", ".join(f"{name} {one}" for name, one in known.items())


def _beside(report: Report, other: float | None) -> str:
    """Say how much better or worse the best trial is than something else; nothing without."""
    study = report.study
    if other is None or not study.leaders or study.leaders[0].value in (None, other):
        return ""
    value = study.leaders[0].value
    assert value is not None
    return f"{number(abs(value - other))} {'better' if study.better(value, other) else 'worse'}"


def _others(report: Report) -> str:
    """List the metrics of the best trial beside the objective."""
    metrics = report.study.leaders[0].metrics if report.study.leaders else {}
    others = {name: one for name, one in metrics.items() if name != report.study.objective}
    return ", ".join(f"{name} {number(one)}" for name, one in others.items())


def _epochs(report: Report) -> str:
    """Say how many epochs were trained, of how many without pruning."""
    trained = sum(max(trial.curve, default=0) for trial in report.study.trials)
    whole = len(report.study.trials) * report.spec.epochs
    return f"{trained:,} trained, at most {report.spec.epochs} a trial" + (
        f"; {trained / whole:.0%} of what all trials could have taken" if whole else ""
    )


def _pairs(facts: Mapping[str, str]) -> str:
    """Lay names and what is said of them side by side; what is empty is left out."""
    lines = (
        f"<dt>{escape(name)}</dt><dd>{escape(said)}</dd>" for name, said in facts.items() if said
    )
    return "<dl>\n" + "\n".join(lines) + "\n</dl>"


def _table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: Iterable[int] = (),
    long: Iterable[int] = (),
) -> str:
    """Write a table.

    Arguments:
        head: titles.
        rows: cells, one for each title.
        numbers: columns whose cells end at the right.
        long: columns whose cells may take several lines.
    """
    kinds = {**dict.fromkeys(numbers, ' class="number"'), **dict.fromkeys(long, ' class="long"')}

    def cells(tag: str, texts: Sequence[str]) -> str:
        titles = [
            f' data-title="{escape(title)}"' if tag == "td" and title else "" for title in head
        ]
        return "".join(
            f"<{tag}{kinds.get(place, '')}{titles[place]}>{escape(text)}</{tag}>"
            for place, text in enumerate(texts)
        )

    body = "\n".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return (
        f'<div class="wide">\n<table>\n<thead><tr>{cells("th", head)}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table>\n</div>"
    )
