"""How the page looks, and what draws its plots: one stylesheet, one short program."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1c2128; --soft: #57606a; --line: #d8dee4; --panel: #f6f8fa;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #14181d; --ink: #e3e8ee; --soft: #9aa5b1; --line: #333b44; --panel: #1c2229;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 66rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word;
}
h1 { margin: 0; font-size: 1.7rem; line-height: 1.2; }
h2 {
  margin: 2.5rem 0 .5rem; padding-top: .5rem; font-size: 1.2rem;
  border-top: 1px solid var(--line);
}
p { margin: .5rem 0; max-width: 54rem; }
.soft, .sideways, th { color: var(--soft); }
.verdict { font-weight: 600; }
nav { margin: 1rem 0; font-size: .9rem; }
nav a { color: inherit; margin-right: 1rem; display: inline-block; padding: .15rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.5rem; margin: 1rem 0; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .9rem .3rem 0; text-align: left; vertical-align: top; white-space: nowrap; }
tr { border-bottom: 1px solid var(--line); }
th { font-weight: 500; }
td.number, th.number { text-align: right; }
td.long { white-space: normal; min-width: 18rem; }
figure { margin: 0; }
.sideways { display: none; }
pre {
  background: var(--panel); padding: .8rem 1rem; overflow-x: auto;
  font: .85rem/1.5 ui-monospace, monospace; border-radius: .3rem;
}
code { font-family: ui-monospace, monospace; font-size: .9em; }
@media (max-width: 34rem) {
  .sideways { display: block; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; }
  thead { display: none; }
  tr { display: flex; flex-wrap: wrap; column-gap: .9rem; padding: .4rem 0; }
  td, td.long { padding: 0; min-width: 0; white-space: normal; overflow-wrap: anywhere; }
  td[data-title]::before { content: attr(data-title) " "; color: var(--soft); }
  td.long { flex-basis: 100%; }
  pre { white-space: pre-wrap; }
}
@media print {
  body { max-width: none; padding: 0; font-size: .85rem; }
  nav { display: none; }
  figure, tr, h2 { break-inside: avoid; }
  .wide { overflow: visible; }
  .plot { min-width: 0 !important; }
  td.long { white-space: normal; min-width: 0; }
  h2 { break-after: avoid; }
  pre { white-space: pre-wrap; }
}
"""
"""Paper and ink by what the reader's system prefers; plots take their colours from here."""

DRAW = """
(() => {
  const plots = [...document.querySelectorAll(".plot")];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const look = (layout) => {
    const of = getComputedStyle(document.documentElement);
    const names = ["--ink", "--line", "--paper"];
    const [ink, line, paper] = names.map((name) => of.getPropertyValue(name).trim());
    const found = { "font.color": ink, "font.family": "system-ui, sans-serif" };
    for (const axis of Object.keys(layout).filter((key) => /^[xy]axis/.test(key))) {
      Object.assign(found, {
        [axis + ".gridcolor"]: line, [axis + ".linecolor"]: line, [axis + ".zerolinecolor"]: line,
      });
    }
    for (const place of (layout.annotations || []).keys()) {
      found[`annotations[${place}].bgcolor`] = paper;
    }
    return found;
  };
  const settings = { responsive: true, displaylogo: false, displayModeBar: "hover",
    modeBarButtons: [["toImage", "resetScale2d"]] };
  const redress = () => plots.forEach((plot) => Plotly.relayout(plot, look(plot.layout)));
  for (const plot of plots) {
    const figure = JSON.parse(document.getElementById(plot.dataset.figure).textContent);
    Plotly.newPlot(plot, figure.data, figure.layout, settings)
      .then(() => Plotly.relayout(plot, look(plot.layout)))
      .then(() => { plot.dataset.drawn = "yes"; });
  }
  dark.addEventListener("change", redress);
  for (const event of ["beforeprint", "afterprint"]) {
    addEventListener(event, () => {
      redress();
      plots.forEach((plot) => Plotly.Plots.resize(plot));
    });
  }
})();
"""
"""Draws each figure beside its data, and again in other colours when those of the page change."""

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data: blob:; form-action 'none'; base-uri 'none'"
)
"""What the browser lets the page do: nothing leaves it, whatever a study's texts may hold."""
