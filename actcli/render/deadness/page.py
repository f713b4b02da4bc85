"""The report on dead units as one HTML file: verdict, layers, firing rates, maps of the worst layers, units."""

from collections.abc import Sequence

from actcli.analysis.deadness.report import Report
from actcli.analysis.deadness.verdict import CLASSES, DEAD, LayerVerdict
from actcli.analysis.pruning.result import Pruning
from actcli.render.deadness.change import change_lines
from actcli.render.deadness.findings import Findings
from actcli.render.deadness.map import rate_counts, rate_levels
from actcli.render.deadness.proof.table import TITLE as PROVED_TITLE
from actcli.render.deadness.proof.table import proof_rows
from actcli.render.deadness.pruned import HEADINGS as PRUNED_HEADINGS
from actcli.render.deadness.pruned import TITLE as PRUNED_TITLE
from actcli.render.deadness.pruned import pruning_rows
from actcli.render.deadness.table import layer_rows
from actcli.render.deadness.unit_table import HEADINGS, unit_rows
from actcli.render.deadness.verdict import verdict
from actcli.render.deadness.wording import percent, samples_text
from actcli.render.figure.html_page import html_page, html_table, html_text, key, name_html, section
from actcli.render.figure.svg import heat_svg, histogram_svg
from actcli.render.text.notation import quantity, thousands

MOST_LAYERS = 40
"""Rows of the firing rates and of the table; CSV has all."""
_MOST_MAPS, _MOST_CELLS, _ACROSS = 8, 2048, 64
_MOST_UNITS = 300
_RATE_CELLS = 34
_GOOD, _BAD, _WARN = "good", "bad", "warn"
_BADGES = {
    "fine": (_GOOD, "within the limit"),
    "found": (_BAD, "above the limit"),
    "not enough data": (_WARN, "not enough data"),
    "newly dead": (_BAD, "newly dead units"),
    "not observed": (_BAD, "not observed"),
    "dead units": (_WARN, "dead units"),
    "NaN or inf": (_BAD, "NaN or inf"),
    "nothing observed": (_WARN, "nothing observed"),
    "no dead unit": (_GOOD, "no dead unit"),
}
"""The class and the words of the badge, by status."""
_KEY = (
    ("dead", "dead"), ("broken", "NaN or inf"), ("h0", "never, but not dead"), ("h1", "up to 25 %"),
    ("h2", "up to 50 %"), ("h3", "up to 75 %"), ("h4", "up to 100 % of the samples"),
)  # fmt: skip


def report_page(findings: Findings) -> str:
    """Return the whole page, which loads nothing from elsewhere."""
    sentences = verdict(findings)
    body = report_head(findings, sentences) + report_parts(findings) + report_foot(findings)
    return html_page(f"Dead units: {_BADGES[findings.status][1]}", body)


def report_head(findings: Findings, sentences: Sequence[str], facts: Sequence[tuple[str, str]] = ()) -> str:
    """Return the verdict and the numbers that a reader looks for first; `facts` stand before the others."""
    report = findings.report
    kind, words = _BADGES[findings.status]
    if any(layer.nonfinite for layer in report.layers) and findings.status == "found":
        kind, words = _BAD, "fails"
    lead, *more = sentences
    shown = [
        *facts,
        (thousands(report.dead), "dead unit" if report.dead == 1 else "dead units"),
        (f"{percent(report.dead_share)} %", f"of {quantity(report.units, 'unit')}"),
        (thousands(len(report.layers)), "layer" if len(report.layers) == 1 else "layers"),
        (samples_text(report.layers).rpartition(" ")[0], "samples"),
    ]
    items = "".join(
        f"<li><b>{html_text(value)}</b><span>{html_text(name)}</span></li>" for value, name in shown
    )
    paragraphs = "".join(f"<p>{html_text(sentence)}</p>\n" for sentence in more)
    return (
        f'<h1>actcli deadcheck</h1>\n<span class="badge {kind}">{html_text(words)}</span>\n'
        f'<p class="lead">{html_text(lead)}</p>\n{paragraphs}<ul class="facts">{items}</ul>\n'
    )


def report_parts(findings: Findings) -> str:
    """Return the sections about the layers and their units."""
    report = findings.report
    if not report.layers:
        return _not_observed(report)
    worst = sorted(report.layers, key=lambda layer: (-layer.dead_share, -layer.nonfinite))
    dead = [layer for layer in worst if layer.dead or layer.nonfinite]
    return "".join(
        (
            section("Layers", _layer_table(report)),
            section(
                "How many units fire on which share of the samples", _rates(worst), _more(worst, MOST_LAYERS)
            ),
            section("Units of the worst layers", _maps(dead or worst[:1]), _more(dead, _MOST_MAPS)),
            section("Units that are not alive", _unit_tables(worst)),
            _not_observed(report),
            *(() if findings.proof is None else (section(PROVED_TITLE, _proof_table(findings)),)),
            *(() if findings.pruning is None else (section(PRUNED_TITLE, _pruned_table(findings.pruning)),)),
            section(
                "Against the earlier statistics",
                *(
                    f"<p>{html_text(line)}</p>\n"
                    for line in (() if report.change is None else change_lines(report.change))
                ),
            ),
        )
    )


def report_foot(findings: Findings) -> str:
    """Return what the numbers rest on."""
    settings = findings.report.settings
    text = (
        f"Confidence {percent(settings.confidence)} %; a unit that fires on less than "
        f"{percent(settings.rare)} % of the samples is rare. A unit is dead when it fires on no sample: its "
        "activation then passes no gradient."
    )
    return f"<footer>{html_text(text)}</footer>\n"


def _layer_table(report: Report) -> str:
    head, *rows = layer_rows(report)
    order = sorted(range(len(rows)), key=lambda i: -report.layers[i].dead_share)
    kept = [i for i, name in enumerate(head) if i < 2 or any(row[i] not in {"0", "–"} for row in rows)]
    table = [[row[i] for i in kept] for row in (head, *(rows[i] for i in order[:MOST_LAYERS]))]
    alarming = [
        place for place, i in enumerate(kept) if head[i] in {"silent", "gate-dead", "dead %", "non-finite"}
    ]
    return html_table(table, left=(0, 1), alarming=alarming) + _more(rows, MOST_LAYERS)


def _rates(layers: Sequence[LayerVerdict]) -> str:
    """Return a small histogram per layer: never, equal parts between, always."""
    rows = []
    for layer in layers[:MOST_LAYERS]:
        counts = rate_counts(layer.firing_rates, _RATE_CELLS).tolist()
        title = f"{layer.name}: {counts[0]:,} never, {sum(counts[1:-1]):,} between, {counts[-1]:,} always"
        cells = [thousands(counts[0]), thousands(sum(counts[1:-1])), thousands(counts[-1])]
        kinds = ("alarm" if counts[0] else "zero", "", "" if counts[-1] else "zero")
        numbers = "".join(f'<td class="{kind}">{text}</td>' for text, kind in zip(cells, kinds, strict=True))
        picture = histogram_svg(counts, title)
        rows.append(f'<tr><td>{name_html(layer.name)}</td><td class="l">{picture}</td>{numbers}</tr>')
    head = '<tr><th>layer</th><th class="l">never … always</th><th>never</th><th>sometimes</th><th>always</th></tr>'
    return f'<div class="scroll"><table>{head}{"".join(rows)}</table></div>\n'


def _maps(layers: Sequence[LayerVerdict]) -> str:
    """Return the units of layers as squares in their order, shaded by how often they fire."""
    parts = [key(_KEY)]
    for layer in layers[:_MOST_MAPS]:
        names, titles = _cells(layer)
        rows = range(0, len(names), _ACROSS)
        picture = heat_svg(
            [names[at : at + _ACROSS] for at in rows],
            [titles[at : at + _ACROSS] for at in rows],
            f"{layer.name}: {layer.dead:,} of {layer.units:,} units are dead",
        )
        left = layer.units - len(names)
        more = f", the first {thousands(len(names))} are shown" if left else ""
        counts = f"{thousands(layer.dead)} of {quantity(layer.units, 'unit')} dead{more}"
        parts.append(
            f'<h3>{html_text(layer.name)} <span class="muted">{html_text(counts)}</span></h3>\n{picture}\n'
        )
    return "".join(parts)


def _cells(layer: LayerVerdict) -> tuple[list[str], list[str]]:
    """Return the class of each unit's square, and what a pointer shows."""
    names, titles = [], []
    levels, fired = rate_levels(layer), layer.state.fired
    for unit in range(min(layer.units, _MOST_CELLS)):
        kind = CLASSES[layer.classes[unit]]
        names.append("broken" if kind == "nonfinite" else "dead" if kind in DEAD else f"h{levels[unit]}")
        titles.append(f"unit {unit}: {kind}, fired on {int(fired[unit]):,} of {layer.samples:,}")
    return names, titles


def _unit_tables(layers: Sequence[LayerVerdict]) -> str:
    """Return a table of the units that are not alive, dead ones of the worst layers first."""
    rows: list[list[str]] = []
    total = 0
    head: list[str] = []
    for layer in layers:
        head, units = unit_rows(layer, most=_MOST_UNITS)
        total += layer.units - layer.counts["alive"]
        rows += [[layer.name, *row] for row in units[: _MOST_UNITS - len(rows)]]
    if not rows:
        return ""
    columns = ["layer", *head]
    kept = [i for i, name in enumerate(columns) if any(row[i] for row in rows)]
    left = [place for place, i in enumerate(kept) if columns[i] in {"layer", "class", "cause"}]
    headings = [HEADINGS.get(name, name) for name in columns]
    table = html_table([[row[i] for i in kept] for row in (headings, *rows)], left=left)
    note = f'<p class="muted">and {quantity(total - len(rows), "more unit")}; --format csv has all</p>\n'
    opened = " open" if total <= 20 else ""
    return (
        f"<details{opened}><summary>{html_text(quantity(total, 'unit'))}</summary>\n{table}"
        f"{note if total > len(rows) else ''}</details>\n"
    )


def _pruned_table(pruning: Pruning) -> str:
    return html_table([list(PRUNED_HEADINGS), *pruning_rows(pruning)], left=(0, 4)) if pruning.layers else ""


def _proof_table(findings: Findings) -> str:
    layers = findings.report.layers
    ops = {layer.name: layer.op for layer in layers}
    return "" if findings.proof is None else html_table(proof_rows(findings.proof, ops, layers), left=(0, 1))


def _not_observed(report: Report) -> str:
    rows = [[one.name, one.op, one.reason] for one in report.unobserved]
    return (
        section("Not observed", html_table([["activation", "op", "reason"], *rows], left=(0, 1, 2)))
        if rows
        else ""
    )


def _more(rows: Sequence[object], most: int) -> str:
    left = len(rows) - most
    return (
        f'<p class="muted">and {quantity(left, "more layer")}; --format csv has all</p>\n' if left > 0 else ""
    )
