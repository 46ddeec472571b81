"""A report as one file of HTML that needs nothing else: no network, no other file.

Whatever comes from a study passes `escape`.
"""

from collections.abc import Iterable
from html import escape

from search.report import figures, tables
from search.report.facts import Report
from search.report.look import DRAW, POLICY, STYLE
from search.report.plots import Plot, plots
from search.verdict import going
from search.words import capital

PHONE = 400
"""Pixels of a narrow screen."""


def page(report: Report) -> str:
    """Write the page."""
    drawn = plots(report)
    sections = [
        ("summary", "Summary", tables.summary(report)),
        *((plot.name, plot.title, _plot(plot)) for plot in drawn),
        *([("best", "The best trials", ranked)] if (ranked := tables.best(report)) else []),
        *([("failures", "Failures", failed)] if (failed := tables.failures(report)) else []),
        ("data", "Data and baselines", tables.data(report)),
        ("again", "How to do it again", tables.again(report)),
    ]
    name = escape(report.study.name)
    links = " ".join(f'<a href="#{id_}">{escape(title)}</a>' for id_, title, _ in sections)
    bodies = "\n".join(
        f'<section id="{id_}">\n<h2>{escape(title)}</h2>\n{body}\n</section>'
        for id_, title, body in sections
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">
<meta name="referrer" content="no-referrer">
<title>{name}</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>{name}</h1>
<p class="soft">{escape(_standing(report))}</p>
</header>
<nav>{links}</nav>
<main>
{bodies}
</main>
{_program(drawn)}
</body>
</html>
"""


def _standing(report: Report) -> str:
    """Say what the study is, whether it runs, and when this was."""
    when = f"{report.written:%Y-%m-%d %H:%M} UTC"
    return f"{capital(report.study.task)}. {capital(going(report.study))}. As of {when}."


def _plot(plot: Plot) -> str:
    said = "\n".join(f"<p>{escape(sentence)}</p>" for sentence in plot.said)
    if not plot.figure:
        return said
    size = f"height: {plot.height}px; min-width: {plot.width}px"
    if plot.width > PHONE:
        said += '\n<p class="sideways">It is wider than the screen: push it sideways.</p>'
    return f"""{said}
<figure class="wide">
<div class="plot" style="{size}" data-figure="{plot.name}-data"></div>
<script type="application/json" id="{plot.name}-data">{plot.figure}</script>
</figure>"""


def _program(drawn: Iterable[Plot]) -> str:
    """Put plotly.js into the page, once, where anything is drawn."""
    if not any(plot.figure for plot in drawn):
        return ""
    return f"""<noscript><p>Plots are drawn by a program in this page, which is off.</p></noscript>
<script>{figures.program()}</script>
<script>{DRAW}</script>"""
